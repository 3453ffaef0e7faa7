package resource

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/session"
)

func titles(v *view) string {
	var all []string
	for _, c := range v.columns {
		all = append(all, c.title)
	}
	return strings.Join(all, " ")
}

func configure(t *testing.T, v *view, yaml string) {
	t.Helper()
	src := config.Parse("config.yaml", []byte(yaml))
	if err := src.Err(); err != nil {
		t.Fatal(err)
	}
	v.session.Configure(src.Config)
	v.Configured()
}

func TestColumnsOfTheConfiguration(t *testing.T) {
	_, v, _ := table(t, "", somePods())
	configure(t, v, "views: {v1/pods: {columns: [STATUS, NAME, NODE, IP|W, NOSUCH], sortColumn: 'AGE:desc'}}")
	if got := titles(v); got != "STATUS NAME NODE" {
		t.Errorf("columns %s", got)
	}
	if got := v.rows[0].Name; !strings.HasPrefix(got, "coredns") {
		t.Errorf("sorted by age, the oldest first, %s is first", got)
	}
	v.Do(actWide)
	if got := titles(v); got != "STATUS NAME NODE IP NAMESPACE READY RESTARTS AGE" {
		t.Errorf("wide columns %s", got)
	}
	// A view for one namespace goes before one for all, and the user's own order before the configuration's.
	v.Do(actSortName)
	configure(t, v, "views: {pods: {columns: [NAME], sortColumn: NAME}, 'pods@kube-.*': {columns: [STATUS]}}")
	if v.Do(actWide); titles(v) != "NAME" || v.order.column != nameColumn {
		t.Errorf("columns %s by %s", titles(v), v.order.column)
	}
	configure(t, v, "{}")
	if got := titles(v); got != "NAMESPACE NAME READY STATUS RESTARTS AGE" {
		t.Errorf("without a view: %s", got)
	}
}

func TestBadViewsAreProblems(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"views: {pods: {columns: ['A:.x[']}}", "JSONPath"}, {"views: {pods: {columns: ['A|Q']}}", "flag Q"},
		{"views: {pods: {columns: ['A:']}}", "no path"}, {"views: {pods: {sortColumn: 'A:up'}}", "NAME:asc"}, {"views: {'pods@[': {columns: [A]}}", "regular expression"},
	} {
		err := config.Parse("config.yaml", []byte(c.yaml)).Err()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.yaml, err)
		}
	}
}

func press(d interface{ Update(tea.Msg) bool }, keys ...string) (done bool) {
	for _, k := range keys {
		m := tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		switch k {
		case "enter":
			m = tea.KeyPressMsg{Code: tea.KeyEnter}
		case "space":
			m = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
		}
		done = d.Update(m)
	}
	return done
}

func TestColumnsChosenOnTheScreenAreRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	h, v, _ := table(t, "", somePods())
	v.choices.dir = dir
	v.Do(actColumns)
	d := h.Asked[0]
	screentest.Dialog(t, h, "columns", d)
	// READY goes, STATUS goes to the top.
	if !press(d, "j", "j", "space", "K", "K", "K", "enter") {
		t.Fatal("the dialog stays")
	}
	if got := titles(v); got != "STATUS NAMESPACE NAME RESTARTS AGE" {
		t.Errorf("columns %s", got)
	}
	raw, err := os.ReadFile(filepath.Join(dir, choicesFile))
	if err != nil || !strings.Contains(string(raw), "v1/pods:\n- STATUS\n") {
		t.Errorf("remembered %q, %v", raw, err)
	}
	// Another table of the kind has them from the file.
	h2, s2 := screentest.New(t, nil)
	session.Of(s2).StateDir = dir
	w, err := newView(s2, v.kind, v.request, &fixture{v.snap})
	if err != nil || titles(w) != "STATUS NAMESPACE NAME RESTARTS AGE" {
		t.Errorf("columns %s, %v, said %v", titles(w), err, h2.Said)
	}
	w.Do(actColumns)
	if press(h2.Asked[0], "r"); titles(w) != "NAMESPACE NAME READY STATUS RESTARTS AGE" {
		t.Errorf("as it was: %s", titles(w))
	}
	if raw, err = os.ReadFile(filepath.Join(dir, choicesFile)); err != nil || strings.Contains(string(raw), "pods") {
		t.Errorf("remembered %q, %v", raw, err)
	}
	if err := os.WriteFile(filepath.Join(dir, choicesFile), []byte("[no"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readChoices(dir); err == nil || !strings.Contains(err.Error(), choicesFile) {
		t.Errorf("a broken file gives %v", err)
	}
}

func TestFilterByColumn(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"RESTARTS:>1", 1}, {"RESTARTS:<=0", 5}, {"!RESTARTS:>1", 5}, {"RESTARTS:!>1", 5}, {"RESTARTS:=2", 1}, {"RESTARTS:>", 6}, {"AGE:<5m", 3}, {"AGE:>1d", 2}, {"!AGE:>1d", 4},
		{"NAMESPACE:kube", 1}, {"!NAMESPACE:kube", 5}, {"AGE:3h", 1}, {"STATUS:Running AGE:<1h", 1}, {"NODE:node", 6}, {"-l app=web STATUS:!run -f 8nh", 1},
		{"READY:<1", 3}, {"STATUS:(run|comp)", 4},
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
	for bad, want := range map[string]string{
		"NOSUCH:x": "the columns are NAME, READY", "AGE:<soon": "is a time", "RESTARTS:>many": "with a number", "STATUS:x(": "not a regular expression: missing closing",
	} {
		if err := v.Filter(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
}

func TestFilterByAgeHoldsAsTimePasses(t *testing.T) {
	h, v, f := table(t, "", somePods())
	if err := v.Filter("AGE:<1m"); err != nil || len(v.rows) != 2 {
		t.Fatalf("%d rows, %v", len(v.rows), err)
	}
	h.Time = h.Time.Add(30 * time.Second)
	v.Tick()
	if len(v.rows) != 1 {
		t.Errorf("30 s later %d rows are younger than a minute, want 1", len(v.rows))
	}
	h.Time = h.Time.Add(time.Minute)
	rows := somePods()
	f.snap = &livetable.Snapshot{Columns: podColumns, Rows: rows, Synced: true, Generation: 2, Incremental: true, Changes: []livetable.Change{{Old: v.snap.Rows[0], New: rows[0]}}}
	v.refresh()
	if len(v.rows) != 0 {
		t.Errorf("90 s later %d rows are younger than a minute", len(v.rows))
	}
}

func TestLogsOfMarkedPodsAreAtOnce(t *testing.T) {
	h, v, _ := table(t, "", somePods())
	v.Do(actMark)
	v.Do(actMark)
	v.Do(actLogs)
	r, ok := h.Opened[0].(screen.Logs)
	if !ok || len(r.Also) != 1 || r.Name == r.Also[0].Name {
		t.Errorf("opened %+v", h.Opened)
	}
	v.Do(actUnmark)
	v.Do(actLogs)
	if r := h.Opened[1].(screen.Logs); len(r.Also) != 0 {
		t.Errorf("opened %+v", r)
	}
}
