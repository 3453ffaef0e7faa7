package tui

import (
	"context"
	"slices"
	"time"

	"github.com/podarium/podarium/tui/screen"
)

// call is I/O under way.
type call struct {
	what   string
	since  time.Time
	cancel context.CancelFunc
	// quiet says that nobody waits for it: live data that is read anew.
	quiet bool
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

// oldest is the call that has been under way for longest, nil where there is none.
func (t *tab) oldest() *call {
	var o *call
	for _, c := range t.calls {
		if c.quiet {
			continue
		}
		if o == nil || c.since.Before(o.since) {
			o = c
		}
	}
	return o
}

// loud is how many calls someone waits for.
func (t *tab) loud() (n int) {
	for _, c := range t.calls {
		if !c.quiet {
			n++
		}
	}
	return n
}

// cancelSlow cancels the calls that have been under way for so long that the user can have seen them.
func (t *tab) cancelSlow() bool {
	ids := make([]int, 0, len(t.calls))
	for id, c := range t.calls {
		if !c.quiet && t.m.clock().Sub(c.since) > 500*time.Millisecond {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		t.calls[id].cancel()
	}
	return len(ids) > 0
}
