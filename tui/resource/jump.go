package resource

import (
	"context"
	"fmt"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
)

// jump goes where the user's configuration says that enter leads from an object; false where it says nothing of its kind.
func (v *view) jump(o screen.Object) bool {
	if v.spec != nil {
		return false
	}
	j, ok := v.session.Config().JumpFrom(v.tableNames())
	if !ok {
		return false
	}
	to, ok := v.session.Find(j.TargetGVR)
	if !ok {
		v.scope.Say(screen.Poor, fmt.Sprintf("the configuration leads to %s, which the cluster does not serve", j.TargetGVR))
		return true
	}
	c := v.scope.Cluster()
	screen.Call(v.scope, "read "+o.Name, readTimeout, func(ctx context.Context) (config.Jump, error) {
		u, err := change.Get(ctx, c, changes.Ref(o))
		if err != nil {
			return config.Jump{}, err
		}
		return j.For(u.Object)
	}, func(j config.Jump, err error) {
		if err != nil {
			v.scope.Fail(fmt.Errorf("jump from %s: %w", o.Name, err))
			return
		}
		r := screen.Resources{Resource: to.Resource, LabelSelector: j.LabelSelector, FieldSelector: j.FieldSelector, Of: "of " + o.Name}
		switch {
		case !to.Namespaced || j.TargetNamespace == "all":
		case j.TargetNamespace != "":
			r.Namespace = j.TargetNamespace
		default:
			r.Namespace = o.Namespace
		}
		v.scope.Open(r)
	})
	return true
}
