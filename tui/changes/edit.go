package changes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/screen"
)

// draft is an object in the user's editor.
type draft struct {
	scope  *screen.Scope
	object screen.Object
	// original is the object as it was given to the editor; text is its YAML.
	original *unstructured.Unstructured
	text     []byte
	file     string
}

// EditInEditor gives an object to the user's editor and proposes what came of it. What was typed is kept until it is
// applied: where it cannot be read, or the server would refuse it, the editor can be opened on it again.
func EditInEditor(s *screen.Scope, o screen.Object) {
	c := s.Cluster()
	screen.Call(s, "read "+o.Name, planTimeout, func(ctx context.Context) (*draft, error) {
		u, err := change.Get(ctx, c, Ref(o))
		if err != nil {
			return nil, err
		}
		return newDraft(s, o, u)
	}, func(d *draft, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		d.open()
	})
}

func newDraft(s *screen.Scope, o screen.Object, u *unstructured.Unstructured) (*draft, error) {
	shown := u.DeepCopy()
	shown.SetManagedFields(nil)
	text, err := yaml.Marshal(shown.Object)
	if err != nil {
		return nil, fmt.Errorf("%s as YAML: %w", o.Name, err)
	}
	dir, err := os.MkdirTemp("", "podarium-edit-")
	if err != nil {
		return nil, err
	}
	d := &draft{scope: s, object: o, original: shown, text: text, file: filepath.Join(dir, o.Name+".yaml")}
	return d, os.WriteFile(d.file, text, 0o600)
}

// editor is the user's, as kubectl finds it.
func editor() []string {
	for _, name := range []string{"KUBE_EDITOR", "VISUAL", "EDITOR"} {
		if words := strings.Fields(os.Getenv(name)); len(words) > 0 {
			return words
		}
	}
	return []string{"vi"}
}

func (d *draft) open() {
	words := editor()
	d.scope.Exec(exec.Command(words[0], append(words[1:], d.file)...), func(err error) {
		if err != nil {
			d.again(fmt.Errorf("the editor %s: %w", words[0], err))
			return
		}
		d.propose()
	})
}

// errUnchanged is what an edit comes to that changed nothing.
var errUnchanged = fmt.Errorf("nothing was changed: %w", change.ErrNothingToDo)

func (d *draft) propose() {
	c := d.scope.Cluster()
	screen.Call(d.scope, "plan: edit "+d.object.Name, planTimeout, func(ctx context.Context) (*change.Plan, error) {
		typed, err := os.ReadFile(d.file)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(typed, d.text) {
			return nil, errUnchanged
		}
		var edited map[string]any
		if err := yaml.UnmarshalStrict(typed, &edited); err != nil {
			return nil, err
		}
		return d.plan(ctx, c, edited)
	}, func(p *change.Plan, err error) {
		switch {
		case errors.Is(err, change.ErrNothingToDo):
			d.drop()
			d.scope.Say(screen.Idle, err.Error())
		case err != nil:
			d.again(err)
		default:
			d.scope.Ask(newPreview(d.scope, []*change.Plan{p}, func() {
				apply(d.scope, []*change.Plan{p})
				d.drop()
			}))
		}
	})
}

// plan puts what the user changed onto the object as it is now: what someone else has changed since stays.
func (d *draft) plan(ctx context.Context, c *cluster.Cluster, edited map[string]any) (*change.Plan, error) {
	before, err := json.Marshal(d.original.Object)
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(edited)
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.CreateMergePatch(before, after)
	if err != nil {
		return nil, fmt.Errorf("what was changed: %w", err)
	}
	ref := Ref(d.object)
	return change.Update(ctx, c, change.Edit{
		Ref: ref, Summary: "edit " + ref.String(), Strict: true,
		Mutate: func(live *unstructured.Unstructured) error {
			now, err := json.Marshal(live.Object)
			if err != nil {
				return err
			}
			merged, err := jsonpatch.MergePatch(now, patch)
			if err != nil {
				return fmt.Errorf("what was changed: %w", err)
			}
			return live.UnmarshalJSON(merged)
		},
	})
}

// again says what is wrong and offers the editor on the same text.
func (d *draft) again(err error) {
	d.scope.Ask(dialog.NewConfirm(d.scope, dialog.Confirm{
		Title:  "This cannot be applied",
		Text:   err.Error() + "\n\nThe text is kept in " + d.file,
		Accept: "Edit again",
		Then:   d.open,
	}))
}

// drop removes the text, off the UI's goroutine.
func (d *draft) drop() {
	dir := filepath.Dir(d.file)
	go func() { _ = os.RemoveAll(dir) }() // a temporary directory of ours; what is left of it harms nobody
}
