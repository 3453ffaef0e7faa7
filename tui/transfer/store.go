package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/jobs"
	"github.com/podarium/podarium/tui/screen"
)

// job is one copy.
type job struct {
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
}

// store keeps the copies of a cluster; they go on while other screens are looked at.
type store struct {
	*jobs.Store[job]
	cluster *cluster.Cluster
}

type storeKey struct{}

// Start makes the store of a cluster, whose copies end with the scope. The frame calls it.
func Start(s *screen.Scope) {
	screen.Service(s, storeKey{}, func() *store { return &store{Store: jobs.NewStore[job](s.Context()), cluster: s.Cluster()} })
}

func of(s *screen.Scope) *store {
	Start(s)
	return screen.Service(s, storeKey{}, func() *store { return nil })
}

// begin starts a copy.
func (st *store) begin(j job, now func() time.Time) {
	j.began = now()
	st.Begin(j, func(ctx context.Context, update func(func(*job)) job) {
		links, err := st.run(ctx, &j, update)
		if ctx.Err() != nil && err != nil {
			err = fmt.Errorf("stopped: %w", ctx.Err())
		}
		update(func(j *job) { j.links, j.err, j.ended = links, err, time.Now() })
	})
}

func (st *store) run(ctx context.Context, j *job, update func(func(*job)) job) (links int, err error) {
	report := func(files int, bytes int64) { update(func(j *job) { j.files, j.bytes = files, bytes }) }
	if !j.up {
		return remote.Download(ctx, st.cluster, j.at, j.remote, j.local, j.overwrite, report)
	}
	_, total, err := remote.LocalSize(j.local)
	if err != nil {
		return 0, err
	}
	update(func(j *job) { j.total = total })
	return 0, remote.Upload(ctx, st.cluster, j.at, j.local, j.remote, report)
}
