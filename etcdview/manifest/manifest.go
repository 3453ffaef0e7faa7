// Package manifest turns a stored Kubernetes object into a manifest that kubectl apply accepts, so that a deleted or
// earlier object can be brought back: what the API server and its controllers set is left out, and what is stored in a
// version that is not served is converted.
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/etcdview/decode"
)

// ErrMasked is returned for a Secret whose contents were not asked for: a manifest of it would overwrite them.
var ErrMasked = errors.New("the Secret is masked: a manifest needs its contents")

// Options say what to keep. The zero value keeps what a new object can have.
type Options struct {
	// Owners keeps metadata.ownerReferences. They name owners by UID: an object whose owner is gone is deleted by the
	// garbage collector at once.
	Owners bool
}

// Of makes a manifest as YAML.
func Of(v *decode.Value, o Options) ([]byte, error) {
	if v.Masked() {
		return nil, ErrMasked
	}
	if !v.IsKubernetes() || v.Err != nil {
		return nil, fmt.Errorf("%s is no Kubernetes object that can be decoded: %w", v.Key, errors.Join(v.Err, errors.New(v.Label())))
	}
	t, err := tree(v)
	if err != nil {
		return nil, err
	}
	delete(t, "status")
	cleanMetadata(t, o)
	clean, ok := cleaners[v.StoredAs.Kind]
	if ok {
		if spec, ok := t["spec"].(map[string]any); ok {
			clean(t, spec)
		}
	}
	b, err := yaml.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b, nil
}

func tree(v *decode.Value) (map[string]any, error) {
	if v.StoredAs.Group == apiextensions.GroupName && v.StoredAs.Kind == "CustomResourceDefinition" && v.StoredAs.Version != "v1" {
		return definition(v)
	}
	t, err := v.Tree()
	if err != nil {
		return nil, err
	}
	m, ok := t.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: not an object but %T", v.Key, t)
	}
	return m, nil
}

// definition converts a CustomResourceDefinition, which API servers still store as v1beta1 and serve as v1 only.
func definition(v *decode.Value) (map[string]any, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	stored, err := scheme.New(v.StoredAs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Key, err)
	}
	b, err := v.JSON()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, stored); err != nil {
		return nil, fmt.Errorf("%s: %w", v.Key, err)
	}
	internal, err := scheme.ConvertToVersion(stored, apiextensions.SchemeGroupVersion)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Key, err)
	}
	served, err := scheme.ConvertToVersion(internal, apiextensionsv1.SchemeGroupVersion)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Key, err)
	}
	if b, err = json.Marshal(served); err != nil {
		return nil, fmt.Errorf("%s: %w", v.Key, err)
	}
	var m map[string]any
	return m, json.Unmarshal(b, &m)
}

// serverSet are the fields of metadata that only the API server writes.
var serverSet = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
	"managedFields", "selfLink", "generateName"}

func cleanMetadata(t map[string]any, o Options) {
	m, ok := t["metadata"].(map[string]any)
	if !ok {
		return
	}
	for _, f := range serverSet {
		delete(m, f)
	}
	if !o.Owners {
		delete(m, "ownerReferences")
	}
	dropAnnotations(m, "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")
	// What a deletion has set to wait for, or to leave alone, what belongs to the object.
	m["finalizers"] = without(m["finalizers"], func(f any) bool {
		return f == metav1.FinalizerDeleteDependents || f == metav1.FinalizerOrphanDependents
	})
	if m["finalizers"] == nil {
		delete(m, "finalizers")
	}
}

func dropAnnotations(metadata map[string]any, names ...string) {
	a, ok := metadata["annotations"].(map[string]any)
	for _, n := range names {
		delete(a, n)
	}
	if ok && len(a) == 0 {
		delete(metadata, "annotations")
	}
}

// cleaners take out what controllers and admission have put into the spec of a kind, given the object and its spec.
var cleaners = map[string]func(object, spec map[string]any){
	"Service": func(_, spec map[string]any) {
		if spec["clusterIP"] != "None" {
			delete(spec, "clusterIP")
			delete(spec, "clusterIPs")
		}
		delete(spec, "healthCheckNodePort")
	},
	"Pod": cleanPod,
	"Job": func(object, spec map[string]any) {
		if spec["manualSelector"] == true {
			return
		}
		delete(spec, "selector")
		dropControllerLabels(object)
		if t, ok := spec["template"].(map[string]any); ok {
			dropControllerLabels(t)
		}
	},
	"PersistentVolumeClaim": cleanClaim,
	"PersistentVolume": func(_, spec map[string]any) {
		if ref, ok := spec["claimRef"].(map[string]any); ok {
			delete(ref, "uid")
			delete(ref, "resourceVersion")
		}
	},
	"Namespace": func(object, _ map[string]any) { delete(object, "spec") }, // the finalizer is set anew
}

// boundByController is on a claim whose volume the controller has chosen.
const boundByController = "pv.kubernetes.io/bound-by-controller"

// cleanClaim takes out that the claim is bound: it would be lost at once where its volume is gone too, and is bound anew
// otherwise. A volume that its user has named stays.
func cleanClaim(object, spec map[string]any) {
	m, _ := object["metadata"].(map[string]any)
	if a, _ := m["annotations"].(map[string]any); a[boundByController] != nil {
		delete(spec, "volumeName")
	}
	dropAnnotations(m, boundByController, "pv.kubernetes.io/bind-completed", "volume.kubernetes.io/selected-node",
		"volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
}

// dropControllerLabels takes out the labels by which the Job controller finds its Pods: they hold the old UID.
func dropControllerLabels(object map[string]any) {
	m, _ := object["metadata"].(map[string]any)
	labels, _ := m["labels"].(map[string]any)
	for _, l := range []string{"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"} {
		delete(labels, l)
	}
}

// cleanPod takes out the node, which the scheduler picks anew, and the token volume, which admission mounts anew.
func cleanPod(_, spec map[string]any) {
	delete(spec, "nodeName")
	token := func(e any) bool {
		m, _ := e.(map[string]any)
		name, _ := m["name"].(string)
		return strings.HasPrefix(name, "kube-api-access-")
	}
	spec["volumes"] = without(spec["volumes"], token)
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			if c, ok := c.(map[string]any); ok {
				c["volumeMounts"] = without(c["volumeMounts"], token)
				if c["volumeMounts"] == nil {
					delete(c, "volumeMounts")
				}
			}
		}
	}
	delete(spec, "ephemeralContainers")
	if spec["volumes"] == nil {
		delete(spec, "volumes")
	}
}

// without is a list without the elements that drop picks, nil where none is left.
func without(list any, drop func(any) bool) any {
	l, _ := list.([]any)
	var out []any
	for _, e := range l {
		if !drop(e) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
