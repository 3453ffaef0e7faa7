package resource

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
)

// Object implements screen.Subject.
func (v *view) Object() (screen.Object, bool) {
	r := v.current()
	if r == nil {
		return screen.Object{}, false
	}
	o := v.object(r)
	return o, o.Name != ""
}

// Column implements screen.Columned: what stands in a column of the row under the cursor. A hyphen may stand for a blank.
func (v *view) Column(name string) (string, bool) {
	r := v.current()
	if r == nil {
		return "", false
	}
	if strings.EqualFold(name, namespaceColumn) {
		return r.Namespace, true
	}
	for i, c := range v.headings() {
		if strings.EqualFold(strings.ReplaceAll(c.Name, " ", "-"), strings.ReplaceAll(name, " ", "-")) {
			return v.cell(r, i).Text, true
		}
	}
	return "", false
}

func (v *view) object(r *livetable.Row) screen.Object {
	if v.spec != nil {
		if v.spec.Object == nil {
			return screen.Object{}
		}
		return v.spec.Object(r)
	}
	return screen.Object{Resource: v.kind.Resource, Kind: v.kind.Kind, Namespace: r.Namespace, Name: r.Name, UID: r.UID}
}

// is says whether the table, or the row under the cursor where they differ, is of a resource in a group.
func (v *view) is(group string, resources ...string) bool {
	kind := v.kindHere()
	if kind.Resource.Group != group {
		return false
	}
	for _, r := range resources {
		if kind.Resource.Resource == r {
			return true
		}
	}
	return false
}

// pods is the resource of Pods.
var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
