package standin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
)

// hogs are what stress pretends to take, as kubectl top shows it.
type hogs struct {
	mu     sync.Mutex
	memory int64         // bytes
	cpus   float64       // processors
	since  time.Time     // of cpus
	spent  time.Duration // before
}

// take adds to what is taken; negative numbers give it back.
func (h *hogs) take(memory int64, cpus float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.spent += time.Duration(h.cpus * float64(now.Sub(h.since)))
	h.memory, h.cpus, h.since = h.memory+memory, h.cpus+cpus, now
}

func (h *hogs) usage() (cpu time.Duration, memory int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spent + time.Duration(h.cpus*float64(time.Since(h.since))), h.memory
}

// stress pretends to take memory (--vm N --vm-bytes SIZE) and processors (--cpu N), for --timeout or until it is ended. Above
// the container's memory limit it is killed, with the container.
func stress(ctx context.Context, s *shell, args []string) int {
	workers, each, cpus := int64(0), int64(256<<20), 0.0
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !given && i+1 < len(args) {
			value = args[i+1]
		}
		var err error
		switch name {
		case "vm", "m":
			workers, err = strconv.ParseInt(value, 10, 32)
		case "vm-bytes":
			each, err = size(value)
		case "cpu", "c", "cpus":
			cpus, err = strconv.ParseFloat(value, 64)
		case "timeout", "t":
			var d time.Duration
			if d, err = seconds(value); err == nil {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, d)
				defer cancel()
			}
		default:
			continue
		}
		if err != nil {
			fmt.Fprintf(s.stderr, "stress: FAIL: [1] %s: %q is no number\n", args[i], value)
			return 1
		}
		if !given {
			i++
		}
	}
	fmt.Fprintf(s.stdout, "stress: info: [1] dispatching hogs: %g cpu, 0 io, %d vm, 0 hdd\n", cpus, workers)
	if limit := s.p.spec.MemoryLimit; limit > 0 && workers*each > limit {
		s.p.quit(containers.Exit{Code: 137, Reason: "OOMKilled"})
		return 137
	}
	if limit := s.p.spec.CPULimit; limit > 0 {
		cpus = min(cpus, limit)
	}
	s.p.hogs.take(workers*each, cpus)
	defer s.p.hogs.take(-workers*each, -cpus)
	<-ctx.Done()
	return 0
}
