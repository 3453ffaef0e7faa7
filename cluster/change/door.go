package change

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/podarium/podarium/cluster"
)

// attempts is how often Apply puts a change on a newer version of an object whose status keeps changing.
const attempts = 8

// Door applies plans to one cluster and remembers them. It is safe for use by several goroutines.
type Door struct {
	c *cluster.Cluster

	mu      sync.Mutex
	records []Record
}

// NewDoor makes the door of a cluster.
func NewDoor(c *cluster.Cluster) *Door { return &Door{c: c} }

// Records are the changes made so far, oldest first.
func (d *Door) Records() []Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.records)
}

// With are the changes that were made together with r, which is among them, oldest first.
func (d *Door) With(r Record) []Record {
	if r.Plan.request.together == nil {
		return []Record{r}
	}
	return slices.DeleteFunc(d.Records(), func(o Record) bool { return o.Plan.request.together != r.Plan.request.together })
}

// Apply makes the change. It returns ErrReadOnly, an ErrConflict, or the server's error, and then nothing was changed; after an
// error of the connection or of ctx it is not known whether the change was made.
func (d *Door) Apply(ctx context.Context, p *Plan) (*Record, error) {
	result, err := d.do(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Summary, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r := Record{ID: len(d.records) + 1, Time: time.Now(), Plan: p, Result: result, Undid: p.request.undoes}
	if u := r.Undid; u > 0 && u <= len(d.records) {
		d.records[u-1].UndoneBy = r.ID
	}
	d.records = append(d.records, r)
	return &r, nil
}

func (d *Door) do(ctx context.Context, p *Plan) (*unstructured.Unstructured, error) {
	if o := p.request.operation; o != nil {
		return nil, operate(ctx, d.c, o)
	}
	if p.Before == nil {
		w := write{method: http.MethodPost, ref: p.Ref, collection: true, body: p.request.want, strict: p.request.strict}
		if p.request.applied != nil {
			w = p.application(nil)
		}
		result, _, err := send(ctx, d.c, w)
		if apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("%w: %w", ErrConflict, err)
		}
		return result, err
	}
	if p.Verb == "evict" {
		_, _, err := send(ctx, d.c, p.eviction())
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil, fmt.Errorf("%w: %w", ErrConflict, err)
		}
		return nil, err
	}
	live, want := p.Before, p.request.want
	for try := 1; ; try++ {
		result, err := d.attempt(ctx, p, live, want)
		switch {
		case err == nil:
			return result, nil
		case apierrors.IsNotFound(err):
			return nil, fmt.Errorf("%s is gone: %w: %w", p.Ref, ErrConflict, err)
		case !apierrors.IsConflict(err):
			return nil, err
		case try == attempts:
			return nil, fmt.Errorf("%s keeps changing: %w: %w", p.Ref, ErrConflict, err)
		}
		if live, err = get(ctx, d.c, p.Ref, p.request.subresource); err != nil {
			return nil, err
		}
		rebased, err := rebase(p.Ref, p.Before, p.request.want, live)
		if err != nil {
			return nil, err
		}
		if want != nil {
			want = rebased
		}
	}
}

func (d *Door) attempt(ctx context.Context, p *Plan, live, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if p.request.delete != nil {
		_, _, err := send(ctx, d.c, p.deletion(live))
		return nil, err
	}
	if p.request.applied != nil {
		result, _, err := send(ctx, d.c, p.application(live))
		return result, err
	}
	w := patch(p.Ref, live, want)
	w.subresource, w.strict = p.request.subresource, p.request.strict
	result, _, err := send(ctx, d.c, w)
	return result, err
}

// Undo plans the way back from a change: a plan to be previewed and applied like any other. It returns a *Conflict when
// someone else changed the same fields since, ErrNothingToDo when it was undone already, and
// ErrCannotUndo for what has no way back.
func (d *Door) Undo(ctx context.Context, r *Record) (*Plan, error) {
	d.mu.Lock()
	if r.ID >= 1 && r.ID <= len(d.records) {
		now := d.records[r.ID-1]
		r = &now
	}
	d.mu.Unlock()
	if r.UndoneBy != 0 {
		return nil, fmt.Errorf("%s was undone already, by change %d: %w", r.Plan.Summary, r.UndoneBy, ErrNothingToDo)
	}
	p, err := d.inverse(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("undo %q: %w", r.Plan.Summary, err)
	}
	p.Summary = "undo: " + r.Plan.Summary
	p.request.undoes = r.ID
	return p, nil
}

func (d *Door) inverse(ctx context.Context, r *Record) (*Plan, error) {
	ref := r.Plan.Ref
	if o := r.Plan.request.operation; o != nil {
		return o.back()
	}
	switch r.Plan.Verb {
	case "create":
		ref.UID = r.Result.GetUID()
		return Delete(ctx, d.c, ref, DeleteOptions{})
	case "delete":
		obj, warnings := recreatable(r.Plan.Before)
		p, err := Create(ctx, d.c, ref, obj)
		if apierrors.IsAlreadyExists(err) {
			if _, gone := Get(ctx, d.c, ref); gone == nil { // the very same, by its UID
				return nil, fmt.Errorf("%s is still on its way out: take it back when it is gone", ref)
			}
			return nil, fmt.Errorf("%s still exists, or exists again: %w: %w", ref, ErrConflict, err)
		}
		if err != nil {
			return nil, err
		}
		p.Warnings = append(warnings, p.Warnings...)
		return p, nil
	case "scale":
		live, err := get(ctx, d.c, ref, "scale")
		if err != nil {
			return nil, err
		}
		if _, err := Merge(ref, r.Result, r.Plan.Before, live); err != nil {
			return nil, err
		}
		n, _, err := unstructured.NestedInt64(r.Plan.Before.Object, "spec", "replicas")
		if err != nil {
			return nil, err
		}
		return Scale(ctx, d.c, ref, int32(n))
	case "update":
		if r.Plan.request.subresource != "" {
			return nil, ErrCannotUndo
		}
		return Update(ctx, d.c, Edit{Ref: ref, Mutate: func(live *unstructured.Unstructured) error {
			back, err := Merge(ref, r.Result, r.Plan.Before, live)
			if err == nil {
				live.Object = back.Object
			}
			return err
		}})
	}
	return nil, ErrCannotUndo
}
