package changes

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/cron"
	"github.com/podarium/podarium/cluster/drain"
	"github.com/podarium/podarium/tui/screen"
)

// Cordon proposes to keep new Pods away from nodes, or to let them come again.
func Cordon(s *screen.Scope, nodes []screen.Object, on bool) {
	verb, plan := "uncordon", drain.Uncordon
	if on {
		verb, plan = "cordon", drain.Cordon
	}
	Propose(s, verb+" "+names(nodes), each(nodes, plan))
}

// Suspend proposes to suspend a CronJob or Job, or to let it go on.
func Suspend(s *screen.Scope, o screen.Object) {
	Propose(s, "suspend or resume "+o.Name, One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		r := Ref(o)
		if r.Resource.Resource == "cronjobs" {
			p, err := cron.Suspend(ctx, c, r)
			if errors.Is(err, change.ErrNothingToDo) {
				return cron.Resume(ctx, c, r)
			}
			return p, err
		}
		return change.Update(ctx, c, change.Edit{
			Ref: r, Summary: "turn suspend of " + r.String(),
			Mutate: func(u *unstructured.Unstructured) error {
				now, _, err := unstructured.NestedBool(u.Object, "spec", "suspend")
				if err != nil {
					return err
				}
				return unstructured.SetNestedField(u.Object, !now, "spec", "suspend")
			},
		})
	}))
}

// Trigger proposes a Job made of a CronJob, as kubectl create job --from does.
func Trigger(s *screen.Scope, o screen.Object) {
	Propose(s, "run "+o.Name+" now", One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		return cron.Trigger(ctx, c, Ref(o))
	}))
}
