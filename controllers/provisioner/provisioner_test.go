package provisioner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
)

// run makes a provisioner that works on a fake API; nodes are below root.
func run(t *testing.T, objects ...runtime.Object) (client kubernetes.Interface, root string) {
	t.Helper()
	root = t.TempDir()
	client = fake.NewClientset(objects...)
	done := make(chan error, 1)
	go func() {
		done <- Run(t.Context(), Options{Client: client, NodeRoot: func(node string) string { return filepath.Join(root, node) }})
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return client, root
}

func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited for " + what)
		}
	}
}

func class(name string, mode storagev1.VolumeBindingMode, policy corev1.PersistentVolumeReclaimPolicy) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: Name, VolumeBindingMode: &mode, ReclaimPolicy: &policy}
}

func claim(name, class, size, node string) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", UID: "uid-" + "1", Annotations: map[string]string{annProvisioner: Name}},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
		},
	}
	if node != "" {
		c.Annotations[annSelectedNode] = node
	}
	return c
}

func TestProvisionAndDelete(t *testing.T) {
	client, root := run(t, class("retain", storagev1.VolumeBindingWaitForFirstConsumer, corev1.PersistentVolumeReclaimRetain),
		class("delete", storagev1.VolumeBindingWaitForFirstConsumer, corev1.PersistentVolumeReclaimDelete), claim("data", "delete", "1Mi", "node-2"))
	ctx := t.Context()
	var pv *corev1.PersistentVolume
	await(t, "a volume", func() bool {
		var err error
		pv, err = client.CoreV1().PersistentVolumes().Get(ctx, "pvc-uid-1", metav1.GetOptions{})
		return err == nil
	})
	dir := filepath.Join(root, "node-2", pv.Spec.Local.Path)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("its directory: %v, %v", info, err)
	}
	if nodeOf(pv) != "node-2" || pv.Spec.ClaimRef.Name != "data" || pv.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		t.Errorf("the volume is %+v", pv.Spec)
	}
	pv.Status.Phase = corev1.VolumeReleased
	if _, err := client.CoreV1().PersistentVolumes().UpdateStatus(ctx, pv, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the volume to go", func() bool {
		_, err := os.Stat(dir)
		list, lerr := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		return os.IsNotExist(err) && lerr == nil && len(list.Items) == 0
	})
}

// A volume that does not wait for its consumer is on a node that Pods may go to, and that its class allows.
func TestImmediate(t *testing.T) {
	node := func(name, zone string, taint *corev1.Taint) *corev1.Node {
		n := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelTopologyZone: zone}},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		}
		if taint != nil {
			n.Spec.Taints = []corev1.Taint{*taint}
		}
		return n
	}
	now := class("now", storagev1.VolumeBindingImmediate, corev1.PersistentVolumeReclaimDelete)
	now.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: corev1.LabelTopologyZone, Values: []string{"a"}}}}}
	waits := claim("waits", "far", "1Mi", "")
	waits.UID = "uid-2"
	far := class("far", storagev1.VolumeBindingImmediate, corev1.PersistentVolumeReclaimDelete)
	far.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: corev1.LabelTopologyZone, Values: []string{"z"}}}}}
	client, _ := run(t, now, far, claim("data", "now", "1Mi", ""), waits, node("in-a", "a", nil), node("in-b", "b", nil),
		node("simulated", "a", &corev1.Taint{Key: "kwok.x-k8s.io/node", Value: "fake", Effect: corev1.TaintEffectNoSchedule}))
	await(t, "a volume", func() bool {
		pv, err := client.CoreV1().PersistentVolumes().Get(t.Context(), "pvc-uid-1", metav1.GetOptions{})
		return err == nil && nodeOf(pv) == "in-a"
	})
	said := func(reason string) (text string) {
		list, err := client.CoreV1().Events("shop").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Items {
			if e.Reason == reason {
				text = e.Message
			}
		}
		return text
	}
	for reason, want := range map[string]string{
		"Provisioning": `External provisioner is provisioning volume for claim "shop/data"`, "ProvisioningSucceeded": "Successfully provisioned volume pvc-uid-1",
		"ProvisioningFailed": `failed to provision volume with StorageClass "far": no node to hold the volume is ready, without taints and in allowedTopologies`,
	} {
		await(t, "an event "+reason, func() bool { return said(reason) != "" })
		if got := said(reason); got != want {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
	}
}

func TestDefaultClass(t *testing.T) {
	client, _ := run(t)
	await(t, "the default class", func() bool {
		c, err := client.StorageV1().StorageClasses().Get(t.Context(), ClassName, metav1.GetOptions{})
		return err == nil && c.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" && *c.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	})
}

// What cannot be is refused with an error that says why, which the claim's event shows, and leaves nothing behind.
func TestRefusals(t *testing.T) {
	root := t.TempDir()
	c := &controller{disk: diskOf, o: Options{NodeRoot: func(node string) string { return filepath.Join(root, node) }}}
	block, selector := claim("block", "now", "1Mi", ""), claim("selector", "now", "1Mi", "")
	block.Spec.VolumeMode = new(corev1.PersistentVolumeBlock)
	selector.Spec.Selector = &metav1.LabelSelector{}
	clone := claim("clone", "now", "1Mi", "")
	clone.Spec.DataSource = &corev1.TypedLocalObjectReference{Kind: "PersistentVolumeClaim", Name: "other"}
	for want, claim := range map[string]*corev1.PersistentVolumeClaim{
		"7Ei is asked for, and the disk of": claim("big", "now", "7Ei", ""), "volumes are directories": block, "asks for a volume that exists": selector, "volumes begin empty": clone,
	} {
		_, err := c.volume(claim, class("now", storagev1.VolumeBindingImmediate, corev1.PersistentVolumeReclaimDelete), "pvc-"+claim.Name, "node-1")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %q", claim.Name, err, want)
		}
	}
	c.disk = func(string) (int64, int64, error) { return 3 << 20, 100 << 30, nil }
	if _, err := c.volume(claim("full", "now", "1Mi", ""), class("now", storagev1.VolumeBindingImmediate, corev1.PersistentVolumeReclaimDelete), "pvc-full", "node-1"); err == nil || !strings.Contains(err.Error(), "is full, 3Mi of 102400Mi are free: remove something there") {
		t.Errorf("on a full disk: %v", err)
	}
	if dirs, _ := filepath.Glob(filepath.Join(root, "*", volumesDir, "pvc-*")); len(dirs) > 0 {
		t.Errorf("it has left %v", dirs)
	}
}

// A volume whose path was changed to another directory deletes nothing.
func TestChangedVolumeDeletesNothing(t *testing.T) {
	root := t.TempDir()
	precious := filepath.Join(root, "node-1", "etc")
	if err := os.MkdirAll(precious, 0o700); err != nil {
		t.Fatal(err)
	}
	c := &controller{o: Options{Client: fake.NewClientset(), NodeRoot: func(node string) string { return filepath.Join(root, node) }}}
	affinity := func(node string) *corev1.VolumeNodeAffinity {
		return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
		}}}}
	}
	for _, pv := range []corev1.PersistentVolume{
		{ObjectMeta: metav1.ObjectMeta{Name: "pvc-x"}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/etc"}}, NodeAffinity: affinity("node-1")}},
		{ObjectMeta: metav1.ObjectMeta{Name: "etc"}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: volumesDir + "/etc"}}, NodeAffinity: affinity("node-1")}},
		{ObjectMeta: metav1.ObjectMeta{Name: "pvc-y"}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: volumesDir + "/pvc-y"}}, NodeAffinity: affinity("../node-1")}},
	} {
		pv.Annotations = map[string]string{annProvisionedBy: Name}
		pv.Spec.PersistentVolumeReclaimPolicy, pv.Status.Phase = corev1.PersistentVolumeReclaimDelete, corev1.VolumeReleased
		if err := c.remove(t.Context(), &pv); err == nil || !strings.Contains(err.Error(), "left alone") {
			t.Errorf("%s: %v", pv.Name, err)
		}
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}
