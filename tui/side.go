package tui

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// side is a pane beside a screen. It shows the object under the screen's cursor in one of several ways, and follows the
// cursor. Any screen that is a screen.Subject can have one, and what it shows are ordinary screens, so neither knows of it.
type side struct {
	what    string        // the name of the sideView in it
	room    *room         // nil while there is nothing to show
	of      screen.Object // whose it is
	next    screen.Object // whose it will be when the cursor has come to rest
	err     error         // why it could not be opened
	focused bool          // keys go to the pane
}

// sideView is one way to show an object in a pane.
type sideView struct {
	name    string
	request func(screen.Object) screen.Request
}

// sideViews are the ways, in the order in which a key goes through them.
func sideViews() []sideView {
	return []sideView{
		{"yaml", func(o screen.Object) screen.Request { return screen.YAML{Object: o} }},
		{"describe", func(o screen.Object) screen.Request { return screen.Describe{Object: o} }},
		{"events", func(o screen.Object) screen.Request { return screen.Events{Object: o} }},
		{"etcd", func(o screen.Object) screen.Request { return screen.EtcdKey{Object: o} }},
		{"logs", func(o screen.Object) screen.Request {
			if o.Resource.Resource != "pods" && o.Resource.Group != "apps" && o.Resource.Resource != "jobs" {
				return nil
			}
			return screen.Logs{Object: o}
		}},
	}
}

// sideRest is how long a cursor must rest on an object before the pane follows: who scrolls through a table does not want
// each of its rows read.
const sideRest = 120 * time.Millisecond

// The room that panes take. From sideBeside on the pane stands beside the screen, else below it, and where there is not
// room for both in its place.
const (
	sideBeside  = 120
	sideLeast   = 14 // lines for two panes below each other
	sideAboveOf = 5  // a screen keeps two of so many lines above its pane
)

// sideOf is what a pane shows of an object in a way; nil where there is nothing of the kind.
func (t *tab) sideOf(what string, o screen.Object) screen.Request {
	for _, v := range sideViews() {
		if v.name != what {
			continue
		}
		if r := v.request(o); r != nil && t.Handles(r) {
			return r
		}
	}
	return nil
}

// firstSide is what a pane begins with: what was seen last, but not what the screen itself is. An object that fills the
// screen has its key in etcd beside it, and the key its object.
func (t *tab) firstSide(r *room) string {
	switch r.request.(type) {
	case screen.YAML, screen.Describe:
		if t.Handles(screen.EtcdKey{}) {
			return "etcd"
		}
		return "events"
	case screen.EtcdKey:
		return "yaml"
	}
	if t.sideWhat != "" {
		return t.sideWhat
	}
	return "yaml"
}

// object is what is under the cursor of a screen.
func (r *room) object() (screen.Object, bool) {
	s, ok := r.screen.(screen.Subject)
	if !ok {
		return screen.Object{}, false
	}
	return s.Object()
}

// toggleSide shows the pane of the screen on top, or takes it away.
func (t *tab) toggleSide() {
	r := t.top()
	if r == nil {
		return
	}
	if r.side != nil {
		r.closeSide()
		return
	}
	if _, ok := r.screen.(screen.Subject); !ok {
		t.Say(screen.State{Health: screen.Idle, Text: "nothing here is an object that a pane could show"})
		return
	}
	r.side = &side{what: t.firstSide(r)}
	t.followSide()
}

// turnSide goes on to the next way to show the object.
func (t *tab) turnSide() {
	r := t.top()
	if r == nil || r.side == nil {
		t.toggleSide()
		return
	}
	ways := sideViews()
	at := slices.IndexFunc(ways, func(v sideView) bool { return v.name == r.side.what })
	for n := 1; n <= len(ways); n++ {
		way := ways[(at+n)%len(ways)].name
		if t.sideOf(way, r.side.next) != nil {
			r.side.what, t.sideWhat = way, way
			break
		}
	}
	t.showSide(r, r.side.next)
}

// focusSide lets keys go to the pane, or back to the screen.
func (t *tab) focusSide() {
	r := t.top()
	switch {
	case r == nil:
	case r.side == nil:
		if t.toggleSide(); r.side != nil {
			r.side.focused = true
		}
	default:
		r.side.focused = !r.side.focused
	}
}

// followSide looks where the cursor of the screen on top is, after each message.
func (t *tab) followSide() {
	r := t.top()
	if r == nil || r.side == nil {
		return
	}
	o, ok := r.object()
	if !ok || o == r.side.next {
		return
	}
	first := r.side.room == nil
	r.side.next = o
	if first {
		t.showSide(r, o)
		return
	}
	t.After(sideRest, func() {
		if r.side != nil && r.side.next == o && r.side.of != o && slices.Contains(t.stack, r) {
			t.showSide(r, o)
		}
	})
}

// showSide opens the pane for an object.
func (t *tab) showSide(r *room, o screen.Object) {
	q := t.sideOf(r.side.what, o)
	if q == nil {
		r.side.close()
		r.side.of, r.side.err = o, fmt.Errorf("a %s has no %s", o.Kind, r.side.what)
		return
	}
	t.fillSide(r, o, q)
}

func (t *tab) fillSide(r *room, o screen.Object, q screen.Request) {
	scope := screen.NewScope(t.m.life(), &sideHost{tab: t, main: r})
	s, err := t.m.router.Open(scope, q)
	r.side.close()
	r.side.of, r.side.err = o, err
	if err != nil {
		scope.Close()
		return
	}
	r.side.room = &room{screen: s, scope: scope, request: q}
	shown(s)
	t.m.dirty = true
}

// close closes the screen in the pane.
func (s *side) close() {
	if s.room != nil {
		closeRoom(s.room)
		s.room = nil
	}
}

// closeSide takes the pane away.
func (r *room) closeSide() {
	if r.side != nil {
		r.side.close()
		r.side = nil
	}
}

// sideRoom is the screen in the pane, as a list of it or nothing.
func (r *room) sideRoom() []*room {
	if r.side == nil || r.side.room == nil {
		return nil
	}
	return []*room{r.side.room}
}

// active is the room that keys go to: the screen on top, or the one in its pane.
func (t *tab) active() *room {
	r := t.top()
	if r != nil && r.side != nil && r.side.focused && r.side.room != nil {
		return r.side.room
	}
	return r
}

// sideHost is the host of a screen in a pane: what it opens in its own place stays in the pane, and what it does in the
// background is no call of the user's.
type sideHost struct {
	*tab
	main *room
}

// Replace implements screen.Host.
func (h *sideHost) Replace(q screen.Request) {
	if h.main.side == nil {
		return
	}
	for _, v := range sideViews() {
		if r := v.request(h.main.side.of); reflect.DeepEqual(r, q) {
			h.main.side.what, h.sideWhat = v.name, v.name
		}
	}
	h.fillSide(h.main, h.main.side.of, q)
}

// Back implements screen.Host.
func (h *sideHost) Back() { h.main.closeSide() }

// Run implements screen.Host.
func (h *sideHost) Run(_ string, cancel context.CancelFunc, f func() func()) {
	h.tab.Run("", cancel, f)
}

// splitBody divides the body between a screen and its pane. Of either there may be nothing left.
func (r *room) splitBody(body *canvas.Canvas) (main, pane *canvas.Canvas, beside bool) {
	w, h := body.Width(), body.Height()
	switch {
	case r.side == nil:
		return body, nil, false
	case w >= sideBeside:
		left := w * 11 / 20
		return body.Cut(0, 0, left, h), body.Cut(left, 0, w-left, h), true
	case h >= sideLeast:
		above := max(6, h*2/sideAboveOf)
		return body.Cut(0, 0, w, above), body.Cut(0, above, w, h-above), false
	default:
		return nil, body, false
	}
}

// drawBody draws the screen on top, and its pane.
func (m *Model) drawBody(body *canvas.Canvas) {
	r := m.top()
	if r == nil {
		return
	}
	main, pane, beside := r.splitBody(body)
	m.body, m.sideBody = canvas.Rect{}, canvas.Rect{}
	if main != nil {
		m.body = rectOf(main)
		r.screen.Draw(main)
	}
	if pane != nil {
		m.drawSide(pane, r, beside)
	}
}

func rectOf(c *canvas.Canvas) (r canvas.Rect) {
	r.Min.X, r.Min.Y = c.Origin()
	r.Max.X, r.Max.Y = r.Min.X+c.Width(), r.Min.Y+c.Height()
	return r
}

// sideHint says which keys a pane has.
func (m *Model) sideHint() string {
	text := ""
	for _, b := range m.frameTable() {
		what := map[key.Action]string{actSideIn: "into", actSideNext: "next", actSide: "close"}[b.Action]
		if what != "" && len(b.Keys) > 0 {
			text += " " + key.Name(b.Keys[0]) + " " + what + " "
		}
	}
	return text
}

// drawSide draws the pane: a rule towards the screen, a line that says what it is, and the screen in it.
func (m *Model) drawSide(c *canvas.Canvas, r *room, beside bool) {
	s, p := m.styles, r.side
	rule := s.Rule
	if p.focused {
		rule = s.Accent
	}
	title := c.Cut(0, 0, c.Width(), 1)
	inside := c.Cut(0, 1, c.Width(), c.Height()-1)
	if beside {
		c.Column(0, rule)
		title, inside = c.Cut(1, 0, c.Width()-1, 1), c.Cut(1, 1, c.Width()-1, c.Height()-1)
	} else {
		title.Rule(0, rule)
	}
	m.sideBody = rectOf(inside)
	ink := s.Heading
	if p.focused {
		ink = s.Accent
	}
	right := title.Width() - 1
	if p.room != nil {
		if st := p.room.screen.Place().State; st.Text != "" {
			text := canvas.Truncate(st.Health.Glyph()+" "+st.Text, title.Width()/2)
			if !beside { // apart from the rule
				right = title.Right(right, 0, s.Text, " ")
			}
			right = title.Right(right, 0, st.Health.Style(s), text) - 1
			if !beside {
				title.Text(right, 0, s.Text, " ")
			}
		}
	}
	x := title.Text(1, 0, ink, " "+p.what+" ")
	if right-x > 8 {
		x = title.Text(x, 0, s.Text, canvas.Truncate(p.of.Name, right-x-2)+" ")
	}
	if hint := m.sideHint(); right-x > canvas.Width(hint)+4 {
		title.Text(x+1, 0, s.Muted, hint)
	}
	switch {
	case p.room != nil:
		p.room.screen.Draw(inside)
	case p.err != nil:
		inside.Clip(2, 1, inside.Width()-3, s.Muted, p.err.Error())
	default:
		inside.Clip(2, 1, inside.Width()-3, s.Muted, "nothing is under the cursor")
	}
}
