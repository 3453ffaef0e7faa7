// Package drain empties nodes: cordon, uncordon, and the eviction of all Pods of a node with its progress.
//
// Which Pods go, which stay and which forbid the whole is kubectl drain's own decision (k8s.io/kubectl/pkg/drain);
// the changes themselves are plans for the one door of package change.
package drain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubectldrain "k8s.io/kubectl/pkg/drain"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ErrRefused is returned when Pods of the node forbid a drain with these options. The error is a *Refused.
var ErrRefused = errors.New("the node cannot be drained like this")

// Refused says what forbids a drain.
type Refused struct {
	Node string
	// Reasons are kubectl's: each names Pods, and the option that would let them go.
	Reasons []string
}

// Error is all of it in one line.
func (r *Refused) Error() string {
	return fmt.Sprintf("drain %s: %v: %s", r.Node, ErrRefused, strings.Join(r.Reasons, "; "))
}

// Unwrap makes errors.Is(err, ErrRefused) true.
func (r *Refused) Unwrap() error { return ErrRefused }

// Cordon plans to keep new Pods off a node. It returns change.ErrNothingToDo when it is cordoned.
func Cordon(ctx context.Context, c *cluster.Cluster, node change.Ref) (*change.Plan, error) {
	return setUnschedulable(ctx, c, node, true, "cordon")
}

// Uncordon plans to let new Pods onto a node again. It returns change.ErrNothingToDo when it is not cordoned.
func Uncordon(ctx context.Context, c *cluster.Cluster, node change.Ref) (*change.Plan, error) {
	return setUnschedulable(ctx, c, node, false, "uncordon")
}

func setUnschedulable(ctx context.Context, c *cluster.Cluster, node change.Ref, to bool, verb string) (*change.Plan, error) {
	return change.Update(ctx, c, change.Edit{
		Ref: node, Summary: verb + " " + node.String(), Command: change.Command(node, verb, node.Name),
		Mutate: func(o *unstructured.Unstructured) error {
			if !to {
				unstructured.RemoveNestedField(o.Object, "spec", "unschedulable")
				return nil
			}
			return unstructured.SetNestedField(o.Object, true, "spec", "unschedulable")
		},
	})
}

// Options are kubectl drain's.
type Options struct {
	// IgnoreDaemonSets leaves the Pods of DaemonSets where they are; without it they forbid the drain.
	IgnoreDaemonSets bool
	// DeleteEmptyDirData lets Pods go whose emptyDir volumes are lost with them.
	DeleteEmptyDirData bool
	// Force lets Pods go that no controller makes again.
	Force bool
	// GracePeriodSeconds is the Pods' own where nil.
	GracePeriodSeconds *int64
}

// Plan is a drain that has not begun.
type Plan struct {
	// Cordon is nil where the node is cordoned already.
	Cordon *change.Plan
	// Evictions are by namespace and name.
	Evictions []*change.Plan
	// Warnings are kubectl's, such as the DaemonSets' Pods that stay.
	Warnings []string
	// Command is the equal kubectl command.
	Command string
}

// Make plans a drain. It returns ErrRefused where Pods forbid it.
func Make(ctx context.Context, c *cluster.Cluster, node change.Ref, o Options) (*Plan, error) {
	helper := kubectldrain.Helper{
		Ctx: ctx, Client: c.Kubernetes(), Force: o.Force, IgnoreAllDaemonSets: o.IgnoreDaemonSets,
		DeleteEmptyDirData: o.DeleteEmptyDirData, GracePeriodSeconds: -1,
	}
	list, errs := helper.GetPodsForDeletion(node.Name)
	if len(errs) > 0 {
		refused := &Refused{Node: node.Name}
		for _, err := range errs {
			refused.Reasons = append(refused.Reasons, err.Error())
		}
		slices.Sort(refused.Reasons)
		return nil, refused
	}
	p := &Plan{Command: o.command(node)}
	if w := list.Warnings(); w != "" {
		p.Warnings = strings.Split(w, "; ")
	}
	cordon, err := Cordon(ctx, c, node)
	if err != nil && !errors.Is(err, change.ErrNothingToDo) {
		return nil, err
	}
	p.Cordon = cordon
	for _, pod := range list.Pods() {
		ref := refOf(&pod)
		e, err := change.Evict(ctx, c, ref, change.DeleteOptions{GracePeriodSeconds: o.GracePeriodSeconds})
		if errors.Is(err, change.ErrConflict) {
			continue // it went by itself
		}
		if err != nil {
			return nil, fmt.Errorf("drain %s: %w", node.Name, err)
		}
		for _, v := range pod.Spec.Volumes {
			if v.EmptyDir != nil {
				e.Warnings = append(e.Warnings, "what is in its emptyDir "+v.Name+" is lost")
			}
		}
		p.Evictions = append(p.Evictions, e)
	}
	return p, nil
}

func refOf(pod *corev1.Pod) change.Ref {
	return change.Ref{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: "Pod",
		Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
	}
}

func (o Options) command(node change.Ref) string {
	args := []string{"drain", node.Name}
	if o.IgnoreDaemonSets {
		args = append(args, "--ignore-daemonsets")
	}
	if o.DeleteEmptyDirData {
		args = append(args, "--delete-emptydir-data")
	}
	if o.Force {
		args = append(args, "--force")
	}
	if o.GracePeriodSeconds != nil {
		args = append(args, fmt.Sprintf("--grace-period=%d", *o.GracePeriodSeconds))
	}
	return change.Command(node, args...)
}

// retryEvery is how long a Pod waits before it is tried again that a PodDisruptionBudget held, as in kubectl.
const retryEvery = 5 * time.Second
