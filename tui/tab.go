package tui

import (
	"cmp"
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/activity"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/forward"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
	"github.com/podarium/podarium/tui/style"
	"github.com/podarium/podarium/tui/transfer"
	"github.com/podarium/podarium/tui/vitals"
)

// tab is one cluster in the UI with all that belongs to it: its screens and their history, its namespace, what its
// screens share, its dialogs, calls and messages. It is the Host of its screens, so that a screen of a tab that is not
// in front goes on with its own cluster. The Model embeds the one in front.
type tab struct {
	m       *Model
	cluster *cluster.Cluster
	as      string // who one acts as there, by --as or the kubeconfig; empty for oneself

	// Places.
	root     *screen.Scope // of the tab itself
	stack    []*room
	visits   visits
	session  *session.Session
	services map[any]any

	// What lies over the screen, and what the status line tells.
	dialogs []screen.Dialog
	vitals  *vitals.Store
	message message
	calls   map[int]*call
	// sideWhat is what panes showed last.
	sideWhat string
}

var _ screen.Host = (*tab)(nil)

// newTab makes the tab of a cluster. Nothing of it runs before begin.
func newTab(m *Model, c *cluster.Cluster) *tab {
	t := &tab{m: m, cluster: c, as: c.Config().Impersonate.UserName, services: map[any]any{}, calls: map[int]*call{}}
	t.root = screen.NewScope(m.life(), t)
	t.session = session.Of(t.root)
	t.session.StateDir = m.o.StateDir
	t.session.Configure(m.config.Config)
	t.session.Use(t.session.Resolve(cmp.Or(m.config.Namespaces.Default, c.Access().Namespace)))
	t.vitals = vitals.Of(t.root)
	return t
}

// begin starts what the frame shows of a cluster by itself.
func (t *tab) begin() {
	t.vitals.Start(t.root)
	activity.Of(t.root).Start(t.root)
	forward.Start(t.root)
	changes.Start(t.root)
	transfer.Start(t.root)
	t.root.Live(t.vitals.Changed(), func() { t.m.dirty = true })
	t.session.Load(t.root)
}

// close ends all calls and live data of the tab.
func (t *tab) close() {
	for len(t.stack) > 0 {
		t.pop()
	}
	t.root.Close()
}

// Cluster implements screen.Host.
func (t *tab) Cluster() *cluster.Cluster { return t.cluster }

// Styles implements screen.Host.
func (t *tab) Styles() *style.Styles { return t.m.styles }

// Now implements screen.Host.
func (t *tab) Now() time.Time { return t.m.clock() }

// Run implements screen.Host.
func (t *tab) Run(what string, cancel context.CancelFunc, f func() func()) {
	m := t.m
	m.lastID++
	id := m.lastID
	t.calls[id] = &call{what: what, since: m.clock(), cancel: cancel, quiet: what == ""}
	m.queue = append(m.queue, func() tea.Msg {
		defer m.guard.recover()
		return finishedMsg{tab: t, id: id, then: f()}
	})
}

// After implements screen.Host.
func (t *tab) After(d time.Duration, f func()) {
	t.m.queue = append(t.m.queue, tea.Tick(d, func(time.Time) tea.Msg { return timerMsg{then: f} }))
}

// Live implements screen.Host.
func (t *tab) Live(ctx context.Context, changed <-chan struct{}, f func() bool) {
	t.m.bridge.follow(ctx, changed, f)
}

// Say implements screen.Host.
func (t *tab) Say(s screen.State) {
	t.message = message{state: s, until: t.m.clock().Add(messageFor)}
}

// Ask implements screen.Host.
func (t *tab) Ask(d screen.Dialog) { t.dialogs = append(t.dialogs, d) }

// Copy implements screen.Host.
func (t *tab) Copy(text string) { t.m.queue = append(t.m.queue, tea.SetClipboard(text)) }

// Exec implements screen.Host.
func (t *tab) Exec(c tea.ExecCommand, done func(error)) {
	t.m.queue = append(t.m.queue, t.m.exec(unhurried{c}, func(err error) tea.Msg { return timerMsg{then: func() { done(err) }} }))
}

// Service implements screen.Host.
func (t *tab) Service(key any, make func() any) any {
	if v, ok := t.services[key]; ok {
		return v
	}
	v := make()
	t.services[key] = v
	return v
}

// top is the screen that is seen of the tab, nil where there is none yet.
func (t *tab) top() *room {
	if len(t.stack) == 0 {
		return nil
	}
	return t.stack[len(t.stack)-1]
}
