package resource

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/session"
)

// fixture is a source of rows that a test writes.
type fixture struct{ snap *livetable.Snapshot }

func (f *fixture) Changed() <-chan struct{}      { return nil }
func (f *fixture) Snapshot() *livetable.Snapshot { return f.snap }
func (f *fixture) Close()                        {}

var podColumns = []livetable.Column{
	{Name: "Name", Type: "string", Format: "name"}, {Name: "Ready", Type: "string"}, {Name: "Status", Type: "string"},
	{Name: "Restarts", Type: "string"}, {Name: "Age", Type: "string", Age: true}, {Name: "IP", Type: "string", Priority: 1}, {Name: "Node", Type: "string", Priority: 1},
}

func pod(ns, name, ready, status, restarts string, age time.Duration) *livetable.Row {
	return &livetable.Row{
		UID: types.UID(ns + "/" + name), Namespace: ns, Name: name, Created: screentest.Now.Add(-age), Labels: map[string]string{"app": strings.Split(name, "-")[0]},
		Cells: []livetable.Cell{{Text: name}, {Text: ready}, {Text: status}, {Text: restarts}, {Text: "-"}, {Text: "10.244.0.7"}, {Text: "node-1"}},
	}
}

func somePods() []*livetable.Row {
	return []*livetable.Row{
		pod("default", "api-86986ffc85-dxrdr", "1/1", "Running", "0", 3*time.Hour),
		pod("default", "web-69c6f74b8b-4f6pc", "1/1", "Running", "2 (4m ago)", 40*time.Second),
		pod("default", "web-69c6f74b8b-6gplg", "0/1", "ImagePullBackOff", "0", 4*time.Minute),
		pod("default", "web-69c6f74b8b-8nhf7", "0/1", "ContainerCreating", "0", 2*time.Second),
		pod("jobs", "backup-29123-xkcd1", "0/1", "Completed", "0", 26*time.Hour),
		pod("kube-system", "coredns-with-a-rather-long-name-for-a-narrow-screen-7d9", "1/1", "Running", "0", 90*24*time.Hour),
	}
}

func table(t testing.TB, ns string, rows []*livetable.Row) (*screentest.Host, *view, *fixture) {
	t.Helper()
	return tableOf(t, nil, ns, rows)
}

func tableOf(t testing.TB, c *cluster.Cluster, ns string, rows []*livetable.Row) (*screentest.Host, *view, *fixture) {
	t.Helper()
	h, s := screentest.New(t, c)
	kind := &session.Kind{Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: "Pod", Namespaced: true, Verbs: []string{"delete", "update"}}
	f := &fixture{&livetable.Snapshot{Columns: podColumns, Rows: rows, Synced: true, Generation: 1}}
	v, err := newView(s, kind, screen.Resources{Resource: kind.Resource, Namespace: ns}, f)
	if err != nil {
		t.Fatal(err)
	}
	return h, v, f
}

func TestGoldenTable(t *testing.T) {
	h, v, _ := table(t, "", somePods())
	v.Do(actDown)
	v.Do(actMark)
	screentest.AllSizes(t, h, "pods", v)
	v.Do(actWide)
	v.Do(actSortAge)
	screentest.AllSizes(t, h, "pods-wide-by-age", v)
	v.Do(actFaults)
	screentest.Sized(t, h, "pods-faults", v, 80, 24)
	if err := v.Filter("nothing-is-called-this"); err != nil {
		t.Fatal(err)
	}
	screentest.Sized(t, h, "pods-no-match", v, 80, 24)
}

func TestCursorHoldsAnObject(t *testing.T) {
	rows := somePods()
	_, v, f := table(t, "", rows)
	v.Do(actDown)
	if r := v.current(); r == nil || r.Name != "web-69c6f74b8b-4f6pc" {
		t.Fatalf("under the cursor: %v", r)
	}
	// Others come before it: the cursor goes along.
	rows = append([]*livetable.Row{pod("a", "a", "1/1", "Running", "0", time.Hour), pod("a", "b", "1/1", "Running", "0", time.Hour)}, rows...)
	f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: 2, Rows: rows}
	v.refresh()
	if r := v.current(); r == nil || r.Name != "web-69c6f74b8b-4f6pc" {
		t.Fatalf("after others came: %v", r)
	}
	// It goes: nothing is under the cursor, and no key acts.
	f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: 3, Rows: append(append([]*livetable.Row{}, rows[:3]...), rows[4:]...)}
	v.refresh()
	if r := v.current(); r != nil {
		t.Fatalf("another object slid under the cursor: %s", r.Name)
	}
	v.Do(actDown)
	if r := v.current(); r == nil || r.Name != "web-69c6f74b8b-6gplg" {
		t.Fatalf("a step does not take the row in its place: %v", r)
	}
}

func TestACursorThatNobodyPutAnywhereIsOnTheFirstRow(t *testing.T) {
	rows := somePods()
	_, v, f := table(t, "", rows[1:])
	for generation, now := range [][]*livetable.Row{rows, rows[2:]} { // one comes before it, then it goes
		f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: uint64(generation + 2), Rows: now}
		v.refresh()
		if r := v.current(); r == nil || r != v.rows[0] {
			t.Fatalf("the cursor is on %v, want the first row", r)
		}
	}
	v.Do(actDescribe)
	was := v.current()
	f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: 4, Rows: rows}
	v.refresh()
	if r := v.current(); r != was {
		t.Errorf("the user has done something with %s, and now the cursor is on %v", was.Name, r)
	}
}

func TestALostCursorActsOnNothing(t *testing.T) {
	rows := somePods()
	h, v, f := table(t, "", rows)
	v.Do(actTop) // the user puts it there
	f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: 2, Rows: rows[1:]}
	v.refresh()
	for _, a := range []string{"delete", "enter", "describe", "yaml", "image", "etcd"} {
		for _, b := range v.Keys() {
			if string(b.Action) == a {
				v.Do(b.Action)
			}
		}
	}
	if len(h.Opened) != 0 || len(h.Asked) != 0 {
		t.Errorf("opened %v, asked %v", h.Opened, h.Asked)
	}
	if len(h.Said) == 0 || !strings.Contains(h.Said[0].Text, "gone") {
		t.Errorf("said %v", h.Said)
	}
}

func TestMarksHoldObjects(t *testing.T) {
	rows := somePods()
	_, v, f := table(t, "", rows)
	v.Do(actMark)
	v.Do(actMark)
	if n := len(v.chosen()); n != 2 {
		t.Fatalf("%d marked", n)
	}
	f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: 2, Rows: rows[1:]}
	v.refresh()
	if c := v.chosen(); len(c) != 1 || c[0].UID != rows[1].UID {
		t.Errorf("after one went: %v", c)
	}
	v.Do(actUnmark)
	v.Do(actTop)
	v.Do(actMark)
	v.put(3)
	v.Do(actMarkRange)
	if n := len(v.chosen()); n != 4 {
		t.Errorf("a range marks %d, want 4", n)
	}
}

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"", 6}, {"web", 3}, {"WEB", 3}, {"!web", 3}, {"web running", 1}, {"^web.*plg$", 1}, {"-l app=web", 3}, {"-l app!=web", 3}, {"-f wb6", 3},
		{"STATUS:run", 3}, {"STATUS:!run", 3}, {"kube-system", 1}, {"web nothing", 0}, {"-l", 6},
	} {
		_, v, _ := table(t, "", somePods())
		if err := v.Filter(c.text); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if len(v.rows) != c.want {
			t.Errorf("%q shows %d rows, want %d", c.text, len(v.rows), c.want)
		}
	}
	_, v, _ := table(t, "", somePods())
	for _, bad := range []string{"we[b", "-l ,,", "x("} {
		if err := v.Filter(bad); err == nil {
			t.Errorf("%q is taken for a filter", bad)
		}
	}
	if len(v.rows) != 6 {
		t.Error("a wrong filter changed what is shown")
	}
}

func TestSorting(t *testing.T) {
	names := func(v *view) string {
		var s []string
		for _, r := range v.rows {
			s = append(s, r.Name[:3])
		}
		return strings.Join(s, " ")
	}
	_, v, _ := table(t, "", somePods())
	v.Do(actSortAge)
	if got := names(v); got != "web web web api bac cor" {
		t.Errorf("by age: %s", got)
	}
	v.Do(actSortAge)
	if got := names(v); got != "cor bac api web web web" {
		t.Errorf("by age the other way round: %s", got)
	}
	v.chosenAt = "RESTARTS"
	v.Do(actSortColumn)
	if got := v.rows[len(v.rows)-1].Cells[3].Text; got != "2 (4m ago)" {
		t.Errorf("by restarts the last has %s", got)
	}
	for _, c := range []struct{ a, b string }{{"9", "10"}, {"100m", "1"}, {"900Mi", "1Gi"}, {"2/10", "10/10"}, {"<none>", "1"}} {
		if compareCells(livetable.Cell{Text: c.a}, livetable.Cell{Text: c.b}) >= 0 {
			t.Errorf("%s does not come before %s", c.a, c.b)
		}
	}
}

func TestTimesThatPassGoOn(t *testing.T) {
	h, s := screentest.New(t, nil)
	event := func(name, seen string, read time.Duration) *livetable.Row {
		return &livetable.Row{UID: types.UID(name), Namespace: "default", Name: name, Read: h.Now().Add(-read), Cells: []livetable.Cell{{Text: seen}, {Text: name}}}
	}
	kind := &session.Kind{Resource: schema.GroupVersionResource{Version: "v1", Resource: "events"}, Kind: "Event", Namespaced: true}
	f := &fixture{&livetable.Snapshot{Columns: []livetable.Column{{Name: "Last Seen", Type: "string"}, {Name: "Name", Type: "string", Format: "name"}}, Synced: true, Generation: 1,
		Rows: []*livetable.Row{event("old", "5s", time.Hour), event("new", "0s", 0), event("newer-than-old", "10s", time.Minute)}}}
	v, err := newView(s, kind, screen.Resources{Resource: kind.Resource, Namespace: "default"}, f)
	if err != nil {
		t.Fatal(err)
	}
	names := func() string {
		var s []string
		for _, r := range v.rows {
			s = append(s, r.Name)
		}
		return strings.Join(s, " ")
	}
	if got := names(); got != "new newer-than-old old" {
		t.Errorf("the last seen come first, not %s", got)
	}
	text := screentest.Draw(h, v, 80, 24).String()
	for _, want := range []string{"0s ", "70s ", "60m "} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing was %sago:\n%s", want, text)
		}
	}
	if err := v.Filter("LAST-SEEN:>30m"); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "old" {
		t.Errorf("seen longer ago than 30m: %s", got)
	}
}

func TestChangedCellsAreMarkedAndFade(t *testing.T) {
	rows := somePods()
	rows[0].Cells[2].Changed = screentest.Now
	h, v, _ := table(t, "", rows)
	s := h.Styles()
	v.put(3)
	at := func(after time.Duration) any {
		h.Time = screentest.Now.Add(after)
		c := screentest.Draw(h, v, 120, 24)
		line := strings.Split(c.String(), "\n")[2]
		st, _ := c.StyleAt(len([]rune(line[:strings.Index(line, "Running")])), 2)
		return st.Fg
	}
	if got := at(0); got != s.Changed.Fg {
		t.Errorf("at once: %v", got)
	}
	if got := at(1500 * time.Millisecond); got != s.Fading.Fg {
		t.Errorf("after 1.5 s: %v", got)
	}
	if got := at(2500 * time.Millisecond); got != s.Text.Fg {
		t.Errorf("after 2.5 s: %v", got)
	}
}

func TestWhatAClusterHoldsCannotSpeakToTheTerminal(t *testing.T) {
	evil := pod("default", "x", "1/1", "Running\x1b[2J\x1b]0;gone\a\u009b31m\r\n", "0", time.Hour)
	h, v, _ := table(t, "default", []*livetable.Row{evil})
	out := screentest.Draw(h, v, 120, 24).Render()
	if strings.Contains(out, "[2J") && strings.Contains(out, "\x1b[2J") || strings.Contains(out, "\x1b]0") || strings.ContainsAny(out, "\a\r\u009b") {
		t.Errorf("an escape sequence came through: %q", out)
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, n := range []int{5000, 50000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, v, _ := table(b, "", manyPods(n))
			h, _ := screentest.New(b, nil)
			for b.Loop() {
				v.Do(actDown)
				_ = screentest.Draw(h, v, 200, 60).Render()
			}
		})
	}
}

// BenchmarkRefresh is what four changed rows cost the UI's goroutine: 250 changes a second at 60 frames.
func BenchmarkRefresh(b *testing.B) {
	for _, n := range []int{5000, 50000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rows := manyPods(n)
			_, v, f := table(b, "", rows)
			for i := 0; b.Loop(); i += 4 {
				next := *f.snap
				next.Generation, next.Incremental, next.Changes = next.Generation+1, true, nil
				for j := range 4 {
					at := (i + j) * 7919 % n
					changed := *rows[at]
					next.Changes = append(next.Changes, livetable.Change{Old: rows[at], New: &changed})
					rows[at] = &changed
				}
				f.snap = &next
				v.refresh()
			}
		})
	}
}

func manyPods(n int) []*livetable.Row {
	rows := make([]*livetable.Row, n)
	for i := range rows {
		status := "Running"
		if i%97 == 0 {
			status = "CrashLoopBackOff"
		}
		rows[i] = pod(fmt.Sprintf("ns-%02d", i/500), fmt.Sprintf("web-69c6f74b8b-%05d", i), "1/1", status, fmt.Sprint(i%7), time.Duration(i)*time.Second)
	}
	return rows
}

func TestNumbersAreRightAligned(t *testing.T) {
	rows := []*livetable.Row{pod("a", "x", "1/1", "Running", "7", time.Hour), pod("a", "y", "1/1", "Running", "12", time.Hour)}
	h, v, f := table(t, "a", rows)
	restarts := func() string { // of x, with the blanks before it
		for _, l := range strings.Split(screentest.Draw(h, v, 80, 24).String(), "\n") {
			if _, after, ok := strings.Cut(l, "x      1/1     Running"); ok {
				return strings.TrimRight(after, " 60m")
			}
		}
		t.Fatal("x is not on the screen")
		return ""
	}
	numbers := restarts()
	f.snap = &livetable.Snapshot{Columns: podColumns, Synced: true, Generation: 2, Rows: append(rows, pod("a", "z", "1/1", "Running", "3 (5s ago)", time.Hour))}
	v.refresh()
	words := restarts()
	if !strings.HasSuffix(numbers, " 7") || !strings.HasSuffix(words, " 7") || len(numbers) <= len(words) {
		t.Errorf("among numbers %q, among words %q: the number is not further right among numbers", numbers, words)
	}
}

func TestARolloutBehindReadyPodsIsOnItsWay(t *testing.T) {
	g := newGauge("deployments", []livetable.Column{{Name: "Name"}, {Name: "Ready"}, {Name: "Up-to-date"}})
	for updated, want := range map[string]screen.Health{"3": screen.Good, "1": screen.Busy} {
		if got := g.of(&livetable.Row{Cells: []livetable.Cell{{Text: "web"}, {Text: "3/3"}, {Text: updated}}}); got != want {
			t.Errorf("%s of 3 updated: health %v, want %v", updated, got, want)
		}
	}
}

func TestGoldenEmpty(t *testing.T) {
	c, err := cluster.New(cluster.Options{Name: "test", Config: &rest.Config{Host: "https://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	h, v, f := tableOf(t, c, "shop", nil)
	screentest.Sized(t, h, "none-in-namespace", v, 80, 24)
	v.request.Namespace = ""
	screentest.Sized(t, h, "none", v, 80, 24)
	v.request.Of = "deploy/web"
	screentest.Sized(t, h, "none-of", v, 80, 24)
	f.snap = &livetable.Snapshot{Columns: f.snap.Columns, Err: errors.New("dial tcp 10.0.0.1:6443: connect: connection refused")}
	h.Tick()
	screentest.Sized(t, h, "no-answer", v, 80, 24)
	f.snap = &livetable.Snapshot{}
	h.Tick()
	screentest.Sized(t, h, "loading", v, 80, 24)
}
