package gate

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func press(d screen.Dialog, names ...string) (done bool) {
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace}
	for _, n := range names {
		k := tea.KeyPressMsg{Code: codes[n]}
		if k.Code == 0 {
			k = tea.KeyPressMsg{Code: []rune(n)[0], Text: n}
		}
		done = d.Update(k)
	}
	return done
}

func drawn(h *screentest.Host, d screen.Dialog) string {
	w, height := d.Size(100, 30)
	c := canvas.New(w, height, h.Styles().Raised)
	d.Draw(c)
	return c.String()
}

// proposed proposes a put or, with nil, a delete of all keys with the prefix, and returns the preview, if it comes so far.
func proposed(t *testing.T, h *screentest.Host, s *screen.Scope, key string, value []byte) *preview {
	t.Helper()
	store, err := access.Store(s)
	if err != nil {
		t.Fatal(err)
	}
	h.Asked = nil
	Propose(s, "test", func(ctx context.Context) (*Step, error) {
		p, err := operate.PlanPut(ctx, store, key, value, access.Decoding(s))
		if value == nil {
			p, err = operate.PlanDelete(ctx, store, key, true)
		}
		if err != nil {
			return nil, err
		}
		return Keys(ctx, "put", store, p, access.Decoding(s)), nil
	}, nil)
	h.Time = h.Time.Add(2 * grace)
	if len(h.Asked) == 0 {
		return nil
	}
	return h.Asked[0].(*preview)
}

func said(h *screentest.Host) string {
	if len(h.Said) == 0 {
		return ""
	}
	return h.Said[len(h.Said)-1].Text
}

func TestReadOnlyStopsEverything(t *testing.T) {
	for name, change := range map[string]func(*cluster.Options){
		"not ours":  func(o *cluster.Options) { o.Disposable = false },
		"read-only": func(o *cluster.Options) { o.ReadOnly, o.EtcdWrites = true, true },
	} {
		h, s := fixture.New(t, change)
		if d := proposed(t, h, s, "/config/a", []byte("x")); d != nil || !strings.Contains(said(h), "read-only") {
			t.Errorf("%s: a write is offered; said %q", name, said(h))
		}
	}
}

func TestRegistryNeedsLeave(t *testing.T) {
	h, s := fixture.New(t)
	if d := proposed(t, h, s, "/registry/pods/default/web", nil); d != nil || !strings.Contains(said(h), "kubectl apply, edit or delete pods/web -n default") {
		t.Errorf("a delete in the registry is offered; said %q", said(h))
	}
	h, s = fixture.New(t, func(o *cluster.Options) { o.EtcdRegistryWrites = true })
	if d := proposed(t, h, s, "/registry/pods/default/web", nil); d == nil {
		t.Errorf("it is not offered with leave; said %q", said(h))
	}
}

func TestWriteIsShownConfirmedRecordedAndUndone(t *testing.T) {
	h, s := fixture.New(t)
	store, _ := access.Store(s)
	value := func() string {
		kv, err := store.Get(t.Context(), "/config/a", 0)
		if err != nil && !errors.Is(err, etcdview.ErrNotFound) {
			t.Fatal(err)
		}
		return string(kv.Value)
	}
	d := proposed(t, h, s, "/config/a", []byte("one"))
	if text := drawn(h, d); !strings.Contains(text, "+ /config/a") {
		t.Error(text)
	}
	if press(d, "enter"); value() != "" {
		t.Fatal("enter does it at once: its focus must begin on Cancel")
	}
	d = proposed(t, h, s, "/config/a", []byte("one"))
	if !press(d, "y") || value() != "one" {
		t.Fatalf("it holds %q", value())
	}
	if end := drawn(h, h.Asked[1]); !strings.Contains(end, "1 key changed") {
		t.Error(end)
	}
	d = proposed(t, h, s, "/config/a", []byte("two"))
	if text := drawn(h, d); !strings.Contains(text, "one") || !strings.Contains(text, "two") {
		t.Errorf("the change is not shown:\n%s", text)
	}
	press(d, "y")
	j, err := Journal(s)
	if err != nil {
		t.Fatal(err)
	}
	list, err := j.Entries()
	if err != nil || len(list) != 2 || list[1].State != operate.Done || list[1].Target != "/config/a" || list[1].UndoFile == "" {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := os.Stat(list[1].UndoFile); err != nil {
		t.Error(err)
	}
	p, err := operate.PlanUndo(t.Context(), store, list[1].UndoFile)
	if err != nil || len(p.Changes) != 1 || string(p.Changes[0].New) != "one" {
		t.Errorf("the undo file has %+v, %v", p, err)
	}
}

func TestManyKeysWantTheirNumberTyped(t *testing.T) {
	h, s := fixture.New(t)
	store, _ := access.Store(s)
	for _, k := range []string{"/config/a", "/config/b", "/config/c"} {
		if _, err := store.Client().Put(t.Context(), k, "x"); err != nil {
			t.Fatal(err)
		}
	}
	d := proposed(t, h, s, "/config/", nil)
	if text := drawn(h, d); !strings.Contains(text, "type 3 to do it") {
		t.Error(text)
	}
	if press(d, "y", "enter") {
		t.Fatal("y is enough for three keys")
	}
	if !press(d, "backspace", "3", "enter") {
		t.Fatalf("3 is not enough:\n%s", drawn(h, d))
	}
	if n, err := store.Counts(t.Context(), []string{"/config/"}, 0); err != nil || n[0] != 0 {
		t.Errorf("%v keys are left, %v", n, err)
	}
}

func TestChangedMeanwhileIsNotOverwritten(t *testing.T) {
	h, s := fixture.New(t)
	store, _ := access.Store(s)
	if _, err := store.Client().Put(t.Context(), "/config/a", "one"); err != nil {
		t.Fatal(err)
	}
	d := proposed(t, h, s, "/config/a", []byte("two"))
	if _, err := store.Client().Put(t.Context(), "/config/a", "other"); err != nil {
		t.Fatal(err)
	}
	press(d, "y")
	if end := drawn(h, h.Asked[1]); !strings.Contains(end, "changed meanwhile") {
		t.Error(end)
	}
	if kv, err := store.Get(t.Context(), "/config/a", 0); err != nil || string(kv.Value) != "other" {
		t.Errorf("it holds %q, %v", kv.Value, err)
	}
}
