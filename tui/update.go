package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"github.com/podarium/podarium/tui/screen"
)

// The messages of the frame's own.
type (
	// finishedMsg brings the end of a call to the UI's goroutine.
	finishedMsg struct {
		tab  *tab
		id   int
		then func()
	}
	// timerMsg is an After that has come.
	timerMsg struct{ then func() }
	// tickMsg comes once a second.
	tickMsg struct{}
	// frameMsg says that the next frame may be composed.
	frameMsg struct{}
)

// Update implements tea.Model. It does no I/O.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	defer m.guardUpdate()
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height, m.dirty = msg.Width, msg.Height, true
	case tea.ColorProfileMsg:
		m.profile = msg.Profile
		m.restyle()
		if m.painter != nil {
			m.painter.SetProfile(msg.Profile)
		}
	case tea.ModeReportMsg:
		if m.painter != nil && msg.Mode == ansi.ModeSynchronizedOutput && msg.Value == ansi.ModeReset {
			m.painter.SetSynced()
		}
		if msg.Mode == ansi.ModeUnicodeCore && msg.Value != ansi.ModeNotRecognized {
			// bubbletea keeps it until its view changes, which it does not any more. It takes it back in the end.
			m.queue = append(m.queue, tea.Raw(ansi.SetModeUnicodeCore))
		}
	case tea.BackgroundColorMsg:
		if dark := msg.IsDark(); dark != m.dark {
			m.dark = dark
			m.restyle()
		}
	case uv.DarkColorSchemeEvent, uv.LightColorSchemeEvent: // the system's, live; the background tells what the terminal made of it
		m.queue = append(m.queue, tea.RequestBackgroundColor)
	case tea.KeyPressMsg:
		m.dirty, m.asked = true, true
		m.press(msg)
	case tea.PasteMsg:
		m.dirty, m.asked = true, true
		m.paste(msg)
	case tea.MouseClickMsg:
		m.dirty, m.asked = true, true
		m.click(msg.X, msg.Y)
	case tea.MouseWheelMsg:
		m.dirty, m.asked = true, true
		m.wheel(msg)
	case liveMsg:
		if m.bridge.deliver() {
			m.dirty = true
		}
	case finishedMsg:
		m.dirty = true
		delete(msg.tab.calls, msg.id)
		msg.then()
		m.prompt.learn(m)
	case timerMsg:
		m.dirty = true
		msg.then()
	case tickMsg:
		m.dirty = true
		m.ticked()
		m.tick()
	case frameMsg:
		m.pending = false
	}
	m.followSide()
	m.followTour()
	m.cover()
	m.pace()
	return m, tea.Batch(m.flush()...)
}

// cover tells every screen whether another one hides it.
func (m *Model) cover() {
	for _, t := range m.tabs {
		for i, r := range t.stack {
			if r.scope != nil {
				r.scope.Cover(t != m.tab || i < len(t.stack)-1)
			}
			for _, pane := range r.sideRoom() {
				pane.scope.Cover(t != m.tab || i < len(t.stack)-1)
			}
		}
	}
}

// guardUpdate reports a panic in Update before bubbletea restores the terminal.
func (m *Model) guardUpdate() {
	if r := recover(); r != nil {
		panic(m.guard.report(r))
	}
}

// pace asks for a later frame where this one comes too soon after the last.
func (m *Model) pace() {
	if !m.dirty || m.pending || m.due() {
		return
	}
	m.pending = true
	at, apart := m.last()
	wait := apart - m.clock().Sub(at)
	m.queue = append(m.queue, tea.Tick(wait, func(time.Time) tea.Msg { return frameMsg{} }))
}

// due says whether a frame may be composed now.
func (m *Model) due() bool {
	at, apart := m.last()
	return m.clock().Sub(at) >= apart
}

// last is when the frame was composed that the next one has to keep its distance from, and that distance. What the user has
// done waits for no frame of live data, and for one of its like only as long that a flood of keys leaves time for the rest.
func (m *Model) last() (at time.Time, apart time.Duration) {
	if m.asked {
		return m.answered, min(frameEvery, 2*m.took)
	}
	return m.composed, frameEvery
}

func (m *Model) flush() []tea.Cmd {
	cmds := m.queue
	m.queue = nil
	return cmds
}

func (m *Model) tick() {
	m.queue = append(m.queue, tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} }))
}

func tick(r *room) {
	if t, ok := r.screen.(screen.Ticker); ok {
		t.Tick()
	}
}

func (m *Model) ticked() {
	m.message.expire(m.clock())
	if r := m.top(); r != nil {
		tick(r)
		for _, pane := range r.sideRoom() {
			tick(pane)
		}
	}
}
