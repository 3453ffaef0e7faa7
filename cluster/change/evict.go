package change

import (
	"context"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
)

// Evict plans to evict a Pod, as kubectl drain does: the server refuses (429) while a PodDisruptionBudget forbids it.
// Applying it cannot be undone: the Pod's controller makes another one.
func Evict(ctx context.Context, c *cluster.Cluster, ref Ref, o DeleteOptions) (*Plan, error) {
	live, err := Get(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	opts := &metav1.DeleteOptions{GracePeriodSeconds: o.GracePeriodSeconds}
	p := &Plan{Verb: "evict", Summary: "evict " + ref.String(), Ref: refOf(ref, live), Before: live, request: request{delete: opts}}
	p.Command = kubectl(Ref{}, "create", "--raw", "/"+strings.Join(p.eviction().path(), "/"), "-f", "-") // it has no other
	if len(live.GetOwnerReferences()) == 0 {
		p.Warnings = append(p.Warnings, "no controller will make it again")
	}
	return p, nil
}

// eviction carries the UID, so that another Pod of the same name is left alone.
func (p *Plan) eviction() write {
	opts := *p.request.delete
	uid := types.UID(p.Ref.UID)
	opts.Preconditions = &metav1.Preconditions{UID: &uid}
	body := map[string]any{
		"apiVersion":    "policy/v1",
		"kind":          "Eviction",
		"metadata":      map[string]any{"name": p.Ref.Name, "namespace": p.Ref.Namespace},
		"deleteOptions": opts,
	}
	return write{method: http.MethodPost, ref: p.Ref, subresource: "eviction", body: body}
}
