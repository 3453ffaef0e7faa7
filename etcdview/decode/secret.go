package decode

import (
	"encoding/base64"
	"fmt"
)

// lastApplied repeats a whole object in an annotation, the contents of a Secret too.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// mask hides the contents of a Secret. What does not look like a Secret as it should is hidden entirely: it lies
// where a Secret lies.
func mask(t any) any {
	m, ok := t.(map[string]any)
	if kind, _ := m["kind"].(string); !ok || kind != "Secret" || !maskable(m) {
		return hideAll(t)
	}
	for _, field := range []string{"data", "stringData"} {
		if data, ok := m[field].(map[string]any); ok {
			for k, v := range data {
				data[k] = hidden(v, field == "data")
			}
		}
	}
	if meta, ok := m["metadata"].(map[string]any); ok {
		if a, ok := meta["annotations"].(map[string]any); ok {
			if v, ok := a[lastApplied]; ok {
				a[lastApplied] = hidden(v, false)
			}
		}
	}
	return m
}

// maskable says whether all contents of the Secret lie where mask finds them.
func maskable(m map[string]any) bool {
	for k, v := range m {
		switch k {
		case "apiVersion", "kind", "type", "immutable":
		case "data", "stringData", "metadata":
			if _, ok := v.(map[string]any); !ok && v != nil {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// hidden says how long the content is and nothing else of it.
func hidden(v any, inBase64 bool) string {
	s, ok := v.(string)
	if !ok {
		return "<masked>"
	}
	n := len(s)
	if b, err := base64.StdEncoding.DecodeString(s); inBase64 && err == nil {
		n = len(b)
	}
	return fmt.Sprintf("<masked, %d bytes>", n)
}

func hideAll(t any) any {
	switch t := t.(type) {
	case map[string]any:
		for k, v := range t {
			if k != "apiVersion" && k != "kind" {
				t[k] = hideAll(v)
			}
		}
		return t
	case []any:
		for i := range t {
			t[i] = hideAll(t[i])
		}
		return t
	case nil, bool:
		return t
	default:
		return hidden(t, false)
	}
}
