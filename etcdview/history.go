package etcdview

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Revision is one state of a key in the past.
type Revision struct {
	KV
	// Deleted says that this revision removed the key; KV then has the key and the ModRevision alone.
	Deleted bool
	// Time is when a recorder saw it; zero for what comes from etcd, which keeps no time.
	Time time.Time
	// Recorded says that the revision comes from a recorder: etcd does not have it any more.
	Recorded bool
}

// History is what is known of a key's past.
type History struct {
	Key string
	// Revisions are newest first.
	Revisions []Revision
	// Complete says that the oldest revision listed is the first there ever was, as far as the store can tell.
	Complete bool
	// CompactRevision is the oldest revision that the store still has; 0 where it was not met.
	CompactRevision int64
	// Gaps are spans that nobody recorded.
	Gaps []Gap
}

// HistoryOptions bound the search.
type HistoryOptions struct {
	// Limit is the most revisions to return; 0 means 100.
	Limit int
	// Revision to begin at, going back; 0 for now.
	Revision int64
}

// replayWindow is how many revisions a store may keep for its events to be replayed: the server reads all of them.
const replayWindow = 200_000

// History walks back through the revisions of a key that the store still has, one read for each. Where the key was
// deleted it finds the deletions, and what was there before, by replaying the store's events, unless these are too
// many. It returns an empty History, and no error, for a key that the store knows nothing of.
func (s *Store) History(ctx context.Context, key string, o HistoryOptions) (History, error) {
	if o.Limit <= 0 {
		o.Limit = 100
	}
	h := History{Key: key}
	rev, err := s.walk(ctx, &h, o)
	if err != nil || h.CompactRevision > 0 || len(h.Revisions) >= o.Limit {
		return h, err
	}
	if err := s.earlierLives(ctx, &h, rev, o.Limit); err != nil {
		return h, err
	}
	return h, nil
}

// walk collects the revisions of the key's present life. It returns the newest revision in which the key did not
// exist yet.
func (s *Store) walk(ctx context.Context, h *History, o HistoryOptions) (int64, error) {
	rev := o.Revision
	if rev == 0 {
		now, err := s.Revision(ctx)
		if err != nil {
			return 0, err
		}
		rev = now
	}
	for len(h.Revisions) < o.Limit {
		kv, err := s.Get(ctx, h.Key, rev)
		switch {
		case errors.Is(err, ErrNotFound):
			return rev, nil
		case errors.Is(err, ErrCompacted):
			h.CompactRevision, err = s.compactRevision(ctx, h.Key)
			return rev, err
		case err != nil:
			return rev, err
		}
		h.Revisions = append(h.Revisions, Revision{KV: kv})
		rev = kv.ModRevision - 1
		if kv.Version <= 1 {
			return rev, nil
		}
	}
	return rev, nil
}

// earlierLives replays the events up to a revision at which the key did not exist.
func (s *Store) earlierLives(ctx context.Context, h *History, upTo int64, limit int) error {
	from, err := s.compactRevision(ctx, h.Key)
	if err != nil {
		return err
	}
	h.CompactRevision = from
	from = max(from, 1)
	if upTo < from {
		return nil
	}
	if upTo-from > replayWindow {
		return nil
	}
	var past []Revision
	err = s.replay(ctx, h.Key, from, upTo, func(e Event) {
		past = append(past, Revision{KV: e.KV, Deleted: e.Type == Delete})
	})
	if err != nil {
		return err
	}
	for i := len(past) - 1; i >= 0 && len(h.Revisions) < limit; i-- {
		h.Revisions = append(h.Revisions, past[i])
	}
	h.Complete = len(h.Revisions) < limit && from <= 1
	return nil
}

// CompactRevision is the oldest revision that the store can still be read at; 0 where it was never compacted.
func (s *Store) CompactRevision(ctx context.Context) (int64, error) {
	return s.compactRevision(ctx, "\x00") // nobody has the key
}

// compactRevision asks with a key that the user may read.
func (s *Store) compactRevision(ctx context.Context, key string) (rev int64, err error) {
	err = s.Request(ctx, func(ctx context.Context) (err error) {
		rev, err = s.askCompactRevision(ctx, key)
		return err
	})
	return rev, err
}

func (s *Store) askCompactRevision(ctx context.Context, key string) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A watch from the first revision is refused with the number, or granted. One with events is closed at once.
	for r := range s.client.Watch(ctx, key, clientv3.WithRev(1), clientv3.WithCreatedNotify()) {
		if r.CompactRevision > 0 {
			return r.CompactRevision, nil
		}
		if err := r.Err(); err != nil {
			return 0, readError("find the compacted revision", "", err)
		}
		if r.Created {
			return s.confirmUncompacted(ctx, key)
		}
	}
	return 0, readError("find the compacted revision", "", ctxOr(ctx, errors.New("the watch ended")))
}

// confirmUncompacted reads at the first revision: servers may grant a watch before they look.
func (s *Store) confirmUncompacted(ctx context.Context, key string) (int64, error) {
	_, err := s.client.Get(ctx, key, clientv3.WithRev(1), clientv3.WithSerializable())
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, rpctypes.ErrCompacted) {
		return 0, readError("find the compacted revision", "", err)
	}
	for r := range s.client.Watch(ctx, key, clientv3.WithRev(1)) {
		if r.CompactRevision > 0 {
			return r.CompactRevision, nil
		}
	}
	return 0, readError("find the compacted revision", "", ctxOr(ctx, errors.New("the watch ended")))
}

// replay reports the events of a key from one revision to another, both included, and returns when all have been
// seen.
func (s *Store) replay(ctx context.Context, key string, from, to int64, fn func(Event)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	guard := s.guard(cancel)
	defer guard.stop()
	watch := s.client.Watch(ctx, key, clientv3.WithRev(from), clientv3.WithCreatedNotify())
	ask := time.NewTicker(20 * time.Millisecond) // a server that still reads does not answer, so ask again
	defer ask.Stop()
	created := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ask.C:
			if created {
				if err := s.client.RequestProgress(ctx); err != nil {
					return readError("replay", key, err)
				}
			}
		case r, ok := <-watch:
			guard.feed()
			if !ok {
				return readError("replay", key, ctxOr(ctx, errors.New("the watch ended")))
			}
			if err := r.Err(); err != nil {
				return readError("replay", key, err)
			}
			created = created || r.Created
			now := time.Now()
			for _, e := range r.Events {
				ev := fromEvent(e, now)
				if ev.Revision() > to {
					return nil
				}
				fn(ev)
			}
			if r.IsProgressNotify() && r.Header.Revision >= to {
				return nil
			}
		}
	}
}

func ctxOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
