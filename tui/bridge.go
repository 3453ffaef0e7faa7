package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// frameEvery is the least time between two frames: a key is seen soon, and a flood of them does not draw more often than
// the terminal is written to, framesPerSecond.
const (
	framesPerSecond = 120
	frameEvery      = time.Second / framesPerSecond
)

// liveEvery is the least time between two deliveries of live data. Nobody reads faster, and on a busy cluster every
// delivery costs a frame.
const liveEvery = 33 * time.Millisecond

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
	wake  chan struct{} // written by the sources' goroutines, capacity 1, never closed
}

// source is one store that a screen watches.
type source struct {
	changed bool      // guarded by bridge.mu
	rests   time.Time // guarded by bridge.mu; until then it has no turn
	then    func()
}

// liveMsg says that some sources have changed; take tells which.
type liveMsg struct{}

func newBridge() *bridge { return &bridge{wake: make(chan struct{}, 1)} }

// follow collects the changes of one source until ctx ends or the channel is closed.
func (b *bridge) follow(ctx context.Context, changed <-chan struct{}, then func()) {
	s := &source{then: then}
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

// deliver gives each source that has changed and does not rest its turn, and says whether one had it.
func (b *bridge) deliver() bool {
	turns := b.take(time.Now())
	for _, s := range turns {
		start := time.Now()
		s.then()
		took := time.Since(start)
		b.mu.Lock()
		s.rests = start.Add(min(share*took, took+longestRest))
		b.mu.Unlock()
	}
	return len(turns) > 0
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
		pause := time.NewTimer(liveEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}
