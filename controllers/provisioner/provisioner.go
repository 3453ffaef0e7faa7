// Package provisioner makes local volumes for PersistentVolumeClaims: directories of the node on which the Pod runs, in the
// data directory. They keep their data over restarts of Pods and of the cluster. It makes a default StorageClass too,
// "standard", which waits for the first consumer.
//
// A volume is removed with its claim where the class says Delete, and left alone where it says Retain. The size that is
// asked for is not enforced, but a claim that could not fit on the disk is refused, as is any on a disk that is full. A claim
// that asks for more later gets it where its class allows expansion, which the default one does.
package provisioner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper"
	"k8s.io/kubernetes/pkg/volume/util/fs"
)

const (
	// Name is what a StorageClass names as its provisioner.
	Name = "podarium.io/local"
	// ClassName is the StorageClass that Run makes.
	ClassName = "standard"
	// volumesDir is where volumes are in a node's file system.
	volumesDir = "/var/lib/podarium/volumes"

	annProvisionedBy = "pv.kubernetes.io/provisioned-by"
	annProvisioner   = "volume.kubernetes.io/storage-provisioner"
	annSelectedNode  = "volume.kubernetes.io/selected-node"
)

// Options says what Run works with.
type Options struct {
	// Client may read claims, nodes and classes, make and delete PersistentVolumes, make a StorageClass and write events.
	Client kubernetes.Interface
	// NodeRoot gives the directory of the host that is the root of a node's file system.
	NodeRoot func(node string) string
}

type controller struct {
	o        Options
	claims   corelisters.PersistentVolumeClaimLister
	volumes  corelisters.PersistentVolumeLister
	nodes    corelisters.NodeLister
	classes  storagelisters.StorageClassLister
	recorder record.EventRecorder
	queue    workqueue.TypedRateLimitingInterface[item]
	// disk gives how many bytes are free for us on the disk of a directory, and how many there are.
	disk func(dir string) (available, capacity int64, err error)
}

func diskOf(dir string) (available, capacity int64, err error) {
	available, capacity, _, _, _, _, err = fs.Info(dir)
	return available, capacity, err
}

// item is a claim, or a volume where namespace is empty.
type item struct{ namespace, name string }

// Run works until ctx ends.
func Run(ctx context.Context, o Options) error {
	f := informers.NewSharedInformerFactory(o.Client, 0)
	b := record.NewBroadcaster(record.WithContext(ctx))
	defer b.Shutdown()
	b.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: o.Client.CoreV1().Events("")})
	c := &controller{
		o: o, disk: diskOf, claims: f.Core().V1().PersistentVolumeClaims().Lister(), volumes: f.Core().V1().PersistentVolumes().Lister(),
		nodes: f.Core().V1().Nodes().Lister(), classes: f.Storage().V1().StorageClasses().Lister(),
		recorder: b.NewRecorder(scheme.Scheme, corev1.EventSource{Component: Name}),
		queue:    workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[item](100*time.Millisecond, time.Minute)),
	}
	add := func(o any) {
		if m, ok := o.(metav1.Object); ok {
			c.queue.Add(item{m.GetNamespace(), m.GetName()})
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, n any) { add(n) }}
	for _, i := range []cache.SharedIndexInformer{f.Core().V1().PersistentVolumeClaims().Informer(), f.Core().V1().PersistentVolumes().Informer()} {
		if _, err := i.AddEventHandler(handler); err != nil {
			return err
		}
	}
	f.Core().V1().Nodes().Informer()
	f.Storage().V1().StorageClasses().Informer()
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	go c.ensureClass(ctx)
	context.AfterFunc(ctx, c.queue.ShutDown)
	for {
		it, stop := c.queue.Get()
		if stop {
			return nil
		}
		if err := c.sync(ctx, it); err != nil {
			klog.FromContext(ctx).V(2).Info("Volume is tried again", "namespace", it.namespace, "name", it.name, "err", err)
			c.queue.AddRateLimited(it)
		} else {
			c.queue.Forget(it)
		}
		c.queue.Done(it)
	}
}

// ensureClass makes the default StorageClass where there is none of that name; what a user has made of it stays.
func (c *controller) ensureClass(ctx context.Context) {
	_ = wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		_, err := c.o.Client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
			ObjectMeta:           metav1.ObjectMeta{Name: ClassName, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
			Provisioner:          Name,
			ReclaimPolicy:        new(corev1.PersistentVolumeReclaimDelete),
			VolumeBindingMode:    new(storagev1.VolumeBindingWaitForFirstConsumer),
			AllowVolumeExpansion: new(true),
		}, metav1.CreateOptions{})
		return err == nil || apierrors.IsAlreadyExists(err), nil
	})
}

func (c *controller) sync(ctx context.Context, it item) error {
	if it.namespace == "" {
		pv, err := c.volumes.Get(it.name)
		if err != nil {
			return client(err)
		}
		return c.remove(ctx, pv)
	}
	claim, err := c.claims.PersistentVolumeClaims(it.namespace).Get(it.name)
	if err != nil {
		return client(err)
	}
	if claim.Spec.VolumeName != "" {
		return c.expand(ctx, claim)
	}
	return c.provision(ctx, claim)
}

// client lets what has gone be.
func client(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// provision makes a volume for a claim that asks for one of ours and has none.
func (c *controller) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Annotations[annProvisioner] != Name || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := c.classes.Get(*claim.Spec.StorageClassName)
	if err != nil {
		return client(err)
	}
	if class.Provisioner != Name {
		return nil
	}
	name := "pvc-" + string(claim.UID)
	if _, err := c.volumes.Get(name); err == nil {
		return nil
	}
	node := claim.Annotations[annSelectedNode]
	if node == "" {
		if class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer {
			return nil // a Pod has to be scheduled first
		}
		if node, err = c.anyNode(class); err != nil {
			return c.failed(claim, class, err)
		}
	}
	c.recorder.Eventf(claim, corev1.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", claim.Namespace+"/"+claim.Name)
	pv, err := c.volume(claim, class, name, node)
	if err == nil {
		_, err = c.o.Client.CoreV1().PersistentVolumes().Create(ctx, pv, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
	}
	if err != nil {
		return c.failed(claim, class, err)
	}
	c.recorder.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", name)
	return nil
}

// failed says why a claim has no volume, in the words of Kubernetes' own library for provisioners.
func (c *controller) failed(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, err error) error {
	c.recorder.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to provision volume with StorageClass %q: %v", class.Name, err)
	return err
}

// anyNode is a node for a volume that does not wait for its consumer: one that takes Pods without a toleration, and that the
// class allows.
func (c *controller) anyNode(class *storagev1.StorageClass) (string, error) {
	nodes, err := c.nodes.List(labels.Everything())
	if err != nil {
		return "", err
	}
	for _, n := range nodes {
		if !helper.MatchTopologySelectorTerms(class.AllowedTopologies, n.Labels) || slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }) {
			continue
		}
		for _, cond := range n.Status.Conditions {
			if cond.Type == corev1.NodeReady && cond.Status == corev1.ConditionTrue && !n.Spec.Unschedulable {
				return n.Name, nil
			}
		}
	}
	return "", errors.New("no node to hold the volume is ready, without taints and in allowedTopologies")
}

// volume makes the directory and describes it.
func (c *controller) volume(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, name, node string) (*corev1.PersistentVolume, error) {
	if claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode == corev1.PersistentVolumeBlock {
		return nil, errors.New("volumeMode Block is not to be had: volumes are directories")
	}
	if claim.Spec.Selector != nil {
		return nil, errors.New("a claim with a selector cannot be provisioned: it asks for a volume that exists")
	}
	if claim.Spec.DataSource != nil || claim.Spec.DataSourceRef != nil {
		return nil, errors.New("a claim with a dataSource cannot be provisioned: volumes begin empty")
	}
	root := c.o.NodeRoot(node)
	dir := filepath.Join(root, filepath.FromSlash(volumesDir), name)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("directory of volumes: %w", err)
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if err := c.fits(filepath.Dir(dir), root, size); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of volume %s: %w", name, err)
	}
	policy := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{annProvisionedBy: Name}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: size},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: policy,
			StorageClassName:              class.Name,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path.Join(volumesDir, name)}},
			ClaimRef: &corev1.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
			}}}},
		},
	}, nil
}

// remove deletes a volume of ours whose claim is gone.
func (c *controller) remove(ctx context.Context, pv *corev1.PersistentVolume) error {
	if pv.Status.Phase != corev1.VolumeReleased || pv.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete ||
		pv.Annotations[annProvisionedBy] != Name || pv.Spec.Local == nil || pv.DeletionTimestamp != nil {
		return nil
	}
	node := nodeOf(pv)
	// What the object says decides which directory is deleted: it must be what volume has written there.
	if node == "" || strings.ContainsAny(node, `/\`) || pv.Spec.Local.Path != path.Join(volumesDir, pv.Name) || !strings.HasPrefix(pv.Name, "pvc-") {
		return fmt.Errorf("volume %s has been changed: its directory is left alone", pv.Name)
	}
	root, err := os.OpenRoot(c.o.NodeRoot(node))
	if err == nil {
		err = errors.Join(root.RemoveAll(filepath.FromSlash(strings.TrimPrefix(pv.Spec.Local.Path, "/"))), root.Close())
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		c.recorder.Event(pv, corev1.EventTypeWarning, "VolumeFailedDelete", err.Error())
		return err
	}
	return client(c.o.Client.CoreV1().PersistentVolumes().Delete(ctx, pv.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pv.UID}}))
}

func nodeOf(pv *corev1.PersistentVolume) string {
	if a := pv.Spec.NodeAffinity; a != nil && a.Required != nil {
		for _, t := range a.Required.NodeSelectorTerms {
			for _, e := range t.MatchExpressions {
				if e.Key == corev1.LabelHostname && len(e.Values) == 1 {
					return e.Values[0]
				}
			}
		}
	}
	return ""
}
