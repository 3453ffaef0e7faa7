// Package screentest lets a screen be tested by itself: a frame that records what the screen asks for, a clock that
// stands still, and golden files of what it draws, in a dark and in a light theme and without colour. Package tuitest
// drives the whole UI.
package screentest

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Now is the time in every screentest.
var Now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Sizes are those that golden screens are drawn at.
var Sizes = [][2]int{{80, 24}, {120, 40}, {200, 60}}

// Host is a frame that does nothing but record. Calls are run at once, live data and timers when the test says so.
type Host struct {
	// Opened are the requests of the screen, Said its messages, Asked its dialogs.
	Opened []screen.Request
	Said   []screen.State
	Asked  []screen.Dialog
	Copied []string
	// Backs counts how often the screen asked to be closed.
	Backs int
	// Time is what Now returns.
	Time time.Time

	cluster  *cluster.Cluster
	styles   *style.Styles
	looks    []Look
	services map[any]any
	lives    []func() bool
}

var _ screen.Host = (*Host)(nil)

// New makes a frame for a cluster, which may be nil where the screen does not ask for it.
func New(t testing.TB, c *cluster.Cluster) (*Host, *screen.Scope) {
	t.Helper()
	looks := Looks(t)
	h := &Host{cluster: c, styles: looks[0].Styles, looks: looks, services: map[any]any{}, Time: Now}
	s := screen.NewScope(t.Context(), h)
	t.Cleanup(s.Close)
	return h, s
}

// Tick runs what the screen does when its live data has changed.
func (h *Host) Tick() {
	for _, f := range h.lives {
		f()
	}
}

func (h *Host) Cluster() *cluster.Cluster   { return h.cluster }
func (h *Host) Styles() *style.Styles       { return h.styles }
func (h *Host) Now() time.Time              { return h.Time }
func (h *Host) Open(r screen.Request)       { h.Opened = append(h.Opened, r) }
func (h *Host) Replace(r screen.Request)    { h.Opened = append(h.Opened, r) }
func (h *Host) Handles(screen.Request) bool { return true }
func (h *Host) Back()                       { h.Backs++ }
func (h *Host) Ask(d screen.Dialog)         { h.Asked = append(h.Asked, d) }
func (h *Host) Say(s screen.State)          { h.Said = append(h.Said, s) }
func (h *Host) Copy(text string)            { h.Copied = append(h.Copied, text) }

// Exec runs the command at once, without a terminal.
func (h *Host) Exec(c tea.ExecCommand, done func(error)) { done(c.Run()) }

func (h *Host) Service(key any, make func() any) any {
	if _, ok := h.services[key]; !ok {
		h.services[key] = make()
	}
	return h.services[key]
}

func (h *Host) Run(_ string, _ context.CancelFunc, f func() func()) { f()() }
func (h *Host) After(time.Duration, func())                         {}
func (h *Host) Live(_ context.Context, _ <-chan struct{}, f func() bool) {
	h.lives = append(h.lives, f)
}

// Draw draws a screen with its title line, as the frame does, and returns the cells.
func Draw(h *Host, s screen.Screen, width, height int) *canvas.Canvas {
	c := canvas.New(width, height, h.styles.Base)
	p := s.Place()
	c.Text(1, 0, h.styles.Title, fmt.Sprint(p.Crumbs, "  ", p.Note))
	if p.State.Text != "" {
		c.Right(width-1, 0, p.State.Health.Style(h.styles), p.State.Health.Glyph()+" "+p.State.Text)
	}
	s.Draw(c.Cut(0, 1, width, height-1))
	return c
}
