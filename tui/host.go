package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/screen"
)

// call is I/O under way.
type call struct {
	what   string
	since  time.Time
	cancel context.CancelFunc
}

// message is what the status line says for a while.
type message struct {
	state screen.State
	until time.Time
}

// messageFor is how long a message stays that is no error.
const messageFor = 5 * time.Second

func (s *message) expire(now time.Time) {
	if s.state.Health != screen.Bad && now.After(s.until) {
		*s = message{}
	}
}

// Run implements screen.Host.
func (m *Model) Run(what string, cancel context.CancelFunc, f func() func()) {
	m.lastID++
	id := m.lastID
	m.calls[id] = &call{what: what, since: m.clock(), cancel: cancel}
	m.queue = append(m.queue, func() tea.Msg {
		defer m.guard.recover()
		return finishedMsg{id: id, then: f()}
	})
}

// After implements screen.Host.
func (m *Model) After(d time.Duration, f func()) {
	m.queue = append(m.queue, tea.Tick(d, func(time.Time) tea.Msg { return timerMsg{then: f} }))
}

// Live implements screen.Host.
func (m *Model) Live(ctx context.Context, changed <-chan struct{}, f func()) {
	m.bridge.follow(ctx, changed, f)
}

// Say implements screen.Host.
func (m *Model) Say(s screen.State) {
	m.message = message{state: s, until: m.clock().Add(messageFor)}
}

// Ask implements screen.Host.
func (m *Model) Ask(d screen.Dialog) { m.dialogs = append(m.dialogs, d) }

// Copy implements screen.Host.
func (m *Model) Copy(text string) { m.queue = append(m.queue, tea.SetClipboard(text)) }

// Exec implements screen.Host.
func (m *Model) Exec(c tea.ExecCommand, done func(error)) {
	m.queue = append(m.queue, m.exec(c, func(err error) tea.Msg { return timerMsg{then: func() { done(err) }} }))
}

// Service implements screen.Host.
func (m *Model) Service(key any, make func() any) any {
	if v, ok := m.services[key]; ok {
		return v
	}
	v := make()
	m.services[key] = v
	return v
}

// oldest is the call that has been under way for longest, nil where there is none.
func (m *Model) oldest() *call {
	var o *call
	for _, c := range m.calls {
		if o == nil || c.since.Before(o.since) {
			o = c
		}
	}
	return o
}

// cancelSlow cancels the calls that have been under way for so long that the user can have seen them.
func (m *Model) cancelSlow() bool {
	ids := make([]int, 0, len(m.calls))
	for id, c := range m.calls {
		if m.clock().Sub(c.since) > 500*time.Millisecond {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		m.calls[id].cancel()
	}
	return len(ids) > 0
}
