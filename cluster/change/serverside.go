package change

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/podarium/podarium/cluster"
)

// ErrOwned is returned where other field managers own fields that a server-side apply sets. It is an ErrConflict.
var ErrOwned = fmt.Errorf("other managers own some of its fields, which --force-conflicts would take over: %w", ErrConflict)

// ServerSideApply plans what kubectl apply --server-side does: the server merges the object with the live one by who owns which field.
// Fields of other managers are an ErrOwned that names them, unless force takes them over. An object that does not exist is
// created; one that somebody else creates after the plan was made is merged with.
func ServerSideApply(ctx context.Context, c *cluster.Cluster, ref Ref, obj *unstructured.Unstructured, force bool) (*Plan, error) {
	return onNewest(func() (*Plan, error) { return planServerSide(ctx, c, ref, obj, force) })
}

func planServerSide(ctx context.Context, c *cluster.Cluster, ref Ref, obj *unstructured.Unstructured, force bool) (*Plan, error) {
	live, err := Get(ctx, c, ref)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	args := []string{"apply", "--server-side", "--field-manager=" + FieldManager}
	if force {
		args = append(args, "--force-conflicts")
	}
	p := &Plan{
		Verb: "create", Summary: "apply " + ref.String() + " on the server's side", Command: kubectl(ref, append(args, "-f", "-")...), Ref: ref,
		After: obj.DeepCopy(), request: request{applied: obj.DeepCopy(), force: force},
	}
	if err == nil {
		p.Verb, p.Before, p.Ref = "update", live, refOf(ref, live)
	}
	after, err := p.dryRun(ctx, c, p.application(p.Before))
	if err != nil || after == nil {
		return p, err
	}
	p.After = after
	if p.Before == nil {
		after.SetUID("") // the dry run's UID is nobody's
	} else if sameSubstance(live, after) {
		if owns(live) == owns(after) {
			return nil, fmt.Errorf("%s: %w", ref, ErrNothingToDo)
		}
		p.Effects = []string{"nothing else than that " + FieldManager + " owns the fields that it names, from now on"}
	}
	return p, nil
}

// application is the request of a server-side apply. Like a patch it is for this version of this object only.
func (p *Plan) application(live *unstructured.Unstructured) write {
	body := p.request.applied.DeepCopy()
	for _, f := range serverSet {
		unstructured.RemoveNestedField(body.Object, "metadata", f)
	}
	unstructured.RemoveNestedField(body.Object, "status")
	if live != nil {
		body.SetUID(live.GetUID())
		body.SetResourceVersion(live.GetResourceVersion())
	}
	return write{method: http.MethodPatch, ref: p.Ref, body: body, strict: true, apply: true, force: p.request.force}
}

// ownedByOthers turns the server's refusal of a server-side apply into an ErrOwned.
func ownedByOthers(err error) error {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return err
	}
	if slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool { return c.Type == metav1.CauseTypeFieldManagerConflict }) {
		return fmt.Errorf("%w: %s", ErrOwned, status.Status().Message)
	}
	return err
}

// owns are the fields that this program owns by server-side apply, as the server writes them.
func owns(o *unstructured.Unstructured) string {
	for _, m := range o.GetManagedFields() {
		if m.Manager == FieldManager && m.Operation == metav1.ManagedFieldsOperationApply && m.FieldsV1 != nil {
			return m.FieldsV1.String()
		}
	}
	return ""
}
