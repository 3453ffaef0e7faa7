package transfer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/screen"
)

// job is one copy.
type job struct {
	id        int
	at        remote.Container
	up        bool // to the container
	local     string
	remote    string
	overwrite bool

	files int
	bytes int64
	total int64 // 0 where it is not known: what comes from a container
	links int   // that were left out
	began time.Time
	ended time.Time
	err   error
	stop  context.CancelFunc
}

// store keeps the copies of a cluster; they go on while other screens are looked at. It is safe for use by several goroutines.
type store struct {
	life    func() context.Context
	cluster *cluster.Cluster
	changed chan struct{} // capacity 1, never closed

	mu   sync.Mutex
	jobs []*job
}

type storeKey struct{}

// Start makes the store of a cluster, whose copies end with the scope. The frame calls it.
func Start(s *screen.Scope) {
	ctx := s.Context()
	screen.Service(s, storeKey{}, func() *store {
		return &store{life: func() context.Context { return ctx }, cluster: s.Cluster(), changed: make(chan struct{}, 1)}
	})
}

func of(s *screen.Scope) *store {
	Start(s)
	return screen.Service(s, storeKey{}, func() *store { return nil })
}

// list is a copy of all jobs, newest first.
func (st *store) list() []job {
	st.mu.Lock()
	defer st.mu.Unlock()
	out := make([]job, 0, len(st.jobs))
	for i := len(st.jobs) - 1; i >= 0; i-- {
		out = append(out, *st.jobs[i])
	}
	return out
}

func (st *store) touch() {
	select {
	case st.changed <- struct{}{}:
	default:
	}
}

// begin starts a copy.
func (st *store) begin(j job, now func() time.Time) {
	ctx, cancel := context.WithCancel(st.life())
	j.stop, j.began = cancel, now()
	st.mu.Lock()
	j.id = len(st.jobs) + 1
	own := &j
	st.jobs = append(st.jobs, own)
	st.mu.Unlock()
	st.touch()
	go func() {
		defer cancel()
		links, err := st.run(ctx, own)
		st.mu.Lock()
		own.links, own.err, own.ended = links, err, time.Now()
		if ctx.Err() != nil && err != nil {
			own.err = fmt.Errorf("stopped: %w", ctx.Err())
		}
		st.mu.Unlock()
		st.touch()
	}()
}

func (st *store) run(ctx context.Context, j *job) (links int, err error) {
	report := func(files int, bytes int64) {
		st.mu.Lock()
		j.files, j.bytes = files, bytes
		st.mu.Unlock()
		st.touch()
	}
	if !j.up {
		return remote.Download(ctx, st.cluster, j.at, j.remote, j.local, j.overwrite, report)
	}
	_, total, err := remote.LocalSize(j.local)
	if err != nil {
		return 0, err
	}
	st.mu.Lock()
	j.total = total
	st.mu.Unlock()
	return 0, remote.Upload(ctx, st.cluster, j.at, j.local, j.remote, report)
}
