package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// frameEvery is the least time between two frames of live data, and the longest that a flood of keys waits for one.
const frameEvery = time.Second / 120

// liveEvery is the least time between two deliveries of live data: nobody sees more. After one that changed nothing in sight,
// the next is likely not to either, and comes at unseenEvery.
const (
	liveEvery   = time.Second / 60
	unseenEvery = time.Second / 40
)

// share is how much of the UI goroutine's time one source may take: after a turn of t it rests share-1 times t. So keys
// are answered between the turns of a screen that has much to do for each change.
const share = 10

// longestRest bounds that: a turn that took long because the machine was busy is no reason to show old data.
const longestRest = 250 * time.Millisecond

// bridge is the one way from live data to the UI: it collects which sources have changed and tells the program so at
// most once in liveEvery. Sources never wait for the screen, and a storm of changes costs one message in that time.
type bridge struct {
	mu    sync.Mutex
	dirty []*source
	pause time.Duration // before the next delivery
	wake  chan struct{} // written by the sources' goroutines, capacity 1, never closed
}

// source is one store that a screen watches.
type source struct {
	changed bool      // guarded by bridge.mu
	rests   time.Time // guarded by bridge.mu; until then it has no turn
	from    <-chan struct{}
	taken   chan struct{} // written when it has its turn, capacity 1, never closed
	then    func() (seen bool)
}

// liveMsg says that some sources have changed; take tells which.
type liveMsg struct{}

func newBridge() *bridge { return &bridge{wake: make(chan struct{}, 1), pause: liveEvery} }

// follow collects the changes of one source until ctx ends or the channel is closed. It reads the channel no more than once
// for each turn, and what has come in between has its turn with it: many changes wake nobody.
func (b *bridge) follow(ctx context.Context, changed <-chan struct{}, then func() (seen bool)) {
	s := &source{then: then, from: changed, taken: make(chan struct{}, 1)}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case _, ok := <-changed:
				if !ok {
					return
				}
				b.mark(s)
			}
			select {
			case <-ctx.Done():
				return
			case <-s.taken:
			}
		}
	}()
}

func (b *bridge) mark(s *source) {
	b.mu.Lock()
	if !s.changed {
		s.changed = true
		b.dirty = append(b.dirty, s)
	}
	b.mu.Unlock()
	b.rouse()
}

func (b *bridge) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// deliver gives each source that has changed and does not rest its turn, and says whether one changed what is on the screen.
func (b *bridge) deliver() (seen bool) {
	turns := b.take(time.Now())
	for _, s := range turns {
		select {
		case <-s.from: // then sees that too
		default:
		}
		select {
		case s.taken <- struct{}{}:
		default:
		}
		start := time.Now()
		if s.then() {
			seen = true
		}
		took := time.Since(start)
		b.mu.Lock()
		s.rests = start.Add(min(share*took, took+longestRest))
		b.mu.Unlock()
	}
	if len(turns) > 0 {
		b.mu.Lock()
		if b.pause = unseenEvery; seen {
			b.pause = liveEvery
		}
		b.mu.Unlock()
	}
	return seen
}

// take hands over the sources that have changed since the last take, but for those that rest: their turn comes after it.
func (b *bridge) take(now time.Time) []*source {
	b.mu.Lock()
	defer b.mu.Unlock()
	var turns, resting []*source
	var wait time.Duration
	for _, s := range b.dirty {
		if left := s.rests.Sub(now); left > 0 {
			if resting = append(resting, s); wait == 0 || left < wait {
				wait = left
			}
			continue
		}
		s.changed = false
		turns = append(turns, s)
	}
	b.dirty = resting
	if resting != nil {
		time.AfterFunc(wait, b.rouse)
	}
	return turns
}

// run is the only goroutine that sends to the program on its own account.
func (b *bridge) run(ctx context.Context, send func(tea.Msg)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
		send(liveMsg{})
		b.mu.Lock()
		pause := time.NewTimer(b.pause)
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}
