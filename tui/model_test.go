package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// nowhere is a cluster that does not answer.
func nowhere(t testing.TB, o cluster.Options) *cluster.Cluster {
	t.Helper()
	o.Config = &rest.Config{Host: "https://127.0.0.1:1"}
	if o.Name == "" {
		o.Name = "nowhere"
	}
	c, err := cluster.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newModel(t testing.TB, o cluster.Options, width, height int) *Model {
	t.Helper()
	m, err := NewModel(t.Context(), Options{Cluster: nowhere(t, o), LogDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	m.Init()
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return m
}

func press(m *Model, names ...string) {
	for _, n := range names {
		k := tea.KeyPressMsg{Code: []rune(n)[0], Text: n}
		switch n {
		case "esc":
			k = tea.KeyPressMsg{Code: tea.KeyEscape}
		case "enter":
			k = tea.KeyPressMsg{Code: tea.KeyEnter}
		case "tab":
			k = tea.KeyPressMsg{Code: tea.KeyTab}
		case "ctrl+c":
			k = tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
		}
		m.Update(k)
	}
}

func TestKeyTables(t *testing.T) {
	if err := frameKeys().Check(); err != nil {
		t.Errorf("the frame: %v", err)
	}
	seen := map[string]bool{}
	for _, m := range modules() {
		for name, table := range m.Keys {
			if seen[name] {
				t.Errorf("two screens are called %s", name)
			}
			seen[name] = true
			// Keys that exclude each other by kind stand in one table; nothing else may stand twice.
			without := table
			if name == "Tables" {
				without = table.With(false, "used-by", "trigger", "traffic", "logs.previous", "shell", "suspend", "cordon", "uncordon", "drain", "shell.node", "power", "node.add", "sanitize", "node.remove")
			}
			if err := enabled(without).Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func enabled(t key.Table) key.Table {
	var out key.Table
	for _, b := range t {
		if !b.Disabled {
			out = append(out, b)
		}
	}
	return out
}

func TestEverySizeDraws(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	for _, size := range [][2]int{{1, 1}, {3, 2}, {20, 5}, {39, 10}, {40, 9}, {40, 10}, {80, 24}, {120, 40}, {200, 60}, {300, 100}} {
		m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for _, open := range []func(){func() {}, func() { press(m, ":", "p") }, func() { press(m, "esc", "?") }, func() { press(m, "esc", "ctrl+c") }, func() { press(m, "esc") }} {
			open()
			c := m.Draw()
			if c.Width() != size[0] || c.Height() != size[1] {
				t.Fatalf("drew %dx%d on %v", c.Width(), c.Height(), size)
			}
		}
	}
	m.Update(tea.WindowSizeMsg{Width: 30, Height: 6})
	if s := m.Draw().String(); !strings.Contains(s, "more room") || !strings.Contains(s, "40×10") {
		t.Errorf("too small a screen says\n%s", s)
	}
}

func TestQuitAsksWhereTheClusterWouldStop(t *testing.T) {
	m := newModel(t, cluster.Options{StopsWithProcess: true, Name: "mine"}, 80, 24)
	press(m, "ctrl+c")
	if s := m.Draw().String(); !strings.Contains(s, `"mine" runs in this process and stops with it`) {
		t.Fatalf("no question:\n%s", s)
	}
	press(m, "enter") // the focus is on Cancel
	if m.Quitting() || len(m.dialogs) != 0 {
		t.Fatal("enter did not cancel")
	}
	press(m, "ctrl+c", "y")
	if !m.Quitting() {
		t.Error("y did not quit")
	}
	m = newModel(t, cluster.Options{}, 80, 24)
	press(m, "ctrl+c")
	if !m.Quitting() {
		t.Error("leaving an attached cluster asks")
	}
}

func TestReadOnlyStopsChangingKeys(t *testing.T) {
	m := newModel(t, cluster.Options{ReadOnly: true}, 120, 40)
	s := &probe{table: key.Table{
		{Action: "wreck", Keys: []string{"x"}, Hint: "wreck", Help: "wreck it", Group: "Change", Changes: true},
		{Action: "look", Keys: []string{"o"}, Hint: "look", Help: "look at it", Group: "Open"},
	}}
	m.stack = append(m.stack, &room{screen: s, scope: screen.NewScope(t.Context(), m)})
	press(m, "x", "o")
	if len(s.did) != 1 || s.did[0] != "look" {
		t.Errorf("did %v, want only look", s.did)
	}
	if shown := m.Draw().String(); strings.Contains(shown, "x wreck") || !strings.Contains(shown, "read-only") {
		t.Errorf("the key of a change is offered, or read-only is not shown:\n%s", shown)
	}
}

func TestACrashLeavesAReport(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	killed := false
	m.guard = newGuard(filepath.Join(t.TempDir(), "log"), func() { killed = true })
	m.stack = append(m.stack, &room{screen: &probe{onDraw: func() { panic("a bug in a screen") }}, scope: screen.NewScope(t.Context(), m)})
	m.dirty, m.composed = true, time.Time{}
	func() {
		defer func() { _ = recover() }() // bubbletea's
		m.View()
	}()
	err := m.guard.crash()
	if !errors.Is(err, ErrCrashed) || !strings.Contains(err.Error(), "a bug in a screen") {
		t.Fatalf("got %v", err)
	}
	reports, err := filepath.Glob(filepath.Join(m.guard.dir, "crash-*.txt"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports: %v %v", reports, err)
	}
	text, err := os.ReadFile(reports[0])
	if err != nil || !strings.Contains(string(text), "a bug in a screen") || !strings.Contains(string(text), "TestACrashLeavesAReport") {
		t.Errorf("the report does not tell: %v\n%s", err, text)
	}
	if st, err := os.Stat(reports[0]); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode of the report: %v %v", st.Mode(), err)
	}
	// A goroutine of the UI's own ends the program too.
	func() {
		defer m.guard.recover()
		panic("in a call")
	}()
	if !killed {
		t.Error("a panic in a call does not end the program")
	}
}

func TestWithoutColourNothingIsColoured(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	m.Update(tea.ColorProfileMsg{Profile: colorprofile.ASCII})
	press(m, "?")
	c := m.Draw()
	for y := range c.Height() {
		for x := range c.Width() {
			if s, ok := c.StyleAt(x, y); ok && (s.Fg != nil || s.Bg != nil) {
				t.Fatalf("the cell at %d,%d is coloured: %+v", x, y, s)
			}
		}
	}
}

func TestBadOptions(t *testing.T) {
	if _, err := NewModel(t.Context(), Options{}); err == nil {
		t.Error("no cluster, and no error")
	}
	if _, err := NewModel(t.Context(), Options{Cluster: nowhere(t, cluster.Options{}), Theme: "beige"}); err == nil || !strings.Contains(err.Error(), "podarium-dark") {
		t.Errorf("an unknown theme gives %v", err)
	}
}

func TestACommandClosesTheOldScreensAndKeepsTheNew(t *testing.T) {
	m := newModel(t, cluster.Options{}, 120, 40)
	var rooms []*room
	for _, r := range []screen.Request{screen.Done{}, screen.Help{Of: "a"}, screen.Done{}, screen.Help{Of: "b"}} {
		m.goTo(r)
		rooms = append(rooms, m.top())
		m.Open(screen.Help{Of: "on top"})
		rooms = append(rooms, m.top())
	}
	if len(m.stack) != 3 {
		t.Errorf("%d screens on the stack, want home, the last command's and the one on top", len(m.stack))
	}
	for i, r := range rooms {
		if open := i >= len(rooms)-2; r.scope.Closed() == open {
			t.Errorf("screen %d: closed %v", i, r.scope.Closed())
		}
	}
}

func TestALongErrorIsShownToItsEnd(t *testing.T) {
	m := newModel(t, cluster.Options{}, 80, 24)
	m.message = message{state: screen.State{Health: screen.Bad, Text: strings.Repeat("why it failed, ", 8) + "and what to do next"}}
	lines := strings.Split(m.Draw().String(), "\n")
	if got := strings.Join(lines[len(lines)-2:], " "); !strings.Contains(got, "and what to do next") {
		t.Errorf("the last lines of the screen are %q", got)
	}
	m.message = message{state: screen.State{Health: screen.Good, Text: "done"}}
	if got := m.Draw().String(); !strings.Contains(got, "help") {
		t.Errorf("a short message leaves no room for hints:\n%s", got)
	}
}

func TestGoingToAnotherClusterLeavesNothingOfTheOld(t *testing.T) {
	other := nowhere(t, cluster.Options{Name: "other"})
	m, err := NewModel(t.Context(), Options{
		Cluster: nowhere(t, cluster.Options{}), LogDir: t.TempDir(),
		Contexts: func(context.Context) ([]Context, error) {
			return []Context{{Name: "nowhere"}, {Name: "other", Server: "https://other", ReadOnly: true}}, nil
		},
		Switch: func(_ context.Context, name string) (*cluster.Cluster, error) {
			if name != "other" {
				return nil, errors.New("no such context: " + name)
			}
			return other, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	m.Init()
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	root, first := m.root, m.top()
	call := func(line string) {
		t.Helper()
		m.flush()
		m.command(line)
		for _, c := range m.flush() {
			if msg, ok := c().(finishedMsg); ok {
				m.Update(msg)
			}
		}
	}
	call("ctx nosuch")
	if m.Cluster().Name() != "nowhere" || !strings.Contains(m.message.state.Text, "no such context") {
		t.Fatalf("on %s, said %q", m.Cluster().Name(), m.message.state.Text)
	}
	m.message = message{}
	call("ctx")
	if s := m.Draw().String(); !strings.Contains(s, "https://other   read-only") {
		t.Fatalf("the list is\n%s", s)
	}
	press(m, "esc")
	call("ctx other")
	if m.Cluster() != other || !root.Closed() || !first.scope.Closed() || m.root.Closed() {
		t.Errorf("on %s; old root closed %v, old screen closed %v", m.Cluster().Name(), root.Closed(), first.scope.Closed())
	}
	if s := m.Draw().String(); !strings.Contains(s, "podarium  other") {
		t.Errorf("the header does not tell:\n%s", s)
	}
}

func TestCrumbsFit(t *testing.T) {
	path := []string{"etcd", "registry", "deployments", "default", "web-frontend-of-the-shop"}
	for _, tc := range []struct {
		width int
		want  string
	}{
		{80, "etcd / registry / deployments / default / web-frontend-of-the-shop"},
		{60, "etcd / … / deployments / default / web-frontend-of-the-shop"},
		{50, "etcd / … / default / web-frontend-of-the-shop"},
		{30, "etcd / … / web-fr…-of-the-shop"},
		{15, "web-…f-the-shop"},
	} {
		got := strings.Join(fitCrumbs(path, tc.width), " / ")
		if canvas.Width(got) > tc.width {
			t.Errorf("%d columns: %q has %d", tc.width, got, canvas.Width(got))
		}
		if got != tc.want {
			t.Errorf("%d columns: %q, want %q", tc.width, got, tc.want)
		}
	}
	if got := fitCrumbs(nil, 10); len(got) != 0 {
		t.Errorf("of none: %q", got)
	}
}

func TestANoteLosesWholeParts(t *testing.T) {
	for _, tc := range []struct {
		note  string
		width int
		want  string
	}{
		{"the last 500 lines   31", 40, "the last 500 lines   31"}, {"the last 500 lines   31", 20, "the last 500 lines"},
		{"the last 500 lines   31", 14, "the last 500 …"}, {"the last 500 lines   31", 9, ""}, {"12", 4, "12"},
	} {
		if got := fitNote(tc.note, tc.width); got != tc.want {
			t.Errorf("%q in %d columns is %q, want %q", tc.note, tc.width, got, tc.want)
		}
	}
}
