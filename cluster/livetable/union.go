package livetable

import (
	"context"
	"slices"
	"sync"

	"github.com/podarium/podarium/cluster"
)

// Union is one live table of several namespaces: a Table for each, put together. Like a Table it is safe for use by several
// goroutines, and its snapshots are immutable; rows that did not change keep their pointers.
type Union struct {
	tables  []*Table
	changed chan struct{} // capacity 1; written by the forwarding goroutines, never closed
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu   sync.Mutex
	from []uint64 // the Generation of each table's snapshot in last
	last *Snapshot
}

// OpenUnion opens a table of some namespaces. It never blocks and never fails, as Open.
func OpenUnion(ctx context.Context, c *cluster.Cluster, q Query, namespaces []string) *Union {
	ctx, cancel := context.WithCancel(ctx)
	u := &Union{changed: make(chan struct{}, 1), cancel: cancel, from: make([]uint64, len(namespaces)), last: &Snapshot{}}
	for _, ns := range namespaces {
		q.Namespace = ns
		t := Open(ctx, c, q)
		u.tables = append(u.tables, t)
		u.done.Go(func() { u.forward(ctx, t) })
	}
	return u
}

func (u *Union) forward(ctx context.Context, t *Table) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.Changed():
		}
		select {
		case u.changed <- struct{}{}:
		default:
		}
	}
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (u *Union) Changed() <-chan struct{} { return u.changed }

// Snapshot is the table now: the rows of each namespace after those of the one before. It is Synced when all of them are, and
// its Err is the first that one of them has.
func (u *Union) Snapshot() *Snapshot {
	u.mu.Lock()
	defer u.mu.Unlock()
	next, now := &Snapshot{Synced: true, Generation: u.last.Generation + 1}, make([]uint64, len(u.tables))
	for i, t := range u.tables {
		s := t.Snapshot()
		now[i] = s.Generation
		if len(s.Columns) > 0 {
			next.Columns = s.Columns
		}
		next.Rows = append(next.Rows, s.Rows...)
		next.Synced = next.Synced && s.Synced
		if next.Err == nil {
			next.Err = s.Err
		}
	}
	if slices.Equal(now, u.from) {
		return u.last
	}
	u.from, u.last = now, next
	return next
}

// Close stops listing and watching, and waits for that.
func (u *Union) Close() {
	u.cancel()
	for _, t := range u.tables {
		t.Close()
	}
	u.done.Wait()
}
