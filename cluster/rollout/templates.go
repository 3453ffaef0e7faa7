package rollout

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster/change"
)

// DiffTemplates is the difference of two Pod templates as YAML, without the pod-template-hash and fields that are never set.
// It is nil when they are equal. A nil template is an empty one.
func DiffTemplates(from, to *corev1.PodTemplateSpec) []change.Line {
	return change.DiffText(templateLines(from), templateLines(to))
}

func templateLines(t *corev1.PodTemplateSpec) []string {
	if t == nil {
		return nil
	}
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(withoutHash(t))
	if err != nil { // a typed object always converts
		return []string{"# " + err.Error()}
	}
	prune(m)
	out, err := yaml.Marshal(m)
	if err != nil {
		return []string{"# " + err.Error()}
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// prune removes nulls and empty objects that conversion adds, such as creationTimestamp: null and resources: {}.
func prune(m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, k)
		case map[string]any:
			if prune(v); len(v) == 0 && (k == "resources" || k == "metadata") {
				delete(m, k)
			}
		case []any:
			for _, e := range v {
				if em, ok := e.(map[string]any); ok {
					prune(em)
				}
			}
		}
	}
}
