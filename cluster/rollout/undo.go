package rollout

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	deploymentutil "k8s.io/kubectl/pkg/util/deployment"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ownAnnotations stay the Deployment's own in an undo; all others become those of the revision, as kubectl does
// (k8s.io/kubectl pkg/polymorphichelpers/rollback.go, annotationsToSkip). A test compares the outcome with kubectl's.
var ownAnnotations = []string{
	corev1.LastAppliedConfigAnnotation,
	deploymentutil.RevisionAnnotation,
	deploymentutil.RevisionHistoryAnnotation,
	deploymentutil.DesiredReplicasAnnotation,
	deploymentutil.MaxReplicasAnnotation,
	appsv1.DeprecatedRollbackTo,
}

// Undo plans to go back to the template of a revision; 0 is the one before the current, as with kubectl rollout undo.
// It works in the middle of a rollout, stuck or not. It returns ErrPaused for a paused Deployment, ErrNoSuchRevision,
// and change.ErrNothingToDo when the template is that of the revision already.
func Undo(ctx context.Context, c *cluster.Cluster, ref change.Ref, toRevision int64) (*change.Plan, error) {
	live, err := change.Get(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	past, err := readPast(ctx, c, ref, live)
	if err != nil {
		return nil, err
	}
	if isPaused(live) {
		return nil, fmt.Errorf("undo %s: %w: resume it first", ref, ErrPaused)
	}
	to, err := choose(past, toRevision)
	if err != nil {
		return nil, fmt.Errorf("undo %s: %w", ref, err)
	}
	if to.Current {
		return nil, fmt.Errorf("%s already runs the template of revision %d: %w", ref, to.Number, change.ErrNothingToDo)
	}
	args := []string{"rollout", "undo", ref.String()}
	if toRevision != 0 {
		args = append(args, fmt.Sprintf("--to-revision=%d", toRevision))
	}
	seen := ref
	seen.UID = live.GetUID()
	return change.Update(ctx, c, change.Edit{
		Ref: seen, Command: change.Command(ref, args...), Warnings: undoWarnings(live),
		Summary: fmt.Sprintf("undo %s to revision %d", ref, to.Number),
		Mutate: func(o *unstructured.Unstructured) error {
			// Decided on live, so it must be that: a pause or an edit since then is not overlooked.
			if o.GetResourceVersion() != live.GetResourceVersion() && o.GetGeneration() != live.GetGeneration() {
				return &change.Conflict{Ref: seen, Live: o, Changed: []string{"spec"}}
			}
			return restore(o, to, kindOf(ref))
		},
	})
}

// choose finds the revision to go to. past is newest first.
func choose(past []pastRevision, number int64) (*pastRevision, error) {
	if number < 0 {
		return nil, fmt.Errorf("revision %d: %w", number, ErrNoSuchRevision)
	}
	if number > 0 {
		for i := range past {
			if past[i].Number == number {
				return &past[i], nil
			}
		}
		return nil, fmt.Errorf("revision %d: %w", number, ErrNoSuchRevision)
	}
	if len(past) < 2 {
		return nil, fmt.Errorf("there is no earlier revision: %w", ErrNoSuchRevision)
	}
	return &past[1], nil
}

// restore makes the object's template that of the revision.
func restore(o *unstructured.Unstructured, to *pastRevision, kind workloadKind) error {
	template := (&unstructured.Unstructured{Object: to.template}).DeepCopy().Object
	unstructured.RemoveNestedField(template, "metadata", "labels", appsv1.DefaultDeploymentUniqueLabelKey)
	if err := unstructured.SetNestedMap(o.Object, template, "spec", "template"); err != nil {
		return err
	}
	if kind != deployment {
		return nil // kubectl leaves the annotations of StatefulSets and DaemonSets alone
	}
	annotations := map[string]string{}
	for k, v := range to.annotations {
		annotations[k] = v
	}
	own := o.GetAnnotations()
	for _, k := range ownAnnotations {
		delete(annotations, k)
		if v, ok := own[k]; ok {
			annotations[k] = v
		}
	}
	o.SetAnnotations(annotations)
	return nil
}

// undoWarnings tell of what an undo alone does not mend.
func undoWarnings(live *unstructured.Unstructured) []string {
	policy, _, _ := unstructured.NestedString(live.Object, "spec", "podManagementPolicy")
	strategy, _, _ := unstructured.NestedString(live.Object, "spec", "updateStrategy", "type")
	switch {
	case strategy == string(appsv1.OnDeleteStatefulSetStrategyType):
		return []string{"its updateStrategy is OnDelete: Pods change only when they are deleted"}
	case policy == string(appsv1.OrderedReadyPodManagement):
		return []string{"a Pod that never became ready is not replaced by itself (OrderedReady): delete it after the undo"}
	}
	return nil
}
