package etcdview

import (
	"context"
	"sync"
)

// Feed keeps the newest events of a watch for whoever looks at them, however fast they come. What does not fit any
// more is dropped from the old end, and counted.
type Feed struct {
	changed chan struct{}
	keep    int
	bytes   int

	mu      sync.Mutex
	watches []watchState
	entries []Entry // sorted by Seq, oldest first
	size    int     // bytes of keys and values in entries
	state   FeedState
}

// Entry is an event, or a gap, in a Feed.
type Entry struct {
	// Seq counts the entries of a feed from 1, without holes.
	Seq uint64
	Event
	// Gap is set where revisions were compacted away before they could be read; the Event is then empty.
	Gap *Gap
}

// FeedState is how a Feed is doing.
type FeedState struct {
	// Seen counts all entries so far; Seq of the newest.
	Seen uint64
	// Dropped counts those that are no longer kept.
	Dropped uint64
	// Revision is the newest that the watch has reached.
	Revision int64
	// Started says that all its watches are established: nothing after Revision is missed.
	Started bool
	// Interrupted is why a watch stands still, nil while all run.
	Interrupted error
}

// FeedOptions bound a Feed. Zero values mean 10,000 events and 64 MB.
type FeedOptions struct {
	Keep  int
	Bytes int
}

// Feed watches until the context ends, on a goroutine of its own.
func (s *Store) Feed(ctx context.Context, w WatchOptions, o FeedOptions) *Feed {
	return s.FeedAll(ctx, []WatchOptions{w}, o)
}

// FeedAll is a Feed of several watches at once. Changes of one watch come in the order of revisions, those of different
// ones as they arrive. A change that several of them watch for is reported once.
func (s *Store) FeedAll(ctx context.Context, watches []WatchOptions, o FeedOptions) *Feed {
	watches = Distinct(watches)
	f := &Feed{changed: make(chan struct{}, 1), keep: o.Keep, bytes: o.Bytes, watches: make([]watchState, len(watches))}
	if f.keep <= 0 {
		f.keep = 10_000
	}
	if f.bytes <= 0 {
		f.bytes = 64 << 20
	}
	for i, w := range watches {
		go func() {
			err := s.Watch(ctx, w, func(b Batch) error {
				f.take(i, b)
				return nil
			})
			if ctx.Err() == nil {
				f.take(i, Batch{Interrupted: err})
			}
		}()
	}
	return f
}

// watchState is how one watch of a feed is doing.
type watchState struct {
	started     bool
	interrupted error
}

// Changed gets a value after something was added. It has room for one: reading it late costs nothing.
func (f *Feed) Changed() <-chan struct{} { return f.changed }

// Since returns the entries after a sequence number that are still kept, oldest first, and the state. Begin with 0 and
// go on with the Seen of the last state. The entries are the caller's; the values in them are shared.
func (f *Feed) Since(seq uint64) ([]Entry, FeedState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.state.Seen - uint64(len(f.entries)) // the number before the oldest kept
	from := 0
	if seq > first {
		from = int(min(seq, f.state.Seen) - first)
	}
	return append([]Entry(nil), f.entries[from:]...), f.state
}

func (f *Feed) take(watch int, b Batch) {
	f.mu.Lock()
	f.watches[watch] = watchState{true, b.Interrupted}
	f.state.Started, f.state.Interrupted = true, nil
	for _, w := range f.watches {
		f.state.Started = f.state.Started && w.started
		if w.interrupted != nil {
			f.state.Interrupted = w.interrupted
		}
	}
	f.state.Revision = max(f.state.Revision, b.Revision)
	if b.Gap != nil {
		f.add(Entry{Gap: b.Gap})
	}
	for _, e := range b.Events {
		f.add(Entry{Event: e})
	}
	f.trim()
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *Feed) add(e Entry) {
	f.state.Seen++
	e.Seq = f.state.Seen
	f.entries = append(f.entries, e)
	f.size += e.weight()
}

func (f *Feed) trim() {
	n := 0
	for n < len(f.entries) && (len(f.entries)-n > f.keep || f.size > f.bytes) {
		f.size -= f.entries[n].weight()
		n++
	}
	if n == 0 {
		return
	}
	f.state.Dropped += uint64(n)
	clear(f.entries[:n]) // let the values go
	f.entries = f.entries[n:]
}

func (e *Entry) weight() int {
	n := len(e.KV.Key) + len(e.KV.Value)
	if e.Prev != nil {
		n += len(e.Prev.Value)
	}
	return n
}
