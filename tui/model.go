package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/paint"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Model is the root of the UI: the frame, and the clusters in it, each in a tab with its screens. It is a tea.Model; package
// tuitest drives it without a Program. All of it belongs to the one goroutine that calls Update and View.
type Model struct {
	o      Options
	life   func() context.Context
	bridge *bridge
	guard  *guard
	router *screen.Router
	// clock is the time: the wall's, or a test's.
	clock func() time.Time
	// exec gives the terminal to a command: bubbletea's way, or a test's.
	exec func(tea.ExecCommand, tea.ExecCallback) tea.Cmd

	// What the user has configured, and the keys that come of it.
	config *config.Source
	keys   keymap

	// Looks.
	profile colorprofile.Profile
	dark    bool
	styles  *style.Styles

	// The clusters, one of which is in front.
	*tab
	tabs []*tab

	commands []screen.Command
	prompt   prompt
	// contexts are the names of the clusters that there are, as far as known, for completion.
	contexts []string
	guide    *guide // the tour; nil where there is none
	lastID   int    // of the last call
	runs     int    // commands that were given

	// The frame.
	width, height int
	dirty         bool
	pending       bool // a frameMsg is on its way
	composed      time.Time
	took          time.Duration // to compose it
	asked         bool          // the user has done something since the last frame
	answered      time.Time     // when the last frame was composed because the user had
	canvas        *canvas.Canvas
	painter       *paint.Painter // nil in tests that look at the canvas
	frame         tea.View
	body          canvas.Rect
	sideBody      canvas.Rect // of the pane beside the screen

	queue    []tea.Cmd // collected during one Update
	quitting bool
}

// room is a screen on the stack, with how it was asked for.
type room struct {
	screen  screen.Screen
	scope   *screen.Scope
	request screen.Request
	side    *side // a pane beside it, nil for none
}

var _ tea.Model = (*Model)(nil)

// NewModel makes the UI without a terminal. ctx ends all that it started; Close does too.
func NewModel(ctx context.Context, o Options) (*Model, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	m := &Model{
		o:       o,
		life:    func() context.Context { return ctx },
		bridge:  newBridge(),
		clock:   time.Now,
		exec:    tea.Exec,
		profile: colorprofile.TrueColor,
		dark:    true,
		dirty:   true,
	}
	var err error
	if m.router, err = screen.NewRouter(append(modules(), m.wordsModule())); err != nil {
		return nil, err
	}
	m.guard = newGuard(o.LogDir, func() {})
	m.commands = append(frameCommands(m), moduleCommands()...)
	m.config, _ = o.Config.Current() // of a bad one the last good
	m.keys = newKeymap(m.config)
	m.tab = newTab(m, o.Cluster)
	m.tabs = []*tab{m.tab}
	m.restyle()
	return m, nil
}

// Close ends all calls and live data of all screens.
func (m *Model) Close() {
	m.endTour()
	for _, t := range m.tabs {
		t.close()
	}
}

// Bridge carries live data to the program: send is its Send. Run does this; a driver without a Program calls it.
func (m *Model) Bridge(ctx context.Context, send func(tea.Msg)) { m.bridge.run(ctx, send) }

// Busy says whether calls are under way: a driver waits for this to be false, never for time.
func (m *Model) Busy() bool {
	return slices.ContainsFunc(m.tabs, func(t *tab) bool { return len(t.calls) > 0 })
}

// Quitting says that the user has quit.
func (m *Model) Quitting() bool { return m.quitting }

// SetClock gives the model another time.
func (m *Model) SetClock(now func() time.Time) { m.clock = now }

// SetExec gives the model another way to hand the terminal to a command.
func (m *Model) SetExec(exec func(tea.ExecCommand, tea.ExecCallback) tea.Cmd) { m.exec = exec }

// Init starts what the frame shows by itself and opens the first screen.
func (m *Model) Init() tea.Cmd {
	m.begin()
	m.followConfig()
	if m.o.Open != "" {
		m.command(m.o.Open)
	}
	if len(m.stack) == 0 {
		m.Open(m.firstScreen())
	}
	m.offerTour()
	m.tick()
	cmds := m.flush()
	return tea.Batch(append(cmds, tea.RequestBackgroundColor, tea.Raw(ansi.SetModeLightDark))...)
}
