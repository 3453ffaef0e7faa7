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
func (t *tab) Handles(r screen.Request) bool { return t.m.router.Handles(r) }

// Open implements screen.Host: it puts a screen on top.
func (t *tab) Open(r screen.Request) {
	if t.push(r) {
		if _, help := r.(screen.Help); !help {
			t.visits.add(r)
		}
	}
}

// Replace implements screen.Host: it puts a screen in the place of the one on top.
func (t *tab) Replace(r screen.Request) {
	old := t.top()
	if !t.push(r) {
		return
	}
	t.visits.add(r)
	if old != nil {
		if old.side != nil { // the pane stays
			t.top().side = &side{what: old.side.what}
		}
		n := len(t.stack)
		t.stack = append(t.stack[:n-2], t.stack[n-1])
		closeRoom(old)
	}
}

// firstScreen is home, and the Pods where there is none.
func (t *tab) firstScreen() screen.Request {
	if t.m.router.Handles(screen.Home{}) {
		return screen.Home{}
	}
	return screen.Resources{Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}}
}

// goTo makes a screen the only one above the first: what a command does.
func (t *tab) goTo(r screen.Request) {
	old := t.stack
	t.stack = nil
	if len(old) > 0 && old[0].request == screen.Request(screen.Home{}) {
		t.stack, old = old[:1:1], old[1:] // of its own array: push must not write into old
	}
	before := t.stack
	if _, home := r.(screen.Home); home && len(before) > 0 {
		t.visits.add(r)
		shown(before[0].screen)
	} else if !t.push(r) {
		t.stack = append(before, old...)
		return
	} else {
		t.visits.add(r)
	}
	for _, gone := range old {
		closeRoom(gone)
	}
}

func (t *tab) push(r screen.Request) bool {
	scope := screen.NewScope(t.m.life(), t)
	s, err := t.m.router.Open(scope, r)
	if err != nil {
		scope.Close()
		t.Say(screen.State{Health: screen.Bad, Text: err.Error()})
		return false
	}
	t.stack = append(t.stack, &room{screen: s, scope: scope, request: r})
	shown(s)
	t.m.dirty = true
	return true
}

// Back implements screen.Host. The last screen stays, and becomes home where there is one.
func (t *tab) Back() {
	if len(t.stack) > 1 {
		t.pop()
		shown(t.top().screen)
		t.visits.add(t.top().request)
		return
	}
	if r := t.top(); r != nil && t.m.router.Handles(screen.Home{}) {
		if _, home := r.request.(screen.Home); !home {
			t.goTo(screen.Home{})
		}
	}
}

func (t *tab) pop() {
	closeRoom(t.top())
	t.stack = t.stack[:len(t.stack)-1]
}

func closeRoom(r *room) {
	r.closeSide()
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
func (t *tab) visit(by int) {
	to := t.visits.at + by
	if to < 0 || to >= len(t.visits.requests) {
		return
	}
	t.jump(to)
}

func (t *tab) visitLast() {
	if len(t.visits.requests) > 1 {
		t.jump(t.visits.last)
	}
}

func (t *tab) jump(to int) {
	from, kept := t.visits.at, t.visits
	kept.requests = append([]screen.Request(nil), t.visits.requests...)
	t.goTo(t.visits.requests[to])
	t.visits = kept
	t.visits.last, t.visits.at = from, to
}
