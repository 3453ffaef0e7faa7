package resource

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/screen"
)

// readTimeout bounds reading one object.
const readTimeout = 10 * time.Second

// OwnedBy are the objects of a kind that an object owns itself.
func OwnedBy(o screen.Object, what schema.GroupVersionResource) screen.Resources {
	return screen.Resources{Resource: what, Namespace: o.Namespace, Owner: o.UID, Of: "of " + o.Name}
}

// OpenPods opens the table of the Pods that an object selects: a workload, or a Service.
func OpenPods(s *screen.Scope, o screen.Object) {
	c := s.Cluster()
	screen.Call(s, "read "+o.Name, readTimeout, func(ctx context.Context) (string, error) {
		u, err := change.Get(ctx, c, changes.Ref(o))
		if err != nil {
			return "", err
		}
		return selectorOf(u)
	}, func(selector string, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		s.Open(screen.Resources{Resource: pods, Namespace: o.Namespace, LabelSelector: selector, Of: "of " + o.Name})
	})
}

// selectorOf is the selector of Pods of a Service (labels alone) or of a workload.
func selectorOf(u *unstructured.Unstructured) (string, error) {
	var spec struct {
		Selector metav1.LabelSelector `json:"selector"`
	}
	field, _, err := unstructured.NestedMap(u.Object, "spec", "selector")
	if err != nil || len(field) == 0 {
		return "", errors.New(u.GetName() + " selects no Pods")
	}
	if u.GetKind() == "Service" {
		field = map[string]any{"matchLabels": field}
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(map[string]any{"selector": field}, &spec); err != nil {
		return "", fmt.Errorf("the selector of %s: %w", u.GetName(), err)
	}
	selector, err := metav1.LabelSelectorAsSelector(&spec.Selector)
	if err != nil {
		return "", fmt.Errorf("the selector of %s: %w", u.GetName(), err)
	}
	return selector.String(), nil
}

// owned is a Source with only the rows that one object owns.
type owned struct {
	Source
	owner types.UID
	from  *livetable.Snapshot // what left was made of
	left  *livetable.Snapshot
}

// Snapshot implements Source.
func (o *owned) Snapshot() *livetable.Snapshot {
	s := o.Source.Snapshot()
	if s == o.from {
		return o.left
	}
	left := *s
	left.Rows, left.Changes, left.Incremental = nil, nil, false
	for _, r := range s.Rows {
		if r.Owner != nil && r.Owner.UID == o.owner {
			left.Rows = append(left.Rows, r)
		}
	}
	o.from, o.left = s, &left
	return o.left
}

// inside is what enter leads to.
func (v *view) inside(r *livetable.Row) screen.Request {
	if v.spec != nil && v.spec.Enter != nil {
		return v.spec.Enter(r)
	}
	o := v.object(r)
	switch {
	case v.jump(o):
		return nil
	case v.is("apps", "deployments", "statefulsets", "daemonsets") && v.scope.Handles(screen.Rollout{}):
		return screen.Rollout{Object: o}
	case v.is("", "pods") && v.scope.Handles(screen.Containers{}):
		return screen.Containers{Object: o}
	case v.is("", "nodes"):
		return screen.Resources{Resource: pods, FieldSelector: "spec.nodeName=" + r.Name, Of: "on " + r.Name}
	case v.is("apps", "replicasets") || v.is("", "replicationcontrollers") || v.is("batch", "jobs"):
		return OwnedBy(o, pods)
	case v.is("batch", "cronjobs"):
		return OwnedBy(o, schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"})
	case v.is("", "services"):
		OpenPods(v.scope, o)
		return nil
	case v.is("", "namespaces"):
		v.session.Use(r.Name)
		return screen.Resources{Resource: pods, Namespace: r.Name}
	case (v.is("rbac.authorization.k8s.io", "roles", "clusterroles", "rolebindings", "clusterrolebindings") || v.is("", "serviceaccounts")) && v.scope.Handles(screen.Rules{}):
		return screen.Rules{Object: o}
	case v.is("apiextensions.k8s.io", "customresourcedefinitions"):
		if k, ok := v.session.Find(r.Name); ok { // widgets.example.com
			return screen.Resources{Resource: k.Resource, Namespace: v.session.Namespace}
		}
	}
	if v.scope.Handles(screen.Describe{}) {
		return screen.Describe{Object: o}
	}
	return screen.YAML{Object: o}
}

func (v *view) openOwner(r *livetable.Row) {
	if r.Owner == nil {
		v.scope.Say(screen.Idle, r.Name+" has no owner")
		return
	}
	k, ok := v.session.ByKind(r.Owner.APIVersion, r.Owner.Kind)
	if !ok {
		v.scope.Say(screen.Poor, fmt.Sprintf("the owner's kind %s is not served", r.Owner.Kind))
		return
	}
	ns := ""
	if k.Namespaced {
		ns = r.Namespace
	}
	v.scope.Open(screen.Resources{Resource: k.Resource, Namespace: ns, Select: r.Owner.UID})
}

func (v *view) openNode(r *livetable.Row) {
	i := v.columnIndex("Node")
	if i < 0 || v.cell(r, i).Text == "" || v.cell(r, i).Text == "<none>" {
		v.scope.Say(screen.Idle, r.Name+" is on no node yet")
		return
	}
	v.scope.Open(screen.Resources{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, Filter: v.cell(r, i).Text,
	})
}
