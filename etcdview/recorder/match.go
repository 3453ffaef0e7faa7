package recorder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
)

// Summary says what a recording holds.
type Summary struct {
	Changes int   `json:"changes"`
	Keys    int   `json:"keys"`
	Bytes   int64 `json:"bytes"`
	// First and Last are the oldest and the newest revision.
	First int64 `json:"firstRevision"`
	Last  int64 `json:"lastRevision"`
	// Since and Until are when the oldest and the newest file was written to.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Gaps are spans of revisions that were not recorded.
	Gaps []etcdview.Gap `json:"gaps,omitempty"`
}

// Summary sums up what was recorded until the last Refresh.
func (r *Recording) Summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Summary{Keys: len(r.index), Bytes: r.bytes(), Last: r.last, Gaps: slices.Clone(r.gaps)}
	for _, places := range r.index {
		s.Changes += len(places)
		if s.First == 0 || places[0].rev < s.First {
			s.First = places[0].rev
		}
	}
	if n := len(r.segments); n > 0 {
		s.Since, s.Until = r.segments[0].since, r.segments[n-1].until
	}
	return s
}

// sample is about how many keys Matches looks at.
const sample = 32

// Matches says whether an etcd is the one that was recorded, by some of its keys: where the etcd has one at another value
// in the same revision, created at another revision, or older than recorded, it is another one, or was set back. (The
// IDs of clusters do not tell: all of one member with default settings have the same.) An empty recording matches any.
func (r *Recording) Matches(ctx context.Context, s *etcdview.Store) (bool, error) {
	now, err := s.Revision(ctx)
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	last := r.last
	type newest struct {
		key string
		place
	}
	var keys []newest
	for k, places := range r.index {
		keys = append(keys, newest{k, places[len(places)-1]})
	}
	r.mu.Unlock()
	if last > now {
		return false, nil
	}
	slices.SortFunc(keys, func(a, b newest) int { return int(b.rev - a.rev) })
	for i := 0; i < len(keys); i += 1 + i/8*max(1, len(keys)/sample) { // the newest, and some of all others
		k := keys[i]
		c, err := k.load()
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		kv, err := s.Get(ctx, k.key, 0)
		switch {
		case errors.Is(err, etcdview.ErrNotFound):
			continue // it may have been deleted since
		case err != nil:
			return false, err
		case kv.ModRevision < k.rev, kv.ModRevision == k.rev && !bytes.Equal(c.kv.Value, kv.Value):
			return false, nil
		case kv.CreateRevision <= k.rev && (c.deleted || kv.CreateRevision != c.kv.CreateRevision):
			return false, nil
		}
	}
	return true, nil
}

// putAside moves what was recorded of another etcd into a directory beside it, in the place of what lay there before.
func (r *Recording) putAside() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	aside := filepath.Join(r.dir, "of-another-etcd")
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("recorded history: %w", err)
	}
	if err := os.Mkdir(aside, 0o700); err != nil {
		return fmt.Errorf("recorded history: %w", err)
	}
	files, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("recorded history: %w", err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".rec") {
			continue
		}
		if err := os.Rename(filepath.Join(r.dir, f.Name()), filepath.Join(aside, f.Name())); err != nil {
			return fmt.Errorf("recorded history: %w", err)
		}
	}
	if n := len(r.segments); n > 0 {
		r.named = r.segments[n-1].name // names are not used again: other processes know files by them
	}
	r.segments, r.index, r.gaps, r.last = nil, map[string][]place{}, nil, 0
	return nil
}
