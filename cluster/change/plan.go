package change

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
)

// request is how a plan is carried out.
type request struct {
	// want is Before with the change made, without what a dry run added.
	want        *unstructured.Unstructured
	subresource string
	strict      bool
	delete      *metav1.DeleteOptions
	applied     *unstructured.Unstructured // by server-side apply, instead of want
	force       bool                       // takes over the fields of other managers
	operation   *Operation                 // instead of a write to the API
	undoes      int                        // the record that this plan takes back
	together    *int                       // the same for all that are made as one change; nil for one alone
}

// Edit says how to change one object.
type Edit struct {
	Ref Ref
	// Summary and Command describe the change in the plan. Without a Command it is a kubectl patch.
	Summary, Command string
	// Mutate changes a copy of the live object. Its error ends the planning and is returned as it is.
	Mutate func(*unstructured.Unstructured) error
	// Strict makes the server refuse unknown and repeated fields, as kubectl edit and apply do.
	Strict bool
	// Warnings are put before the server's.
	Warnings []string
	// Subresource is where the change goes instead of the object itself: "ephemeralcontainers". Such a change cannot be undone.
	Subresource string
}

// Update plans to change one object. It returns ErrNothingToDo when Mutate changes nothing.
func Update(ctx context.Context, c *cluster.Cluster, e Edit) (*Plan, error) {
	return onNewest(func() (*Plan, error) { return planUpdate(ctx, c, e) })
}

func planUpdate(ctx context.Context, c *cluster.Cluster, e Edit) (*Plan, error) {
	live, err := Get(ctx, c, e.Ref)
	if err != nil {
		return nil, err
	}
	want := live.DeepCopy()
	if err := e.Mutate(want); err != nil {
		return nil, err
	}
	if apiequality.Semantic.DeepEqual(live.Object, want.Object) {
		return nil, fmt.Errorf("%s: %w", e.Ref, ErrNothingToDo)
	}
	p := &Plan{
		Verb: "update", Summary: e.Summary, Command: e.Command, Ref: refOf(e.Ref, live),
		Before: live, After: want, Warnings: e.Warnings,
		request: request{want: want, strict: e.Strict, subresource: e.Subresource},
	}
	if p.Command == "" {
		p.Command = patchCommand(p.Ref, live, want)
	}
	w := patch(p.Ref, live, want)
	w.strict, w.subresource = e.Strict, e.Subresource
	after, err := p.dryRun(ctx, c, w)
	if err != nil {
		return nil, err
	}
	if after != nil {
		p.After = after
		if sameSubstance(live, after) {
			return nil, fmt.Errorf("%s: the server keeps it as it is: %w", e.Ref, ErrNothingToDo)
		}
	}
	return p, nil
}

// Create plans to create an object of the resource that ref names.
func Create(ctx context.Context, c *cluster.Cluster, ref Ref, obj *unstructured.Unstructured) (*Plan, error) {
	obj = obj.DeepCopy()
	obj.SetResourceVersion("")
	obj.SetUID("")
	ref.UID, ref.ResourceVersion = "", ""
	p := &Plan{
		Verb: "create", Summary: "create " + ref.String(), Command: kubectl(ref, "create", "-f", "-"), Ref: ref, After: obj,
		request: request{want: obj, strict: true},
	}
	after, err := p.dryRun(ctx, c, write{method: http.MethodPost, ref: ref, collection: true, body: obj, strict: true})
	if err != nil {
		return nil, err
	}
	if after != nil {
		p.After = after
		after.SetUID("") // the dry run's UID is nobody's
	}
	return p, nil
}

// DeleteOptions say how an object is deleted.
type DeleteOptions struct {
	// Propagation is the server's default for the kind where empty.
	Propagation metav1.DeletionPropagation
	// GracePeriodSeconds is the object's own where nil; 0 deletes a Pod at once, without waiting for its containers.
	GracePeriodSeconds *int64
}

// Delete plans to delete one object.
func Delete(ctx context.Context, c *cluster.Cluster, ref Ref, o DeleteOptions) (*Plan, error) {
	return onNewest(func() (*Plan, error) { return planDelete(ctx, c, ref, o) })
}

func planDelete(ctx context.Context, c *cluster.Cluster, ref Ref, o DeleteOptions) (*Plan, error) {
	live, err := Get(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	opts := &metav1.DeleteOptions{GracePeriodSeconds: o.GracePeriodSeconds}
	args := []string{"delete", ref.kubectlName()}
	if o.Propagation != "" {
		opts.PropagationPolicy = &o.Propagation
		args = append(args, "--cascade="+cascade(o.Propagation))
	}
	if g := o.GracePeriodSeconds; g != nil {
		args = append(args, fmt.Sprintf("--grace-period=%d", *g))
		if *g == 0 {
			args = append(args, "--force")
		}
	}
	p := &Plan{
		Verb: "delete", Summary: "delete " + ref.String(), Command: kubectl(ref, args...), Ref: refOf(ref, live),
		Before: live, Warnings: deleteWarnings(live), request: request{delete: opts},
	}
	if _, err := p.dryRun(ctx, c, p.deletion(live)); err != nil {
		return nil, err
	}
	return p, nil
}

// Scale plans to set the number of replicas of anything that has the scale subresource.
func Scale(ctx context.Context, c *cluster.Cluster, ref Ref, replicas int32) (*Plan, error) {
	return onNewest(func() (*Plan, error) { return planScale(ctx, c, ref, replicas) })
}

// Replicas is how many replicas anything with the scale subresource wants.
func Replicas(ctx context.Context, c *cluster.Cluster, ref Ref) (int, error) {
	live, err := get(ctx, c, ref, "scale")
	if err != nil {
		return 0, err
	}
	n, _, err := unstructured.NestedInt64(live.Object, "spec", "replicas")
	return int(n), err
}

func planScale(ctx context.Context, c *cluster.Cluster, ref Ref, replicas int32) (*Plan, error) {
	if replicas < 0 {
		return nil, fmt.Errorf("scale %s: replicas must be 0 or more, not %d", ref, replicas)
	}
	live, err := get(ctx, c, ref, "scale")
	if err != nil {
		return nil, err
	}
	from, _, err := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if err != nil {
		return nil, fmt.Errorf("scale %s: %w", ref, err)
	}
	if from == int64(replicas) {
		return nil, fmt.Errorf("%s already has %d replicas: %w", ref, replicas, ErrNothingToDo)
	}
	want := live.DeepCopy()
	if err := unstructured.SetNestedField(want.Object, int64(replicas), "spec", "replicas"); err != nil {
		return nil, fmt.Errorf("scale %s: %w", ref, err)
	}
	p := &Plan{
		Verb:    "scale",
		Summary: fmt.Sprintf("scale %s from %d to %d", ref, from, replicas),
		Command: kubectl(ref, "scale", ref.kubectlName(), fmt.Sprintf("--replicas=%d", replicas)),
		Ref:     refOf(ref, live), Before: live, After: want,
		request: request{want: want, subresource: "scale"},
	}
	w := patch(p.Ref, live, want)
	w.subresource = "scale"
	if _, err := p.dryRun(ctx, c, w); err != nil {
		return nil, err
	}
	return p, nil
}

// onNewest plans again where the object changed between its reading and the dry run.
func onNewest(plan func() (*Plan, error)) (*Plan, error) {
	for try := 1; ; try++ {
		p, err := plan()
		if !apierrors.IsConflict(err) || try == attempts {
			return p, err
		}
	}
}

// dryRun asks the server what the plan would do. Where it cannot be asked, the plan says so and stays as it is.
func (p *Plan) dryRun(ctx context.Context, c *cluster.Cluster, w write) (*unstructured.Unstructured, error) {
	w.dryRun = true
	after, warnings, err := send(ctx, c, w)
	p.Warnings = append(p.Warnings, warnings...)
	switch {
	case errors.Is(err, ErrReadOnly):
		p.Warnings = append(p.Warnings, "not checked by the server: "+err.Error())
		return nil, nil
	case err != nil && dryRunImpossible(err):
		p.Warnings = append(p.Warnings, "not checked by the server: "+err.Error())
		return nil, nil
	case errors.Is(err, ErrOwned):
		return nil, fmt.Errorf("%s: %w", p.Ref, err)
	case apierrors.IsConflict(err):
		return nil, fmt.Errorf("%s: %w: %w", p.Ref, ErrConflict, err)
	case err != nil:
		return nil, fmt.Errorf("the server would refuse: %w", err)
	}
	return after, nil
}

// Get reads the live object of ref, and checks that it is the one that the user saw: one of the same name
// with another UID is an ErrConflict.
func Get(ctx context.Context, c *cluster.Cluster, ref Ref) (*unstructured.Unstructured, error) {
	return get(ctx, c, ref, "")
}

func get(ctx context.Context, c *cluster.Cluster, ref Ref, subresource string) (*unstructured.Unstructured, error) {
	var sub []string
	if subresource != "" {
		sub = []string{subresource}
	}
	live, err := c.Dynamic().Resource(ref.Resource).Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{}, sub...)
	switch {
	case apierrors.IsNotFound(err) && ref.UID != "":
		return nil, fmt.Errorf("%s is gone, or has no such operation: %w: %w", ref, ErrConflict, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", ref, err)
	case ref.UID != "" && live.GetUID() != ref.UID:
		return nil, &Conflict{Ref: ref, Live: live, Changed: []string{"metadata.uid: it was deleted and created anew"}, By: lastWriter(live)}
	}
	return live, nil
}

// refOf is ref with what the live object knows.
func refOf(ref Ref, live *unstructured.Unstructured) Ref {
	ref.UID, ref.ResourceVersion = live.GetUID(), live.GetResourceVersion()
	if ref.Kind == "" && live.GetKind() != "Scale" {
		ref.Kind = live.GetKind()
	}
	return ref
}

func (p *Plan) deletion(live *unstructured.Unstructured) write {
	opts := *p.request.delete
	uid, rv := types.UID(live.GetUID()), live.GetResourceVersion()
	opts.Preconditions = &metav1.Preconditions{UID: &uid, ResourceVersion: &rv}
	return write{method: http.MethodDelete, ref: p.Ref, options: &opts}
}

func cascade(p metav1.DeletionPropagation) string {
	switch p {
	case metav1.DeletePropagationOrphan:
		return "orphan"
	case metav1.DeletePropagationForeground:
		return "foreground"
	}
	return "background"
}
