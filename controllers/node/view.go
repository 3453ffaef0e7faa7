package node

import (
	"context"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// view is the clientset that a kubelet is given. It reads Pods and PersistentVolumes as its author wrote them, but that
// what they call the node's file system is a directory of the node. A kubelet writes nothing of a Pod but its status and the
// mirrors of its static Pods, so that the API never sees the difference.
type view struct {
	kubernetes.Interface
	core typedcorev1.CoreV1Interface
}

func (v view) CoreV1() typedcorev1.CoreV1Interface { return v.core }

func newView(client kubernetes.Interface, config *rest.Config, rootfs, podRange string) (view, error) {
	for _, dir := range []string{"etc", "mnt", "opt", "srv", "tmp", "usr", "var/lib", "var/log"} { // as every machine has
		if err := os.MkdirAll(filepath.Join(rootfs, filepath.FromSlash(dir)), 0o700); err != nil {
			return view{}, err
		}
	}
	c := rest.CopyConfig(config)
	gv := corev1.SchemeGroupVersion
	c.GroupVersion, c.APIPath = &gv, "/api"
	c.NegotiatedSerializer = viewing{
		NegotiatedSerializer: rest.CodecFactoryForGeneratedClient(scheme.Scheme, scheme.Codecs).WithoutConversion(),
		lens:                 lens{rootfs: rootfs},
	}
	r, err := rest.RESTClientFor(c)
	if err != nil {
		return view{}, err
	}
	return view{client, viewedCore{typedcorev1.New(r), podRange, lens{rootfs: rootfs}}}, nil
}

type viewedCore struct {
	typedcorev1.CoreV1Interface
	podRange string
	lens     lens
}

func (c viewedCore) Pods(namespace string) typedcorev1.PodInterface {
	return mirroredPods{c.CoreV1Interface.Pods(namespace), c.lens}
}

func (c viewedCore) Nodes() typedcorev1.NodeInterface {
	return viewedNodes{c.CoreV1Interface.Nodes(), c.podRange}
}

// viewedNodes registers a node with the range of Pod addresses that the network has given it, so that a controller need
// not give it another one later.
type viewedNodes struct {
	typedcorev1.NodeInterface
	podRange string
}

func (n viewedNodes) Create(ctx context.Context, node *corev1.Node, o metav1.CreateOptions) (*corev1.Node, error) {
	if node.Spec.PodCIDR == "" {
		node = node.DeepCopy()
		node.Spec.PodCIDR, node.Spec.PodCIDRs = n.podRange, []string{n.podRange}
	}
	return n.NodeInterface.Create(ctx, node, o)
}

type viewing struct {
	runtime.NegotiatedSerializer
	lens lens
}

func (v viewing) DecoderToVersion(d runtime.Decoder, gv runtime.GroupVersioner) runtime.Decoder {
	return viewingDecoder{v.NegotiatedSerializer.DecoderToVersion(d, gv), v.lens}
}

type viewingDecoder struct {
	runtime.Decoder
	lens lens
}

func (d viewingDecoder) Decode(data []byte, kind *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	obj, k, err := d.Decoder.Decode(data, kind, into)
	switch o := obj.(type) {
	case *corev1.Pod:
		d.lens.pod(&o.Spec)
	case *corev1.PodList:
		for i := range o.Items {
			d.lens.pod(&o.Items[i].Spec)
		}
	case *corev1.PersistentVolume:
		d.lens.volume(&o.Spec)
	case *corev1.PersistentVolumeList:
		for i := range o.Items {
			d.lens.volume(&o.Items[i].Spec)
		}
	}
	return obj, k, err
}

// lens is how a kubelet sees objects.
type lens struct {
	rootfs string
}

// path puts an absolute path of the node below rootfs.
func (l lens) path(p string) string { return filepath.Join(l.rootfs, filepath.Clean("/"+p)) }

func (l lens) pod(s *corev1.PodSpec) {
	for i := range s.Volumes {
		if h := s.Volumes[i].HostPath; h != nil {
			h.Path = l.path(h.Path)
		}
	}
}

func (l lens) volume(s *corev1.PersistentVolumeSpec) {
	if s.HostPath != nil {
		s.HostPath.Path = l.path(s.HostPath.Path)
	}
	if s.Local != nil {
		// A local volume is bind-mounted into the Pod's directory, a hostPath volume is used where it is.
		s.HostPath = &corev1.HostPathVolumeSource{Path: l.path(s.Local.Path), Type: new(corev1.HostPathDirectoryOrCreate)}
		s.Local = nil
	}
}
