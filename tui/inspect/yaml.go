package inspect

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// lastApplied repeats a whole object, also a Secret's values.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// shown says which parts of an object are.
type shown struct{ managed, secrets bool }

func openYAML(s *screen.Scope, r screen.YAML) (screen.Screen, error) {
	v := &view{scope: s, object: r.Object, what: "yaml", keys: yamlKeys, other: screen.Describe{Object: r.Object}}
	secret := r.Resource.Group == "" && r.Resource.Resource == "secrets"
	if !secret {
		v.keys = func() key.Table { return yamlKeys().With(false, actReveal) }
	}
	var now *unstructured.Unstructured
	parts := shown{secrets: r.Reveal}
	c, o := s.Cluster(), r.Object
	v.read = func(ctx context.Context) (func() []pager.Line, error) {
		u, err := c.Dynamic().Resource(o.Resource).Namespace(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		if o.UID != "" && u.GetUID() != o.UID {
			return nil, fmt.Errorf("%s was deleted; another one has its name now", o.Name)
		}
		return func() []pager.Line {
			now = u
			return yamlLines(now, secret, parts)
		}, nil
	}
	v.extra = func(a key.Action) bool {
		switch a {
		case actManaged:
			parts.managed = !parts.managed
		case actReveal:
			parts.secrets = !parts.secrets
		default:
			return false
		}
		if now != nil {
			v.pager.SetLines(yamlLines(now, secret, parts))
		}
		return true
	}
	v.follow()
	return v, nil
}

// yamlLines is an object as YAML in colours.
func yamlLines(u *unstructured.Unstructured, secret bool, parts shown) []pager.Line {
	o := u.DeepCopy()
	folded := 0
	if !parts.managed {
		folded = len(o.GetManagedFields())
		o.SetManagedFields(nil)
	}
	if secret {
		maskSecret(o, parts.secrets)
	}
	raw, err := yaml.Marshal(o.Object)
	if err != nil {
		return []pager.Line{pager.Plain(fmt.Sprintf("this object cannot be written as YAML: %v", err), pager.Error)}
	}
	var lines []pager.Line
	if secret && parts.secrets {
		lines = append(lines, pager.Plain("# data is decoded here", pager.Muted))
	}
	for _, l := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n") {
		lines = append(lines, pager.YAML(l))
		if folded > 0 && l == "metadata:" {
			lines = append(lines, pager.Plain(fmt.Sprintf("  # managedFields: %d entries, m shows them", folded), pager.Muted))
		}
	}
	return lines
}

// maskSecret replaces the values of a Secret: by their sizes, or by what they decode to.
func maskSecret(o *unstructured.Unstructured, reveal bool) {
	annotations := o.GetAnnotations()
	if _, ok := annotations[lastApplied]; ok && !reveal {
		annotations[lastApplied] = "(masked: it repeats the values)"
		o.SetAnnotations(annotations)
	}
	data, ok, err := unstructured.NestedMap(o.Object, "data")
	if !ok || err != nil {
		return
	}
	for k, v := range data {
		text, _ := v.(string)
		raw, err := base64.StdEncoding.DecodeString(text)
		switch {
		case err != nil:
			data[k] = "(not base64)"
		case !reveal:
			data[k] = fmt.Sprintf("•••••• (%d bytes)", len(raw))
		case utf8.Valid(raw):
			data[k] = string(raw)
		default:
			data[k] = fmt.Sprintf("base64 of %d bytes that are not text: %s", len(raw), text)
		}
	}
	o.Object["data"] = data
}
