// Package tuitest drives the real UI without a terminal: keys in, cells out, against any cluster.
//
// A Driver runs what bubbletea would: Update with one message at a time, and the commands that come of it, each on a
// goroutine of its own. It waits for something to be on the screen, or for all calls to be done, and never for time:
// while it waits it handles each message as it comes.
package tuitest

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/canvas"
)

// patience is how long a Driver waits before it fails the test.
const patience = 3 * time.Minute

// keyTime is what a user takes from one key to the next, on the UI's clock.
const keyTime = 250 * time.Millisecond

// Driver is a user at the keyboard.
type Driver struct {
	// Model is the UI.
	Model *tui.Model

	t    testing.TB
	late time.Duration   // how far the UI's clock is ahead: a user takes time for each key
	ctx  context.Context //nolint:containedctx // the life of the test
	msgs chan tea.Msg
}

// New starts the UI at 120x40.
func New(t testing.TB, o tui.Options) *Driver { return Sized(t, o, 120, 40) }

// Sized starts the UI at a size.
func Sized(t testing.TB, o tui.Options, width, height int) *Driver {
	t.Helper()
	if o.LogDir == "" {
		o.LogDir = t.TempDir()
	}
	ctx, cancel := context.WithCancel(t.Context())
	m, err := tui.NewModel(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(); cancel() })
	m.SetExec(func(c tea.ExecCommand, done tea.ExecCallback) tea.Cmd { // there is no terminal to hand over
		return func() tea.Msg { return done(c.Run()) }
	})
	d := &Driver{Model: m, t: t, ctx: ctx, msgs: make(chan tea.Msg)}
	m.SetClock(func() time.Time { return time.Now().Add(d.late) })
	go m.Bridge(ctx, d.send)
	d.run(m.Init())
	d.handle(tea.WindowSizeMsg{Width: width, Height: height})
	return d
}

// Resize gives the terminal another size.
func (d *Driver) Resize(width, height int) { d.handle(tea.WindowSizeMsg{Width: width, Height: height}) }

// Keys presses keys by their names: "j", "K", "enter", "esc", "ctrl+d", "shift+left", "space".
func (d *Driver) Keys(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.late += keyTime
		d.handle(Key(n))
	}
}

// Type types text, a key at a time.
func (d *Driver) Type(text string) {
	for _, r := range text {
		d.handle(Key(string(r)))
	}
}

// Command types a line of the command line.
func (d *Driver) Command(line string) {
	d.Keys(":")
	d.Type(line)
	d.Keys("enter")
}

// Screen is what is on the screen, as text.
func (d *Driver) Screen() string { return d.Model.Draw().String() }

// Cells are what is on the screen.
func (d *Driver) Cells() *canvas.Canvas { return d.Model.Draw() }

// Wait waits until all of the texts are on the screen at once.
func (d *Driver) Wait(texts ...string) {
	d.t.Helper()
	d.WaitFor(strings.Join(texts, " and "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// WaitGone waits until a text is not on the screen.
func (d *Driver) WaitGone(text string) {
	d.t.Helper()
	d.WaitFor("no "+text, func(screen string) bool { return !strings.Contains(screen, text) })
}

// WaitFor waits until the screen is as wanted.
func (d *Driver) WaitFor(what string, is func(screen string) bool) {
	d.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !is(d.Screen()) {
		select {
		case msg := <-d.msgs:
			d.handle(msg)
		case <-limit.C:
			d.t.Fatalf("waited %s for %s; the screen is\n%s", patience, what, d.Screen())
		}
	}
}

// Idle waits until no call is under way.
func (d *Driver) Idle() {
	d.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for d.Model.Busy() {
		select {
		case msg := <-d.msgs:
			d.handle(msg)
		case <-limit.C:
			d.t.Fatalf("calls are under way after %s; the screen is\n%s", patience, d.Screen())
		}
	}
}

func (d *Driver) handle(msg tea.Msg) {
	_, cmd := d.Model.Update(msg)
	d.run(cmd)
}

// run runs a command as bubbletea does: batches apart, each on its own goroutine.
func (d *Driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case nil, tea.QuitMsg:
		case tea.BatchMsg:
			for _, c := range msg {
				d.run(c)
			}
		default:
			d.send(msg)
		}
	}()
}

func (d *Driver) send(msg tea.Msg) {
	select {
	case d.msgs <- msg:
	case <-d.ctx.Done():
	}
}

// Key is the message of a key by its name.
func Key(name string) tea.KeyPressMsg {
	var k tea.KeyPressMsg
	for {
		rest, ok := strings.CutPrefix(name, "ctrl+")
		if ok && rest != "" {
			k.Mod |= tea.ModCtrl
			name = rest
			continue
		}
		if rest, ok = strings.CutPrefix(name, "alt+"); ok && rest != "" {
			k.Mod |= tea.ModAlt
			name = rest
			continue
		}
		if rest, ok = strings.CutPrefix(name, "shift+"); ok && rest != "" {
			k.Mod |= tea.ModShift
			name = rest
			continue
		}
		break
	}
	if code, ok := special[name]; ok {
		k.Code = code
		if name == "space" && k.Mod == 0 {
			k.Text = " "
		}
		return k
	}
	r := []rune(name)[0]
	k.Code = r
	if k.Mod&(tea.ModCtrl|tea.ModAlt) == 0 {
		k.Text = name
	}
	return k
}

var special = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "space": tea.KeySpace,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "delete": tea.KeyDelete,
	"f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f4": tea.KeyF4, "f5": tea.KeyF5, "f6": tea.KeyF6,
	"f7": tea.KeyF7, "f8": tea.KeyF8, "f9": tea.KeyF9, "f10": tea.KeyF10, "f11": tea.KeyF11, "f12": tea.KeyF12,
}
