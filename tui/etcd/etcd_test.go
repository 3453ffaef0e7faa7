package etcd

import (
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

// watching waits until a feed watches, so that the title line says so.
func watching(t *testing.T, h *screentest.Host, f *etcdview.Feed) {
	t.Helper()
	for {
		h.Tick()
		if _, state := f.Since(0); state.Started {
			h.Tick()
			return
		}
		select {
		case <-f.Changed():
		case <-time.After(30 * time.Second):
			t.Fatal("the watch does not start")
		}
	}
}

func newTree(t *testing.T) (*screentest.Host, *tree) {
	t.Helper()
	h, s := fixture.New(t)
	v, err := openTree(s, screen.Etcd{})
	if err != nil {
		t.Fatal(err)
	}
	tr := v.(*tree)
	watching(t, h, tr.feed)
	return h, tr
}

// goTo puts the cursor on a row of the tree and lets it rest there.
func (t *tree) goTo(tb testing.TB, path string) {
	tb.Helper()
	for i, n := range t.nodes.rows {
		if n.Path == path {
			t.cursor.At = i
			t.moved()
			t.rested(n)
			return
		}
	}
	tb.Fatalf("%s is not in the tree", path)
}

func TestTree(t *testing.T) {
	h, tr := newTree(t)
	tr.goTo(t, "/registry/pods/")
	tr.Do(actOpen)
	tr.goTo(t, "/registry/pods/default/")
	tr.Do(actOpen)
	tr.goTo(t, "/registry/pods/default/web")
	screentest.AllSizes(t, h, "tree", tr)
	tr.Do(actDiff)
	screentest.AllSizes(t, h, "tree-diff", tr)
}

func TestTreeOfAllKeys(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openTree(s, screen.Etcd{Prefix: "."})
	if err != nil {
		t.Fatal(err)
	}
	tr := v.(*tree)
	watching(t, h, tr.feed)
	text := screentest.Draw(h, tr, 120, 24).String()
	for _, want := range []string{"▾ /registry/", "compact_rev_key", "▸ pods/"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
}

func TestTreeFollowsChanges(t *testing.T) {
	h, tr := newTree(t)
	tr.goTo(t, "/registry/pods/")
	tr.Do(actOpen)
	tr.goTo(t, "/registry/pods/default/")
	tr.Do(actOpen)
	client := tr.store.Client()
	await := func(what string, is func(string) bool) {
		t.Helper()
		for deadline := time.After(30 * time.Second); ; {
			h.Tick()
			text := screentest.Draw(h, tr, 120, 40).String()
			if is(text) {
				return
			}
			select {
			case <-tr.feed.Changed():
			case <-deadline:
				t.Fatalf("%s:\n%s", what, text)
			}
		}
	}
	has := func(s string) func(string) bool { return func(text string) bool { return strings.Contains(text, s) } }
	lacks := func(s string) func(string) bool { return func(text string) bool { return !strings.Contains(text, s) } }
	for _, k := range []string{"/registry/pods/default/cache", "/registry/jobs/default/once"} {
		if _, err := client.Put(t.Context(), k, fixture.Pod(t, "cache", "c:1", "kubectl", 0)); err != nil {
			t.Fatal(err)
		}
	}
	await("a new key and a new directory", func(s string) bool { return has("cache")(s) && has("▸ jobs/")(s) })
	if n := tr.node(); n.Path != "/registry/pods/default/" {
		t.Errorf("the cursor has moved to %s", n.Path)
	}
	if n, _ := tr.nodes.byPath["/registry/pods/"].keys(); n != 4 {
		t.Errorf("%d Pods are counted, not 4", n)
	}
	for _, k := range []string{"/registry/pods/default/cache", "/registry/jobs/default/once"} {
		if _, err := client.Delete(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	await("both are gone again", lacks("jobs/"))
	if tr.nodes.byPath["/registry/pods/default/cache"] != nil {
		t.Error("the deleted key is still in the tree")
	}
}

func TestKey(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openKey(s, access.Key{Path: "/registry/pods/default/web"})
	if err != nil {
		t.Fatal(err)
	}
	k := v.(*keyView)
	watching(t, h, k.feed)
	screentest.AllSizes(t, h, "key", k)
}

func TestSecretIsMaskedUntilAskedFor(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openKey(s, access.Key{Path: "/registry/secrets/default/login"})
	if err != nil {
		t.Fatal(err)
	}
	shows := func(s string) bool { return strings.Contains(screentest.Draw(h, v, 120, 40).String(), s) }
	for range formats {
		if shows("hunter2") || shows("aHVudGVyMg") || !shows("masked") {
			t.Errorf("not masked:\n%s", screentest.Draw(h, v, 120, 40))
		}
		v.Do(actFormat)
	}
	v.Do(actSecrets)
	if !shows("aHVudGVyMg==") || !shows("hunter2") {
		t.Errorf("asked for, not shown:\n%s", screentest.Draw(h, v, 120, 40))
	}
}

func TestKeyThatIsNotThere(t *testing.T) {
	h, s := fixture.New(t)
	v, err := openKey(s, access.Key{Path: "/registry/pods/default/none"})
	if err != nil {
		t.Fatal(err)
	}
	if text := screentest.Draw(h, v, 80, 24).String(); !strings.Contains(text, "not in etcd") {
		t.Error(text)
	}
}

func TestKeyTables(t *testing.T) {
	for name, table := range Module().Keys {
		if err := table.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := inPager(table).Check(); err != nil {
			t.Errorf("%s with the value in focus: %v", name, err)
		}
	}
}
