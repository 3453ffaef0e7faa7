package changes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/owned"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// How a deletion goes on to what the object owns.
const (
	background = "background: what it owns goes after it"
	foreground = "foreground: what it owns goes before it"
	orphan     = "orphan: what it owns stays"
)

// Delete asks how, and proposes to delete. The preview says what goes with each object.
func Delete(s *screen.Scope, objects []screen.Object) { DeleteThen(s, objects, func() {}) }

// DeleteThen is Delete, and runs then after they were deleted.
func DeleteThen(s *screen.Scope, objects []screen.Object, then func()) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Delete " + objects[0].Resource.Resource + " " + names(objects),
		Fields: []dialog.Field{
			{Label: "propagation", Value: background, Choices: []string{background, foreground, orphan}},
			{Label: "grace in seconds", Value: "", Check: checkGrace},
		},
		Note:   "Grace is how long containers may take to stop: empty for each Pod's own, 0 for at once (force).",
		Accept: "Preview",
		Then: func(values []string) {
			o := change.DeleteOptions{Propagation: map[string]metav1.DeletionPropagation{
				background: metav1.DeletePropagationBackground, foreground: metav1.DeletePropagationForeground, orphan: metav1.DeletePropagationOrphan,
			}[values[0]]}
			if v := strings.TrimSpace(values[1]); v != "" {
				n, err := strconv.ParseInt(v, 10, 64)
				if err != nil {
					return // the form has checked it
				}
				o.GracePeriodSeconds = &n
			}
			ProposeThen(s, "delete "+names(objects), deletePlans(objects, o), then)
		},
	}))
}

// Kill proposes to delete Pods at once, without grace.
func Kill(s *screen.Scope, pods []screen.Object) {
	now := int64(0)
	Propose(s, "kill "+names(pods), deletePlans(pods, change.DeleteOptions{GracePeriodSeconds: &now}))
}

// Sanitize proposes to delete those of some Pods that have ended, well or not.
func Sanitize(s *screen.Scope, pods []screen.Object) {
	Propose(s, "delete the Pods that have ended", func(ctx context.Context, c *cluster.Cluster) ([]*change.Plan, error) {
		over, err := ended(ctx, c, pods)
		if err != nil {
			return nil, err
		}
		if len(over) == 0 {
			return nil, fmt.Errorf("none of these Pods has ended: %w", change.ErrNothingToDo)
		}
		return deletePlans(over, change.DeleteOptions{})(ctx, c)
	})
}

// ended are those of some Pods whose containers have all ended for good.
func ended(ctx context.Context, c *cluster.Cluster, pods []screen.Object) ([]screen.Object, error) {
	namespaces := map[string]bool{}
	for _, p := range pods {
		namespaces[p.Namespace] = true
	}
	over := map[types.UID]bool{}
	for ns := range namespaces {
		for _, phase := range []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed} {
			list, err := c.Kubernetes().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{FieldSelector: "status.phase=" + string(phase)})
			if err != nil {
				return nil, err
			}
			for i := range list.Items {
				over[list.Items[i].UID] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(pods), func(p screen.Object) bool { return !over[p.UID] }), nil
}

func checkGrace(v string) error {
	if v = strings.TrimSpace(v); v == "" {
		return nil
	}
	if n, err := strconv.ParseInt(v, 10, 32); err != nil || n < 0 {
		return errors.New("give a whole number of seconds, 0 or more, or nothing")
	}
	return nil
}

func deletePlans(objects []screen.Object, o change.DeleteOptions) Planner {
	plan := each(objects, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
		return change.Delete(ctx, c, r, o)
	})
	return func(ctx context.Context, c *cluster.Cluster) ([]*change.Plan, error) {
		plans, err := plan(ctx, c)
		if err != nil {
			return nil, err
		}
		refs := make([]change.Ref, len(plans))
		for i, p := range plans {
			refs[i] = p.Ref
		}
		found, err := owned.By(ctx, c, refs...)
		for i, p := range plans {
			if err != nil {
				plans[i] = p.WithEffects(fmt.Sprintf("what goes with it is not known: %v", err))
			} else {
				plans[i] = p.WithEffects(found[p.Ref.UID].Lines(o.Propagation == metav1.DeletePropagationOrphan)...)
			}
		}
		return plans, nil
	}
}
