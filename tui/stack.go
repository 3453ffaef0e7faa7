package tui

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/tui/screen"
)

// visits is the history behind [ and ]: the requests in the order in which they were made.
type visits struct {
	requests []screen.Request
	at       int
	last     int
}

// maxVisits bounds the history.
const maxVisits = 100

func (v *visits) add(r screen.Request) {
	if len(v.requests) > 0 && reflect.DeepEqual(v.requests[v.at], r) {
		return
	}
	if len(v.requests) > 0 {
		v.requests = v.requests[:v.at+1]
	}
	v.last = v.at
	v.requests = append(v.requests, r)
	if len(v.requests) > maxVisits {
		v.requests = v.requests[1:]
		v.last = max(v.last-1, 0)
	}
	v.at = len(v.requests) - 1
}

// Handles implements screen.Host.
func (m *Model) Handles(r screen.Request) bool { return m.router.Handles(r) }

// Open implements screen.Host: it puts a screen on top.
func (m *Model) Open(r screen.Request) {
	if m.push(r) {
		if _, help := r.(screen.Help); !help {
			m.visits.add(r)
		}
	}
}

// Replace implements screen.Host: it puts a screen in the place of the one on top.
func (m *Model) Replace(r screen.Request) {
	old := m.top()
	if !m.push(r) {
		return
	}
	m.visits.add(r)
	if old != nil {
		n := len(m.stack)
		m.stack = append(m.stack[:n-2], m.stack[n-1])
		closeRoom(old)
	}
}

// firstScreen is home, and the Pods where there is none.
func (m *Model) firstScreen() screen.Request {
	if m.router.Handles(screen.Home{}) {
		return screen.Home{}
	}
	return screen.Resources{Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}}
}

// goTo makes a screen the only one above the first: what a command does.
func (m *Model) goTo(r screen.Request) {
	old := m.stack
	m.stack = nil
	if len(old) > 0 && old[0].request == screen.Request(screen.Home{}) {
		m.stack, old = old[:1:1], old[1:] // of its own array: push must not write into old
	}
	before := m.stack
	if _, home := r.(screen.Home); home && len(before) > 0 {
		m.visits.add(r)
		shown(before[0].screen)
	} else if !m.push(r) {
		m.stack = append(before, old...)
		return
	} else {
		m.visits.add(r)
	}
	for _, gone := range old {
		closeRoom(gone)
	}
}

func (m *Model) push(r screen.Request) bool {
	scope := screen.NewScope(m.life(), m)
	s, err := m.router.Open(scope, r)
	if err != nil {
		scope.Close()
		m.Say(screen.State{Health: screen.Bad, Text: err.Error()})
		return false
	}
	m.stack = append(m.stack, &room{screen: s, scope: scope, request: r})
	shown(s)
	m.dirty = true
	return true
}

// Back implements screen.Host. The last screen stays, and becomes home where there is one.
func (m *Model) Back() {
	if len(m.stack) > 1 {
		m.pop()
		shown(m.top().screen)
		m.visits.add(m.top().request)
		return
	}
	if r := m.top(); r != nil && m.router.Handles(screen.Home{}) {
		if _, home := r.request.(screen.Home); !home {
			m.goTo(screen.Home{})
		}
	}
}

func (m *Model) pop() {
	closeRoom(m.top())
	m.stack = m.stack[:len(m.stack)-1]
}

func closeRoom(r *room) {
	if c, ok := r.screen.(screen.Closer); ok {
		c.Close()
	}
	r.scope.Close()
}

func shown(s screen.Screen) {
	if w, ok := s.(screen.Shower); ok {
		w.Shown()
	}
}

// visit goes through the history without adding to it.
func (m *Model) visit(by int) {
	to := m.visits.at + by
	if to < 0 || to >= len(m.visits.requests) {
		return
	}
	m.jump(to)
}

func (m *Model) visitLast() {
	if len(m.visits.requests) > 1 {
		m.jump(m.visits.last)
	}
}

func (m *Model) jump(to int) {
	from, kept := m.visits.at, m.visits
	kept.requests = append([]screen.Request(nil), m.visits.requests...)
	m.goTo(m.visits.requests[to])
	m.visits = kept
	m.visits.last, m.visits.at = from, to
}
