package metrics

import (
	"sync"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
)

// Node is one node's part of what is measured.
type Node interface {
	Name() string
	Usage() containers.Usage
	PodUsage() []containers.PodUsage
}

// period is how often usage is looked at: processor use is the mean over it.
const period = 10 * time.Second

// sample is what was used at one time.
type sample struct {
	at    time.Time
	nodes map[string]containers.Usage
	pods  map[podKey]containers.PodUsage
}

type podKey struct{ namespace, name string }

// sampler keeps the last two samples.
type sampler struct {
	nodes func() []Node

	mu        sync.Mutex
	last, old *sample
}

func (s *sampler) take() {
	now := &sample{at: time.Now(), nodes: map[string]containers.Usage{}, pods: map[podKey]containers.PodUsage{}}
	for _, n := range s.nodes() {
		now.nodes[n.Name()] = n.Usage()
		for _, p := range n.PodUsage() {
			now.pods[podKey{p.Namespace, p.Pod}] = p
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old, s.last = s.last, now
}

// current gives the last two samples. A look between two periods sees what has started since.
func (s *sampler) current() (old, last *sample) {
	s.mu.Lock()
	fresh := s.last != nil && s.old != nil
	s.mu.Unlock()
	if !fresh {
		s.take()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.old, s.last
}

// rate is the processors used between two points of time.
func rate(before, after time.Duration, span time.Duration) float64 {
	if span <= 0 || after < before {
		return 0
	}
	return float64(after-before) / float64(span)
}
