package etcd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/gate"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

// deleteKey proposes to delete a key, or all keys of a directory: through the API where that serves the object, which is
// offered first, or straight from etcd.
func deleteKey(s *screen.Scope, store *etcdview.Store, path string, dir bool) {
	straight := func() {
		o := access.Decoding(s)
		gate.Propose(s, "delete "+etcdview.Printable(path), func(ctx context.Context) (*gate.Step, error) {
			p, err := operate.PlanDelete(ctx, store, path, dir)
			if errors.Is(err, operate.ErrMany) {
				op, example, err := operate.PlanPurge(ctx, store, o.Prefix, path)
				if err != nil {
					return nil, err
				}
				step := gate.Operation(op)
				step.Keys = []string{example}
				return step, nil
			}
			if err != nil {
				return nil, err
			}
			return gate.Keys(ctx, "delete", store, p, o), nil
		}, nil)
	}
	if _, ok := served(s, path); !ok || dir {
		straight()
		return
	}
	chooseWay(s, "Delete "+etcdview.Printable(path), []way{
		{"through the API", "with finalizers, owners and audit; can be taken back", func() {
			withObject(s, path, func(o screen.Object) { changes.Delete(s, []screen.Object{o}) })
		}},
		{"straight from etcd", straightNote(s), straight},
	})
}

// way is one of several to do something.
type way struct {
	text, note string
	do         func()
}

func chooseWay(s *screen.Scope, title string, ways []way) {
	var choices []dialog.Choice
	for _, w := range ways {
		choices = append(choices, dialog.Choice{Text: w.text, Note: w.note})
	}
	s.Ask(dialog.NewChoose(s, dialog.Choose{Title: title, Choices: choices, Then: func(i int) { ways[i].do() }}))
}

func straightNote(s *screen.Scope) string {
	if !s.Cluster().EtcdRegistryWrites() {
		return "past all checks; needs podarium etcd --allow-registry-writes"
	}
	return "past admission, finalizers and audit"
}

// edit proposes to change what the pane's key holds: the object through the API first, or the stored value.
func (p *pane) edit() {
	path := p.key()
	if p.dir && p.current() == nil || path == "" {
		p.scope.Say(screen.Idle, "there is no key under the cursor")
		return
	}
	ways := p.writes()
	if _, ok := served(p.scope, path); ok {
		ways = append([]way{{"edit the object through the API", "with admission, validation and audit; can be taken back", func() {
			withObject(p.scope, path, func(o screen.Object) { changes.EditInEditor(p.scope, o) })
		}}}, ways...)
	}
	switch len(ways) {
	case 0:
		p.scope.Say(screen.Idle, "the value is no text: 'podarium etcd put KEY --file FILE' writes bytes")
	case 1:
		ways[0].do()
	default:
		chooseWay(p.scope, "Change "+etcdview.Printable(path), ways)
	}
}

// writes are the ways to write the value straight into etcd.
func (p *pane) writes() []way {
	c := p.current()
	if c == nil || c.gap != nil || c.Type == etcdview.Delete {
		return nil
	}
	var ways []way
	if utf8.Valid(c.KV.Value) && (p.value == nil || p.value.Encryption == nil) {
		ways = append(ways, way{"edit the stored text", straightNote(p.scope), func() { editText(p.scope, p.store, c.KV.Key, c.KV.Value) }})
	}
	if p.cursor.At > 0 {
		kv := c.KV
		ways = append(ways, way{"write revision " + grid.Thousands(kv.ModRevision) + " again, byte by byte", straightNote(p.scope), func() {
			put(p.scope, p.store, kv.Key, kv.Value, nil)
		}})
	}
	return ways
}

// addKey asks for a key, and then for its value.
func addKey(s *screen.Scope, store *etcdview.Store, dir string) {
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Add a key", Accept: "Edit its value", Note: `Bytes that are no text are \xNN each, or the whole key is in hex: 0x2f00ff.`,
		Fields: []dialog.Field{{Label: "key", Value: etcdview.Printable(dir), Check: func(v string) error {
			_, err := parseKey(v)
			return err
		}}},
		Then: func(values []string) {
			path, _ := parseKey(values[0]) // it was checked
			editText(s, store, path, nil)
		},
	}))
}

// editText gives a value to the user's editor and proposes to write what came of it. What was typed is kept until it is
// written.
func editText(s *screen.Scope, store *etcdview.Store, path string, value []byte) {
	if err := access.Writes(s); err != nil {
		s.Fail(err)
		return
	}
	screen.Call(s, "prepare the editor", readTimeout, func(context.Context) (string, error) {
		dir, err := os.MkdirTemp("", "podarium-edit-")
		if err != nil {
			return "", err
		}
		file := filepath.Join(dir, "value")
		return file, os.WriteFile(file, value, 0o600)
	}, func(file string, err error) {
		if err != nil {
			s.Fail(err)
			return
		}
		changes.InEditor(s, file, func(err error) {
			if err != nil {
				s.Fail(fmt.Errorf("%w; the text is kept in %s", err, file))
				return
			}
			readBack(s, store, path, value, file)
		})
	})
}

var errSame = errors.New("nothing was changed")

// readBack takes what the editor left.
func readBack(s *screen.Scope, store *etcdview.Store, path string, before []byte, file string) {
	screen.Call(s, "read what was edited", readTimeout, func(context.Context) ([]byte, error) {
		text, err := os.ReadFile(file)
		if err == nil && !bytes.HasSuffix(before, []byte("\n")) {
			text = bytes.TrimSuffix(text, []byte("\n")) // editors add one
		}
		if err == nil && bytes.Equal(text, before) && before != nil {
			err = errSame
		}
		return text, err
	}, func(text []byte, err error) {
		switch {
		case errors.Is(err, errSame):
			s.Say(screen.Idle, err.Error())
		case err != nil:
			s.Fail(err)
		default:
			put(s, store, path, text, func() {
				go func() { _ = os.RemoveAll(filepath.Dir(file)) }() // a directory of ours; what is left of it harms nobody
			})
		}
	})
}

// put proposes to write a value into etcd.
func put(s *screen.Scope, store *etcdview.Store, path string, value []byte, done func()) {
	o := access.Decoding(s)
	gate.Propose(s, "put "+etcdview.Printable(path), func(ctx context.Context) (*gate.Step, error) {
		p, err := operate.PlanPut(ctx, store, path, value, o)
		if err != nil {
			return nil, err
		}
		return gate.Keys(ctx, "put", store, p, o), nil
	}, done)
}
