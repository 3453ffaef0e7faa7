package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/search"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screentest"
)

func newList(t *testing.T, r access.List) (*screentest.Host, *keysView) {
	t.Helper()
	h, s := fixture.New(t)
	v, err := openList(s, r)
	if err != nil {
		t.Fatal(err)
	}
	return h, v.(*keysView)
}

// listed are the keys in a list, without the directories.
func (v *keysView) listed() string {
	var names []string
	for _, r := range v.rows {
		names = append(names, r.Key[strings.LastIndexByte(r.Key, '/')+1:])
	}
	return strings.Join(names, " ")
}

func TestList(t *testing.T) {
	h, v := newList(t, access.List{Prefix: "/registry/"})
	v.rested(v.rows[0].Key)
	screentest.AllSizes(t, h, "list", v)
}

func TestListSorts(t *testing.T) {
	h, v := newList(t, access.List{Prefix: "/registry/pods/"})
	if got := v.listed(); got != "db web dns" {
		t.Errorf("by key: %s", got)
	}
	for _, want := range []string{"web dns db", "dns web db", "dns db web", "web dns db"} { // size, modified, created, version
		v.Do(actSort)
		if want == "web dns db" && v.order == bySize {
			if v.rows[0].size < v.rows[1].size || v.rows[1].size < v.rows[2].size {
				t.Errorf("by size: %+v", v.rows)
			}
			continue
		}
		if got := v.listed(); v.order != byVersion && got != want || v.order == byVersion && !strings.HasPrefix(got, "web") {
			t.Errorf("by %s: %s, want %s", orders[v.order], got, want)
		}
	}
	v.Do(actTurn)
	if got := v.listed(); !strings.HasSuffix(got, "web") {
		t.Errorf("turned round: %s", got)
	}
	if text := screentest.Draw(h, v, 100, 20).String(); !strings.Contains(text, "VERSION ↑") || !strings.Contains(text, "by version") {
		t.Error(text)
	}
}

func TestListOfThePast(t *testing.T) {
	h, v := newList(t, access.List{Prefix: "/registry/pods/", Revision: 3})
	text := screentest.Draw(h, v, 100, 20).String()
	if v.listed() != "web" || v.rows[0].Version != 1 || !strings.Contains(text, "as at revision 3") {
		t.Errorf("%s\n%s", v.listed(), text)
	}
}

func TestListReadsOnNearItsEnd(t *testing.T) {
	h, s := fixture.New(t)
	client := s.Cluster().Etcd()
	const n = 2*pageSize + 10
	for i := range n {
		if _, err := client.Put(t.Context(), fmt.Sprintf("/many/%05d", i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := openList(s, access.List{Prefix: "/many/"})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*keysView)
	if len(v.rows) != pageSize {
		t.Fatalf("%d rows are read at first", len(v.rows))
	}
	screentest.Draw(h, v, 100, 20)
	for range n {
		v.Do("list.down")
	}
	if len(v.rows) != n || v.grid.Cursor.At != n-1 {
		t.Errorf("%d rows, at %d", len(v.rows), v.grid.Cursor.At)
	}
	v.from = "/many/00500"
	v.read()
	if v.rows[0].Key != "/many/00500" {
		t.Errorf("it begins at %s", v.rows[0].Key)
	}
}

func TestSearch(t *testing.T) {
	h, s := fixture.New(t)
	opened, err := openSearch(s, access.Search{Prefix: "/registry/"})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*keysView)
	if len(h.Asked) != 1 {
		t.Fatal("it does not ask what to look for")
	}
	for _, c := range []struct {
		q    search.Query
		want string
	}{
		{search.Query{Key: "PODS", Mode: search.Substring}, "db web dns"},
		{search.Query{Key: "**/default/w*", Mode: search.Glob}, "web.00 web.01 web.02 web.03 web.04 web.05 web.06 web.07 web.08 web.09 web.10 web.11 web"},
		{search.Query{Key: "d(b|ns)$", Mode: search.Regexp}, "db dns"},
		{search.Query{Key: "pdfw", Mode: search.Fuzzy}, "web"},
		{search.Query{Value: "nginx:2", Mode: search.Substring}, "web"},
		{search.Query{Field: "spec.containers.image", Value: "redis", Mode: search.Substring}, "db"},
		{search.Query{Key: "events", NotKey: true}, "node-1 db web dns login"},
		{search.Query{Value: "hunter2"}, ""}, // masked
	} {
		v.query = c.q
		v.read()
		if got := v.listed(); got != c.want {
			t.Errorf("%+v finds %q, want %q", c.q, got, c.want)
		}
	}
	v.query = search.Query{Field: "spec.containers.image", Value: "*", Mode: search.Glob}
	v.read()
	v.grid.Cursor.At = 1
	v.rested(v.rows[1].Key)
	screentest.AllSizes(t, h, "search", v)
}

func TestSearchLineOfTheFilter(t *testing.T) {
	_, v := newList(t, access.List{Prefix: "/registry/"})
	for text, want := range map[string]search.Query{
		"web":       {Key: "web", Mode: search.Substring},
		"!web":      {Key: "web", Mode: search.Substring, NotKey: true},
		"w.*b$":     {Key: "w.*b$", Mode: search.Regexp},
		"-f pdw":    {Key: "pdw", Mode: search.Fuzzy},
		"-g **/web": {Key: "**/web", Mode: search.Glob},
	} {
		if q, err := keyQuery(text); err != nil || q != want {
			t.Errorf("%s: %+v, %v", text, q, err)
		}
	}
	if err := v.Filter("(("); err == nil {
		t.Error("a broken expression is taken")
	}
}

func TestStoppedSearchSaysHowFarItCame(t *testing.T) {
	_, s := fixture.New(t)
	store, err := access.Store(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sc := newScan(search.Query{Key: "web", Prefix: "/registry/"}, byKey, false, window{keep: keepRows})
	if _, err := sc.run(ctx, store, access.Decoding(s)); err == nil {
		t.Error("a cancelled search goes on")
	}
}

func TestTreeOfThePast(t *testing.T) {
	h, s := fixture.New(t)
	opened, err := openTreeAt(s, access.Tree{Revision: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr := opened.(*tree)
	tr.jump("/registry/pods/default/web", loadsOfJump)
	tr.rested(tr.node())
	text := screentest.Draw(h, tr, 120, 40).String()
	for _, want := range []string{"the past, as at revision 3", "image: nginx:1", "pods/"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "events/") || strings.Contains(text, "nginx:2") || tr.feed != nil {
		t.Errorf("later keys are shown:\n%s", text)
	}
	screentest.AllSizes(t, h, "tree-past", tr)
	tr.Do(actPin)
	if r, ok := h.Opened[0].(access.Tree); !ok || r.Revision != 0 || r.Prefix != "/registry/" {
		t.Errorf("P leads to %+v", h.Opened)
	}
}

func TestJump(t *testing.T) {
	h, tr := newTree(t)
	odd := "/registry/pods/default/\xff\x00"
	if _, err := tr.store.Client().Put(t.Context(), odd, "x"); err != nil {
		t.Fatal(err)
	}
	tr.reload()
	for _, path := range []string{"/registry/pods/kube-system/dns", odd, "/registry/pods/default/"} {
		tr.jump(path, loadsOfJump)
		if n := tr.node(); n == nil || n.Path != path {
			t.Errorf("%q leads to %+v", path, n)
		}
	}
	tr.jump("/registry/pods/default/nothing", loadsOfJump)
	if n := tr.node(); n.Path != "/registry/pods/default/web" || len(h.Said) == 0 {
		t.Errorf("what is not there leads to %s, saying %v", n.Path, h.Said)
	}
	for text, want := range map[string]string{`/a\xff`: "/a\xff", "0x2f61ff": "/a\xff", "/a b": "/a b"} {
		if got, err := parseKey(text); err != nil || got != want {
			t.Errorf("%s is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0x", "0xabc", "0xzz"} {
		if _, err := parseKey(text); err == nil {
			t.Errorf("%q is taken for a key", text)
		}
	}
}

// seen waits until a list of changes has taken in so many.
func (v *changesView) seen(t *testing.T, h *screentest.Host, n uint64) {
	t.Helper()
	for deadline := time.After(30 * time.Second); ; {
		if h.Tick(); v.state.Seen >= n {
			return
		}
		select {
		case <-v.feed.Changed():
		case <-deadline:
			t.Fatalf("%d changes are seen, not %d", v.state.Seen, n)
		}
	}
}

func TestChangesOfSeveralPrefixes(t *testing.T) {
	h, s := fixture.New(t)
	opened, err := openChanges(s, access.Changes{Prefixes: []string{"/registry/pods/", "/registry/secrets/", "/registry/pods/default/"}, Revision: 2})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*changesView)
	v.seen(t, h, 5)
	text := screentest.Draw(h, v, 120, 40).String()
	for _, want := range []string{"changes of 2 prefixes", "5 seen from revision 2", "pods/default/web", "secrets/default/login", "nginx:1 → nginx:2", "kubectl-set"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	for _, c := range v.pane.changes { // as if they had just come
		c.Received, c.replay = screentest.Now, false
	}
	screentest.AllSizes(t, h, "changes", v)
	if err := v.Filter("type:put web"); err != nil || len(v.pane.changes) != 1 {
		t.Errorf("%d changes are put and web", len(v.pane.changes))
	}
	if err := v.Filter("!pods"); err != nil || len(v.pane.changes) != 1 {
		t.Errorf("%d changes are of no Pods", len(v.pane.changes))
	}
}

func TestPausedChangesWait(t *testing.T) {
	h, s := fixture.New(t)
	opened, err := openChanges(s, access.Changes{Prefixes: []string{"/n/"}})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*changesView)
	watching(t, h, v.feed)
	v.Do(actPause)
	for i := range 7 {
		if _, err := s.Cluster().Etcd().Put(t.Context(), "/n/k", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	v.seen(t, h, 7)
	if text := screentest.Draw(h, v, 120, 20).String(); !strings.Contains(text, "paused, 7 waiting") || len(v.pane.changes) != 0 {
		t.Error(text)
	}
	v.Do(actPause)
	if len(v.pane.changes) != 7 {
		t.Errorf("%d changes are shown after the pause", len(v.pane.changes))
	}

	v.Do(actPause)
	const all, perTxn = 12_000, 100
	for i := 0; i < all; i += perTxn {
		var ops []clientv3.Op
		for j := range perTxn {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("/n/%05d", i+j), "x"))
		}
		if _, err := s.Cluster().Etcd().Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	v.seen(t, h, 7+all)
	if text := screentest.Draw(h, v, 120, 20).String(); !strings.Contains(text, "paused, 12 000 waiting, 2 000 dropped") {
		t.Error(text)
	}
	v.Do(actPause)
	if text := screentest.Draw(h, v, 120, 20).String(); len(v.pane.changes) != keepChanges || !strings.Contains(text, "2 000 dropped") || !strings.Contains(text, "the last 10 000 of") {
		t.Errorf("%d changes are shown after the pause\n%s", len(v.pane.changes), text)
	}
	v.Do("list.bottom")
	if c := v.pane.current(); c == nil || c.KV.Key != "/n/02000" {
		t.Errorf("the oldest is %+v", c)
	}
}

// TestLargeScreenShowsAllSummaries looks for what changed in each row of a list that is longer than most screens.
func TestLargeScreenShowsAllSummaries(t *testing.T) {
	h, s := fixture.New(t)
	for i := range 120 {
		if _, err := s.Cluster().Etcd().Put(t.Context(), "/n/k", fmt.Sprintf("value-%03d", i)); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := openChanges(s, access.Changes{Prefixes: []string{"/n/"}, Revision: 1})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*changesView)
	v.seen(t, h, 120)
	screentest.Draw(h, v, 120, 30)
	screentest.Draw(h, v, 300, 100) // the terminal was made larger
	v.Tick()
	text := screentest.Draw(h, v, 300, 100).String()
	for i := 30; i < 119; i++ {
		if !strings.Contains(text, fmt.Sprintf("value-%03d → value-%03d", i, i+1)) {
			t.Fatalf("what revision %d changed is not shown:\n%s", i, text)
		}
	}
}

func TestChangesAreSaved(t *testing.T) {
	h, s := fixture.New(t)
	opened, err := openChanges(s, access.Changes{Prefixes: []string{"/registry/pods/", "/registry/secrets/"}, Revision: 2})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*changesView)
	v.seen(t, h, 5)
	file := filepath.Join(t.TempDir(), "changes.jsonl")
	v.saveTo(file)
	save := v.save
	for deadline := time.Now().Add(30 * time.Second); save.lines.Load() < 5; {
		if time.Now().After(deadline) {
			t.Fatal("not saved:", save.String())
		}
		h.Tick()
	}
	s.Close()
	<-save.failed // it has ended, and the file is whole
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if strings.Contains(string(b), "hunter2") || strings.Contains(string(b), "aHVudGVyMg") {
		t.Error("a Secret is saved unmasked")
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) != 5 {
		t.Errorf("%d lines are saved, not 5", len(lines))
	}
	for _, l := range lines {
		var r etcdview.Record
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatal(err)
		}
		if r.Revision == 5 && (r.Type != "put" || r.Writer == nil || r.Writer.Manager != "kubectl-set" || len(r.Changes) == 0) {
			t.Errorf("%+v", r)
		}
	}
}

// TestListInAnyOrderToItsEnd goes through a list that is longer than what is kept of it: down to the end step by step, to
// the end at once, back up, and to the middle, in several orders and in a search.
func TestListInAnyOrderToItsEnd(t *testing.T) {
	h, s := fixture.New(t)
	client := s.Cluster().Etcd()
	const n = 730
	for i := range n {
		if _, err := client.Put(t.Context(), fmt.Sprintf("/many/%05d", (i*7)%n), strings.Repeat("x", i%13)); err != nil {
			t.Fatal(err)
		}
	}
	for name, set := range map[string]func(v *keysView){
		"by key":       func(*keysView) {},
		"by key, down": func(v *keysView) { v.down = true },
		"by size":      func(v *keysView) { v.order, v.down = bySize, true },
		"modified":     func(v *keysView) { v.order = byModified },
		"a search":     func(v *keysView) { v.query = search.Query{Key: "/many/", Mode: search.Substring} },
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := openList(s, access.List{Prefix: "/many/"})
			if err != nil {
				t.Fatal(err)
			}
			v := opened.(*keysView)
			v.keep = 50
			set(v)
			v.read()
			screentest.Draw(h, v, 100, 20)
			paged := name == "by key" // keys in their order are read page by page
			seen, last := map[string]bool{}, (*row)(nil)
			sc := newScan(v.query, v.order, v.down, window{})
			visit := func() {
				t.Helper()
				r := v.row()
				if r == nil {
					t.Fatalf("there is no row at %d of %d: %d from %d on", v.grid.Cursor.At, v.found, len(v.rows), v.base)
				}
				if last != nil && sc.compare(last, r) >= 0 {
					t.Fatalf("%s comes after %s", r.Key, last.Key)
				}
				if !paged && len(v.rows) > 50 {
					t.Fatalf("%d rows are kept", len(v.rows))
				}
				seen[r.Key] = true
				kept := *r
				last = &kept
			}
			visit()
			for range n - 1 {
				v.Do("list.down")
				visit()
			}
			if len(seen) != n || v.found != n {
				t.Errorf("%d keys are seen of %d, %d are counted", len(seen), n, v.found)
			}
			end := last.Key
			v.Do("list.top")
			first := v.row().Key
			v.Do("list.bottom")
			if r := v.row(); r == nil || r.Key != end || v.grid.Cursor.At != n-1 {
				t.Fatalf("the end is %+v at %d, not %s", r, v.grid.Cursor.At, end)
			}
			if text := screentest.Draw(h, v, 100, 20).String(); strings.Contains(text, "…") {
				t.Errorf("rows are missing at the end:\n%s", text)
			}
			for range n - 1 {
				v.Do("list.up")
				if v.row() == nil {
					t.Fatalf("there is no row at %d going up", v.grid.Cursor.At)
				}
			}
			if v.row().Key != first {
				t.Errorf("up again is %s, not %s", v.row().Key, first)
			}
		})
	}
}
