// Package shell is a terminal in the UI: a shell in a container, or the container's own process, on a screen of its own with
// colours, resizing, paste and what has scrolled away. HandOver gives the whole terminal to a shell instead, until that ends.
//
// All keys go to the container but one, the leader ctrl-]: the key after it is for the UI. Leaving the screen ends the session.
package shell

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Session is the request for a terminal in a container.
type Session struct {
	screen.Object // a Pod
	// Container is the Pod's default one where empty.
	Container string
	// Attach joins the container's own process rather than a shell of its own.
	Attach bool
	// Passing says that the Pod was made for this session, and is deleted when the screen is left.
	Passing bool
}

// Module registers the screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Shell",
		Routes: []screen.Route{screen.To(open)},
		Keys:   map[string]key.Table{"Shell": runKeys(), "Shell, scrolled back": backKeys(), "Shell, ended": endKeys()},
	}
}

type view struct {
	scope   *screen.Scope
	request Session
	con     *console
	began   time.Time
	back    int  // lines scrolled back
	looking bool // keys scroll rather than go to the container
	leader  bool // the leader was pressed: the next key is the UI's
	height  int  // of the last Draw
}

var (
	_ screen.Screen  = (*view)(nil)
	_ screen.Typer   = (*view)(nil)
	_ screen.Pointer = (*view)(nil)
	_ screen.Closer  = (*view)(nil)
	_ screen.Subject = (*view)(nil)
)

func open(s *screen.Scope, r Session) (screen.Screen, error) {
	if s.Cluster().ReadOnly() {
		return nil, fmt.Errorf("a shell in %s: %w", r.Name, change.ErrReadOnly)
	}
	v := &view{scope: s, request: r}
	v.start()
	return v, nil
}

func (v *view) start() {
	v.hangUp()
	con := newConsole(80, 24) // the first Draw tells its real size
	v.con, v.began, v.back, v.looking, v.leader = con, v.scope.Now(), 0, false, false
	v.scope.Live(con.changed, func() {}) // that something changed is enough: Draw looks
	ctx, c, r := v.scope.Context(), v.scope.Cluster(), v.request
	go func() { con.end(run(ctx, c, r, con)) }()
}

// run is the session, until its end.
func run(ctx context.Context, c *cluster.Cluster, r Session, con *console) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(con.context(), cancel)()
	t, err := find(ctx, c, r)
	if err != nil {
		return err
	}
	con.opened(t)
	if err := await(ctx, c, t, con.waits); err != nil {
		return err
	}
	s := remote.Streams{In: con.input, Out: con, TTY: t.tty, Sizes: con.sizes}
	switch {
	case !r.Attach:
		return remote.Exec(ctx, c, t.at, shellCommand, s)
	case !t.stdin:
		s.In = nil
	}
	if !t.tty {
		s.Err, s.Sizes, s.Out = con.lines(), nil, con.lines()
	}
	return remote.Attach(ctx, c, t.at, s)
}

// Close implements screen.Closer.
func (v *view) Close() {
	v.hangUp()
	if v.request.Passing {
		changes.TakeBack(v.scope, v.request.Object)
	}
}

func (v *view) hangUp() {
	if v.con != nil {
		v.con.close()
	}
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	st := v.con.state()
	p := screen.Place{Crumbs: []string{v.request.Namespace, "pods", v.request.Name}}
	if name := st.target.at.Name; name != "" {
		p.Crumbs = append(p.Crumbs, name)
	}
	word := "shell"
	if v.request.Attach {
		word = "attached"
		if st.target.at.Name != "" && !st.target.stdin {
			word = "attached, output only: the container takes no input"
		}
	}
	p.Crumbs = append(p.Crumbs, word)
	p.Note = st.title
	if v.back > 0 {
		p.Note = fmt.Sprintf("%d lines back", v.back)
	}
	p.State = v.state(st)
	return p
}

func (v *view) state(st status) screen.State {
	code, ran := remote.ExitCode(st.err)
	switch {
	case st.ended && (st.err == nil || errors.Is(st.err, context.Canceled)):
		return screen.State{Health: screen.Idle, Text: "ended"}
	case st.ended && ran:
		return screen.State{Health: screen.Idle, Text: fmt.Sprintf("ended with code %d", code)}
	case st.ended && lost(st.err):
		return screen.State{Health: screen.Bad, Text: "connection lost"}
	case st.ended:
		return screen.Failure(st.err)
	case st.dropped > 0:
		return screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d bytes not sent: the container does not read", st.dropped)}
	case v.leader:
		return screen.State{Health: screen.Busy, Text: "ctrl-] and…"}
	case v.looking:
		return screen.State{Health: screen.Idle, Text: "looking back"}
	case st.waits != "":
		return screen.State{Health: screen.Busy, Text: "waiting: " + st.waits}
	case st.live || v.request.Attach && st.target.at.Name != "":
		return screen.State{Health: screen.Good, Text: "connected"}
	default:
		return screen.State{Health: screen.Busy, Text: "connecting"}
	}
}

// Object implements screen.Subject.
func (v *view) Object() (screen.Object, bool) { return v.request.Object, true }

// Keys implements screen.Screen.
func (v *view) Keys() key.Table {
	switch {
	case v.con.state().ended:
		return endKeys()
	case v.looking:
		return backKeys()
	default:
		return runKeys()
	}
}

// Type implements screen.Typer: while the session runs, keys are the container's.
func (v *view) Type(k tea.KeyPressMsg) bool {
	if v.looking || v.con.state().ended {
		return false
	}
	name := k.String()
	switch {
	case v.leader:
		v.leader = false
		if b, ok := runKeys().Find(leader + " " + name); ok {
			v.Do(b.Action)
		}
	case name == leader:
		v.leader = true
	default:
		v.back = 0
		v.con.key(k)
	}
	return true
}

// Paste implements screen.Typer.
func (v *view) Paste(text string) {
	if !v.con.state().ended {
		v.back, v.looking = 0, false
		v.con.paste(text)
	}
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	switch a {
	case actLeave:
		v.scope.Back()
	case actAgain:
		v.start()
	case actLiteral:
		v.con.key(tea.KeyPressMsg{Code: ']', Mod: tea.ModCtrl})
	case actLook:
		v.looking = true
		v.scroll(max(1, v.height-1))
	case actStay:
		v.looking, v.back = false, 0
	case actCopy:
		v.scope.Copy(v.con.text())
		v.scope.Say(screen.Good, "copied what is on the terminal, and what has scrolled away")
	case actDown:
		v.scroll(-1)
	case actUp:
		v.scroll(1)
	case actPageDown:
		v.scroll(-max(1, v.height-1))
	case actPageUp:
		v.scroll(max(1, v.height-1))
	case actTop:
		v.scroll(v.con.scrollback())
	case actBottom:
		v.back = 0
	}
}

func (v *view) scroll(by int) { v.back = max(0, min(v.back+by, v.con.scrollback())) }

// Click implements screen.Pointer.
func (v *view) Click(x, y int) { v.con.click(x, y) }

// Wheel implements screen.Pointer: programs that take the mouse or the whole terminal get it, else it scrolls back.
func (v *view) Wheel(lines int) {
	if v.back > 0 || !v.con.wheel(lines) {
		v.scroll(-lines)
	}
}

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	st := v.con.state()
	height := c.Height()
	if st.ended {
		height = max(1, height-2)
	}
	v.height = height
	v.con.resize(c.Width(), height)
	v.con.draw(c.Cut(0, 0, c.Width(), height), v.back, !st.ended && !v.looking)
	if !st.ended {
		return
	}
	c.Rule(height, s.Rule)
	text := "The session has ended: enter leaves, r begins another."
	if hint := hintFor(st.err); hint != "" {
		text = hint
	}
	c.Clip(1, height+1, c.Width()-2, s.Muted, text)
}
