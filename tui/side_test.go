package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// stub is a screen with an object under its cursor.
type stub struct {
	name   string
	object string
	did    []key.Action
	closed bool
	scope  *screen.Scope
}

func (s *stub) Place() screen.Place {
	return screen.Place{Crumbs: []string{s.name}, State: screen.State{Health: screen.Good, Text: "live"}}
}
func (s *stub) Keys() key.Table {
	return key.Table{{Action: "j", Keys: []string{"j"}, Help: "down", Group: "Move"}}
}
func (s *stub) Do(a key.Action)       { s.did = append(s.did, a) }
func (s *stub) Draw(c *canvas.Canvas) { c.Text(0, 0, canvas.Style{}, "body of "+s.name) }
func (s *stub) Close()                { s.closed = true }
func (s *stub) Object() (screen.Object, bool) {
	return screen.Object{Kind: "Pod", Name: s.object}, s.object != ""
}

// withPane is a model with one screen whose pane shows stubs.
func withPane(t *testing.T, width, height int) (*Model, *stub, *[]*stub) {
	t.Helper()
	m, err := NewModel(t.Context(), Options{Cluster: nowhere(t, cluster.Options{}), LogDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	var panes []*stub
	open := func(what, name string, s *screen.Scope) (screen.Screen, error) {
		p := &stub{name: what + " of " + name, scope: s}
		panes = append(panes, p)
		return p, nil
	}
	router, err := screen.NewRouter([]screen.Module{{Name: "stubs", Routes: []screen.Route{
		screen.To(func(s *screen.Scope, r screen.YAML) (screen.Screen, error) { return open("yaml", r.Name, s) }),
		screen.To(func(s *screen.Scope, r screen.Describe) (screen.Screen, error) { return open("describe", r.Name, s) }),
		screen.To(func(s *screen.Scope, r screen.Resources) (screen.Screen, error) {
			return &stub{name: "table", object: "a", scope: s}, nil
		}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	m.router = router
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.Open(screen.Resources{})
	return m, m.top().screen.(*stub), &panes
}

func TestPaneFollowsTheCursor(t *testing.T) {
	m, table, panes := withPane(t, 200, 60)
	press(m, "|")
	if got := m.Draw().String(); !strings.Contains(got, "body of table") || !strings.Contains(got, "body of yaml of a") {
		t.Fatalf("the table and its pane:\n%s", got)
	}
	table.object = "b"
	press(m, "j") // the timer of the rest is in the queue: run it
	r := m.top()
	if r.side.next.Name != "b" || r.side.of.Name != "a" {
		t.Fatalf("the pane is of %s, the cursor on %s", r.side.of.Name, r.side.next.Name)
	}
	m.showSide(r, r.side.next)
	if len(*panes) != 2 || !(*panes)[0].closed || (*panes)[1].name != "yaml of b" {
		t.Errorf("panes %+v", *panes)
	}
	press(m, `\`)
	if got := m.Draw().String(); !strings.Contains(got, "body of describe of b") {
		t.Errorf("the next way to show it:\n%s", got)
	}
	press(m, "|")
	if !(*panes)[2].closed || r.side != nil || strings.Contains(m.Draw().String(), "describe") {
		t.Error("the pane is still there")
	}
	press(m, "|")
	if r.side.what != "describe" {
		t.Errorf("a new pane shows %s, not what was seen last", r.side.what)
	}
}

func TestKeysGoWhereTheFocusIs(t *testing.T) {
	m, table, panes := withPane(t, 200, 60)
	press(m, "`", "j")
	if len(table.did) != 0 || len((*panes)[0].did) != 1 {
		t.Fatalf("the table did %v, the pane %v", table.did, (*panes)[0].did)
	}
	(*panes)[0].scope.Replace(screen.Describe{Object: screen.Object{Kind: "Pod", Name: "a"}})
	if len(m.stack) != 1 || m.top().side.what != "describe" || m.active().screen.(*stub).name != "describe of a" {
		t.Errorf("a screen of the pane replaces itself: %d screens, pane %s", len(m.stack), m.top().side.what)
	}
	press(m, "esc", "j")
	if len(table.did) != 1 || m.top().side == nil {
		t.Errorf("after esc the table did %v, pane %v", table.did, m.top().side)
	}
	m.Draw()
	x, y := m.sideBody.Min.X+2, m.sideBody.Min.Y+2
	m.Update(tea.MouseClickMsg{X: x, Y: y})
	if !m.top().side.focused {
		t.Error("a click into the pane does not focus it")
	}
	m.Update(tea.MouseClickMsg{X: m.body.Min.X, Y: m.body.Min.Y})
	if m.top().side.focused {
		t.Error("a click into the table does not focus that")
	}
}

func TestPaneFitsAnyScreen(t *testing.T) {
	for _, c := range []struct {
		w, h         int
		table, below bool
	}{{200, 60, true, false}, {120, 30, true, false}, {80, 24, true, true}, {80, 16, false, false}} {
		m, _, _ := withPane(t, c.w, c.h)
		press(m, "|")
		got := m.Draw().String()
		if !strings.Contains(got, "body of yaml of a") || strings.Contains(got, "body of table") != c.table || c.table && (m.sideBody.Min.X == 0) != c.below {
			t.Errorf("%dx%d: pane at %v\n%s", c.w, c.h, m.sideBody, got)
		}
	}
}

func TestCallsThatNobodyWaitsForLetEscGoBack(t *testing.T) {
	m, _, _ := withPane(t, 80, 24)
	m.Open(screen.Resources{Namespace: "x"})
	cancelled := false
	m.calls[1] = &call{what: "", quiet: true, cancel: func() { cancelled = true }}
	m.calls[2] = &call{what: "loud", cancel: func() { cancelled = true }}
	if m.loud() != 1 || m.oldest().what != "loud" {
		t.Errorf("%d calls, the oldest %+v", m.loud(), m.oldest())
	}
	delete(m.calls, 2)
	if press(m, "esc"); cancelled || len(m.stack) != 1 {
		t.Errorf("esc cancelled %v, and leaves %d screens", cancelled, len(m.stack))
	}
}
