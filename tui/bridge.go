package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// frameEvery is the least time between two frames, and between two deliveries of live data.
const frameEvery = 16 * time.Millisecond

// bridge is the one way from live data to the UI: it collects which sources have changed and tells the program so at
// most once a frame. Sources never wait for the screen, and a storm of changes costs one message a frame.
type bridge struct {
	mu    sync.Mutex
	dirty []*source
	wake  chan struct{} // written by the sources' goroutines, capacity 1, never closed
}

// source is one store that a screen watches.
type source struct {
	changed bool // guarded by bridge.mu
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
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take hands over the sources that have changed since the last take.
func (b *bridge) take() []*source {
	b.mu.Lock()
	defer b.mu.Unlock()
	dirty := b.dirty
	b.dirty = nil
	for _, s := range dirty {
		s.changed = false
	}
	return dirty
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
		pause := time.NewTimer(frameEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}
