// Package edit plans changes that are written as text: an edited object, manifests that are applied, labels and annotations.
//
// Like everything that changes a cluster, its functions return plans for the one door of package change.
package edit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ErrInvalid is returned for a text that is not the object that was to be edited.
var ErrInvalid = errors.New("the text cannot be used")

// Session is an object in an editor.
type Session struct {
	ref  change.Ref
	base *unstructured.Unstructured
	// Text is the object as YAML, without status and managedFields, for the editor.
	Text []byte
}

// Begin reads the object to edit.
func Begin(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*Session, error) {
	live, err := change.Get(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	shown := live.DeepCopy()
	unstructured.RemoveNestedField(shown.Object, "metadata", "managedFields")
	unstructured.RemoveNestedField(shown.Object, "status")
	text, err := yaml.Marshal(shown.Object)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", ref, err)
	}
	ref.UID, ref.ResourceVersion, ref.Kind = live.GetUID(), live.GetResourceVersion(), live.GetKind()
	return &Session{ref: ref, base: live, Text: text}, nil
}

// Plan plans what the edited text changes. What someone else changed meanwhile stays, unless it is the same field: then the error is a
// *change.Conflict, and Rebase gives the text to go on with. Errors in the text are ErrInvalid or the server's, and say where;
// a text without a change, or an empty one, is change.ErrNothingToDo.
func (s *Session) Plan(ctx context.Context, c *cluster.Cluster, edited []byte) (*change.Plan, error) {
	if len(bytes.TrimSpace(edited)) == 0 {
		return nil, fmt.Errorf("the text is empty: %w", change.ErrNothingToDo)
	}
	want, err := s.parse(edited)
	if err != nil {
		return nil, err
	}
	return change.Update(ctx, c, change.Edit{
		Ref: s.ref, Strict: true, Summary: "edit " + s.ref.String(),
		Mutate: func(live *unstructured.Unstructured) error {
			merged, err := change.Merge(s.ref, s.base, want, live)
			if err == nil {
				live.Object = merged.Object
			}
			return err
		},
	})
}

// Rebase begins anew on the live object, for after a conflict.
func (s *Session) Rebase(ctx context.Context, c *cluster.Cluster) (*Session, error) {
	return Begin(ctx, c, s.ref)
}

func (s *Session) parse(text []byte) (*unstructured.Unstructured, error) {
	o, err := readObject(text)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, change.ErrNothingToDo // comments alone, as good as nothing at all
	}
	for _, f := range []struct{ name, was, is string }{
		{"apiVersion", s.base.GetAPIVersion(), o.GetAPIVersion()},
		{"kind", s.base.GetKind(), o.GetKind()},
		{"metadata.name", s.base.GetName(), o.GetName()},
		{"metadata.namespace", s.base.GetNamespace(), o.GetNamespace()},
		{"metadata.uid", string(s.base.GetUID()), string(o.GetUID())},
	} {
		if f.was != f.is {
			return nil, fmt.Errorf("%w: %s was %q and is %q: it cannot be changed, create another object instead", ErrInvalid, f.name, f.was, f.is)
		}
	}
	return o, nil
}
