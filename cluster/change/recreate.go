package change

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// serverSet are the fields of metadata that only the server may set.
var serverSet = []string{
	"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink",
}

// recreatable is a deleted object as one that can be created again, and what will not be as it was.
func recreatable(before *unstructured.Unstructured) (*unstructured.Unstructured, []string) {
	o := before.DeepCopy()
	for _, f := range serverSet {
		unstructured.RemoveNestedField(o.Object, "metadata", f)
	}
	unstructured.RemoveNestedField(o.Object, "status")
	warnings := []string{"it is a new object with a new UID"}
	if len(o.GetOwnerReferences()) > 0 {
		warnings = append(warnings, "it has an owner: the garbage collector removes it again where that is gone")
	}
	switch o.GroupVersionKind().GroupKind().String() {
	case "Pod":
		unstructured.RemoveNestedField(o.Object, "spec", "nodeName") // so that the scheduler places it anew
		dropTokenVolumes(o)
	case "Job.batch":
		dropJobSelector(o)
	case "PersistentVolumeClaim":
		dropAnnotations(o, "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller")
	case "PersistentVolume":
		unstructured.RemoveNestedField(o.Object, "spec", "claimRef", "uid")
		unstructured.RemoveNestedField(o.Object, "spec", "claimRef", "resourceVersion")
	case "Namespace":
		warnings = append(warnings, "what was in the namespace does not come back")
	case "CustomResourceDefinition.apiextensions.k8s.io":
		warnings = append(warnings, "its custom resources do not come back")
	case "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps":
		warnings = append(warnings, "its rollout history begins anew")
	}
	return o, warnings
}

// dropTokenVolumes removes the service account token that admission injects, so that it injects a fresh one.
func dropTokenVolumes(o *unstructured.Unstructured) {
	injected := func(v any) bool {
		m, _ := v.(map[string]any)
		name, _ := m["name"].(string)
		return strings.HasPrefix(name, "kube-api-access-")
	}
	filterList(o.Object, injected, "spec", "volumes")
	for _, list := range []string{"containers", "initContainers"} {
		containers, _, _ := unstructured.NestedSlice(o.Object, "spec", list)
		for _, c := range containers {
			if m, ok := c.(map[string]any); ok {
				filterList(m, injected, "volumeMounts")
			}
		}
		if containers != nil {
			_ = unstructured.SetNestedSlice(o.Object, containers, "spec", list) // the path was just read
		}
	}
}

func filterList(obj map[string]any, drop func(any) bool, path ...string) {
	list, found, err := unstructured.NestedSlice(obj, path...)
	if !found || err != nil {
		return
	}
	kept := list[:0]
	for _, v := range list {
		if !drop(v) {
			kept = append(kept, v)
		}
	}
	_ = unstructured.SetNestedSlice(obj, kept, path...) // the path was just read
}

// dropJobSelector removes the selector and labels that the server generates from the Job's UID.
func dropJobSelector(o *unstructured.Unstructured) {
	if manual, _, _ := unstructured.NestedBool(o.Object, "spec", "manualSelector"); manual {
		return
	}
	unstructured.RemoveNestedField(o.Object, "spec", "selector")
	for _, label := range []string{"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"} {
		unstructured.RemoveNestedField(o.Object, "metadata", "labels", label)
		unstructured.RemoveNestedField(o.Object, "spec", "template", "metadata", "labels", label)
	}
}

func dropAnnotations(o *unstructured.Unstructured, keys ...string) {
	for _, k := range keys {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", k)
	}
}

// deleteWarnings say what goes with an object, or keeps it.
func deleteWarnings(o *unstructured.Unstructured) []string {
	var w []string
	if f := o.GetFinalizers(); len(f) > 0 {
		w = append(w, fmt.Sprintf("it stays until its finalizers are done: %s", strings.Join(f, ", ")))
	}
	if o.GetDeletionTimestamp() != nil {
		w = append(w, "it is being deleted already")
	}
	switch o.GroupVersionKind().GroupKind().String() {
	case "Namespace":
		w = append(w, "everything in the namespace is deleted with it")
	case "CustomResourceDefinition.apiextensions.k8s.io":
		w = append(w, "every custom resource of this kind is deleted with it")
	case "PersistentVolumeClaim":
		w = append(w, "its volume's data may be deleted with it, after the volume's reclaim policy")
	case "Node":
		w = append(w, "its Pods are deleted; a kubelet that still runs registers the node again")
	}
	return w
}
