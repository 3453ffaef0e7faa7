package standin

import (
	"context"
	"strconv"
	"sync"
)

// pids are the shells of a container by number. 1 is the container's own command; the numbers of others are used once.
type pids struct {
	mu     sync.Mutex
	last   int
	shells map[int]context.CancelFunc
	jobs   int
}

// job gives a number that no other job has.
func (p *pids) job() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs++
	return strconv.Itoa(p.jobs)
}

// add numbers a shell that cancel ends.
func (p *pids) add(cancel context.CancelFunc) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shells == nil {
		p.last, p.shells = 1, map[int]context.CancelFunc{}
	}
	p.last++
	p.shells[p.last] = cancel
	return p.last
}

func (p *pids) remove(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.shells, pid)
}

// find gives what ends a shell, nil where there is none.
func (p *pids) find(pid int) context.CancelFunc {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shells[pid]
}

// numbered gives a shell its number and a context that ends when it is killed by that.
func (s *shell) numbered(ctx context.Context) (alive context.Context, end func()) {
	if s.traps != nil {
		s.pid = 1
		return ctx, func() {}
	}
	alive, cancel := context.WithCancel(ctx)
	s.pid = s.p.pids.add(cancel)
	return alive, func() {
		s.p.pids.remove(s.pid)
		cancel()
	}
}
