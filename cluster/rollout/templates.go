package rollout

import (
	"fmt"
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

// Changed says in a phrase what is different in a template: the images by name, other lines by the first of them and
// how many more there are. It is empty when the templates are equal.
func Changed(from, to *corev1.PodTemplateSpec) string {
	var parts []string
	images := 0
	if from != nil && to != nil {
		was, now := imagesOf(from), imagesOf(to)
		for _, name := range containersOf(to) {
			if old, ok := was[name]; ok && old != now[name] {
				what := name
				if len(now) == 1 {
					what = "image"
				}
				parts = append(parts, what+" was "+old)
				images += 2 // a line that went, and one that came
			}
		}
	}
	first, lines := "", 0
	for _, l := range DiffTemplates(from, to) {
		if l.Op != '+' && l.Op != '-' {
			continue
		}
		text := strings.TrimLeft(l.Text, " -")
		if images > 0 && strings.HasPrefix(text, "image:") {
			images--
			continue
		}
		if lines++; first == "" || l.Op == '+' && first[0] == '-' {
			first = string(l.Op) + " " + text
		}
	}
	switch {
	case lines == 1:
		parts = append(parts, first)
	case lines > 1:
		parts = append(parts, fmt.Sprintf("%s (%d lines)", first, lines))
	}
	return strings.Join(parts, ", ")
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
