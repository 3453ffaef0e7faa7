package recorder

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/podarium/podarium/etcdview"
)

// Reader is an etcd whose histories go on with what is recorded of them, and whose keys can be read at revisions that are
// compacted away.
type Reader struct {
	etcdview.Reader
	Recording *Recording
}

// History is that of the etcd, extended.
func (r Reader) History(ctx context.Context, key string, o etcdview.HistoryOptions) (etcdview.History, error) {
	h, err := r.Reader.History(ctx, key, o)
	if err != nil {
		return h, err
	}
	return h, r.Recording.Extend(&h, o)
}

// Get reads a key; at a revision that the etcd has no more, from the recording, as far as it can tell.
func (r Reader) Get(ctx context.Context, key string, rev int64) (etcdview.KV, error) {
	kv, err := r.Reader.Get(ctx, key, rev)
	if !errors.Is(err, etcdview.ErrCompacted) {
		return kv, err
	}
	if e := r.Recording.Refresh(); e != nil {
		return etcdview.KV{}, errors.Join(err, e)
	}
	x, ok, e := r.Recording.at(key, rev)
	switch {
	case e != nil:
		return etcdview.KV{}, errors.Join(err, e)
	case !ok:
		return etcdview.KV{}, fmt.Errorf("%w, and it was not recorded", err)
	case x.Deleted:
		return etcdview.KV{}, fmt.Errorf("%s: %w at revision %d", etcdview.Printable(key), etcdview.ErrNotFound, rev)
	}
	return x.KV, nil
}

// at is the state of a key at a revision; false where nothing is known of it.
func (r *Recording) at(key string, rev int64) (etcdview.Revision, bool, error) {
	r.mu.Lock()
	last := r.last
	gaps := slices.Clone(r.gaps)
	r.mu.Unlock()
	found, err := r.History(key, rev+1, 1)
	if err != nil || len(found) == 0 || rev > last {
		return etcdview.Revision{}, false, err
	}
	for _, g := range gaps {
		if g.To > found[0].ModRevision+1 && g.From <= rev { // it may have changed within the gap
			return etcdview.Revision{}, false, nil
		}
	}
	return found[0], true, nil
}
