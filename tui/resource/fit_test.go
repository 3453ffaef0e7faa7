package resource

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screentest"
)

// TestTheNewsOfPodsIsSeenWhole draws the Pods of all namespaces on ever narrower screens.
func TestTheNewsOfPodsIsSeenWhole(t *testing.T) {
	_, v, _ := table(t, "", somePods())
	for width := 200; width >= 40; width-- {
		cols, more := v.fit(width - 1)
		end := 0
		for _, title := range []string{namespaceColumn, nameColumn, "READY", "STATUS"} {
			i := slices.IndexFunc(cols, func(p placed) bool { return p.title == title })
			if i < 0 {
				t.Fatalf("%d columns: %s has left the screen", width, title)
			}
			if title != nameColumn && title != namespaceColumn && width >= 72 && cols[i].shown < cols[i].width {
				t.Errorf("%d columns: %s has %d of %d", width, title, cols[i].shown, cols[i].width)
			}
		}
		for _, p := range cols {
			if p.x < end {
				t.Errorf("%d columns: %s begins at %d, in what is before it", width, p.title, p.x)
			}
			end = p.x + p.shown
		}
		if end > width-1 && !more {
			t.Errorf("%d columns: the table takes %d and does not say so", width, end)
		}
	}
}

// TestColumnsThatTellLeastLeaveFirst fills a column with nothing, and one with the same in all rows.
func TestColumnsThatTellLeastLeaveFirst(t *testing.T) {
	_, v, f := table(t, "", somePods())
	gone := func() []string {
		var titles []string
		for width := 200; width >= 40; width-- {
			cols, _ := v.fit(width)
			for _, c := range v.columns {
				if !slices.ContainsFunc(cols, func(p placed) bool { return p.title == c.title }) && !slices.Contains(titles, c.title) {
					titles = append(titles, c.title)
				}
			}
		}
		return titles
	}
	if got := gone(); !slices.Equal(got, []string{"RESTARTS", "AGE"}) {
		t.Errorf("%v leave, want the restarts and then the age", got)
	}
	rows := make([]*livetable.Row, 0, len(f.snap.Rows))
	for _, r := range f.snap.Rows {
		next := *r
		next.Cells = append(slices.Clone(r.Cells), livetable.Cell{Text: "<none>"}, livetable.Cell{Text: "v1.37.2"})
		rows = append(rows, &next)
	}
	columns := append(slices.Clone(podColumns), livetable.Column{Name: "Nominated"}, livetable.Column{Name: "Version"})
	f.snap = &livetable.Snapshot{Columns: columns, Rows: rows, Synced: true, Generation: 2}
	v.refresh()
	if got := gone(); !slices.Equal(got, []string{"NOMINATED", "VERSION", "RESTARTS", "AGE"}) {
		t.Errorf("%v leave, want what is empty, what is the same in all, the restarts, the age", got)
	}
}

func TestTextsAreShortenedWhereTheyTellLeast(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"2 (4m ago)", 8, "2"}, {"2 (4m ago)", 10, "2 (4m ago)"}, {"web-69c6f74b8b-6gplg", 18, "web-6…f74b8b-6gplg"},
		{"Back-off pulling image", 10, "Back-off …"}, {"kube-system", 6, "kube-…"}, {"failed (why)", 8, "failed …"}, {"2181/TCP,2888/TCP,3888/TCP", 14, "2181/TCP,2888…"},
	} {
		if got := shorten(c.text, c.width); got != c.want {
			t.Errorf("%q in %d columns is %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestASentenceIsToldToItsEnd has the message under the cursor below a table of events, and a click there chooses nothing.
func TestASentenceIsToldToItsEnd(t *testing.T) {
	h, v, f := table(t, "", somePods())
	f.snap = &livetable.Snapshot{Synced: true, Generation: 2, Columns: append(slices.Clone(podColumns), livetable.Column{Name: "Message"})}
	for i := range 30 {
		r := pod("default", "web-"+string(rune('a'+i)), "1/1", "Running", "0", time.Hour)
		r.Cells = append(r.Cells, livetable.Cell{Text: "Back-off restarting failed container which has ended a great many times before"})
		f.snap.Rows = append(f.snap.Rows, r)
	}
	v.refresh()
	v.put(0)
	text := screentest.Draw(h, v, 80, 24).String()
	if want := "MESSAGE  Back-off restarting failed container which has ended a great many"; !strings.Contains(text, want) {
		t.Errorf("below the table is no %q\n%s", want, text)
	}
	at := v.cursor.at
	v.Click(3, 22)
	if v.cursor.at != at {
		t.Error("a click on the sentence chose a row")
	}
}

// TestWideScreensShowMore has the server's wide columns where all of them fit, without any that is empty, and takes nothing from the
// others for them.
func TestWideScreensShowMore(t *testing.T) {
	rows := somePods()
	h, v, f := table(t, "", rows)
	f.snap = &livetable.Snapshot{Columns: append(slices.Clone(podColumns), livetable.Column{Name: "Nominated Node", Priority: 1}), Rows: rows, Synced: true, Generation: 2}
	for _, r := range rows {
		r.Cells = append(r.Cells, livetable.Cell{Text: "<none>"})
	}
	v.refresh()
	for width, want := range map[int]bool{roomyWidth - 1: false, 200: true} {
		text := screentest.Draw(h, v, width, 24).String()
		if got := strings.Contains(text, "NODE") && strings.Contains(text, "node-1"); got != want {
			t.Errorf("%d columns: the node is shown %v, want %v\n%s", width, got, want, text)
		}
		if strings.Contains(text, "NOMINATED") {
			t.Errorf("%d columns: a column without anything in it is shown", width)
		}
	}
	for _, r := range rows {
		r.Cells[Column(podColumns, "IP")].Text = strings.Repeat("9", 90)
	}
	f.snap = &livetable.Snapshot{Columns: f.snap.Columns, Rows: rows, Synced: true, Generation: 3}
	v.refresh()
	if text := screentest.Draw(h, v, 200, 24).String(); strings.Contains(text, "node-1") || !strings.Contains(text, "coredns-with-a-rather-long-name-for-a-narrow-screen-7d9") {
		t.Errorf("room is taken from other columns for a wide one\n%s", text)
	}
}

func TestAddressesAreNeverCut(t *testing.T) {
	columns := []livetable.Column{{Name: "Name"}, {Name: "Type"}, {Name: "Cluster-IP"}, {Name: "Port(s)"}}
	h, v, f := table(t, "", nil)
	f.snap = &livetable.Snapshot{Synced: true, Generation: 2, Columns: columns}
	for _, name := range []string{"web", "zookeeper"} {
		r := pod("default", name, "LoadBalancer", "10.96.253.243", "2181/TCP,2888/TCP,3888/TCP", time.Hour)
		r.Cells = r.Cells[:4]
		for i, text := range []string{name, "LoadBalancer", "10.96.253.243", "2181/TCP,2888/TCP,3888/TCP"} {
			r.Cells[i] = livetable.Cell{Text: text}
		}
		f.snap.Rows = append(f.snap.Rows, r)
	}
	v.refresh()
	for width := 80; width >= 52; width-- {
		if text := screentest.Draw(h, v, width, 24).String(); !strings.Contains(text, "10.96.253.243") {
			t.Fatalf("%d columns: the address is cut\n%s", width, text)
		}
	}
}
