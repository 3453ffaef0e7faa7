package manage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
)

// dimension is what writes are counted by.
type dimension int

const (
	byResource dimension = iota
	byNamespace
	byKey
	byWriter
	dimensions
)

func (d dimension) String() string {
	return [...]string{"by resource", "by namespace", "by key", "by writer"}[d]
}

const (
	// span is the time over which writes are counted, in seconds: a bucket for each.
	span = 60
	// mostNames bounds the names that a bucket counts one by one; what comes beyond it counts as others.
	mostNames = 2000
	// decodesPerSecond bounds how many values are decoded for their writers: a storm is counted, but not decoded in full.
	decodesPerSecond = 500
)

const others = "(others)"

// meter counts the writes of the last minute, on a goroutine of its own.
type meter struct {
	changed chan struct{}
	decode  decode.Options
	prefix  string

	mu      sync.Mutex
	buckets [span]bucket
	state   etcdview.FeedState
}

// bucket is a second.
type bucket struct {
	second  int64
	total   int64
	decoded int
	counts  [dimensions]map[string]int64
}

// startMeter counts until the context ends.
func startMeter(ctx context.Context, s *etcdview.Store, prefix string, o decode.Options) *meter {
	m := &meter{changed: make(chan struct{}, 1), decode: o, prefix: prefix}
	feed := s.Feed(ctx, etcdview.WatchOptions{Key: prefix, Prefix: true}, etcdview.FeedOptions{})
	go func() {
		for seq := uint64(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-feed.Changed():
			}
			entries, state := feed.Since(seq)
			m.take(ctx, entries, state.Seen-seq-uint64(len(entries)), time.Now())
			seq = state.Seen
			m.mu.Lock()
			m.state = state
			m.mu.Unlock()
			select {
			case m.changed <- struct{}{}:
			default:
			}
		}
	}()
	return m
}

// take counts events, and those that came too fast to be kept.
func (m *meter) take(ctx context.Context, entries []etcdview.Entry, dropped uint64, now time.Time) {
	for _, e := range entries {
		if e.Gap != nil {
			continue
		}
		path := etcdview.Printable(e.KV.Key)
		names := [dimensions]string{byResource: path, byNamespace: "(none)", byKey: strings.TrimPrefix(path, m.prefix), byWriter: "(not recorded)"}
		if o, ok := registry.Parse(m.decode.Prefix, e.KV.Key); ok {
			names[byResource] = o.GroupResource.String()
			if o.Namespace != "" {
				names[byNamespace] = o.Namespace
			}
		}
		switch {
		case e.Type == etcdview.Delete:
			names[byWriter] = "(deletions)"
		case !m.mayDecode(e.Received):
			names[byWriter] = "(not decoded)"
		default:
			if w := writerOf(ctx, e.Event, m.decode); w != "" {
				names[byWriter] = w
			}
		}
		m.count(e.Received, 1, names)
	}
	if dropped > 0 {
		const d = "(dropped)"
		m.count(now, int64(dropped), [dimensions]string{d, d, d, d})
	}
}

func writerOf(ctx context.Context, e etcdview.Event, o decode.Options) string {
	v := decode.Decode(ctx, e.KV.Key, e.KV.Value, o)
	var old *decode.Value
	if e.Prev != nil {
		p := decode.Decode(ctx, e.Prev.Key, e.Prev.Value, o)
		old = &p
	}
	w, _ := decode.WriterOf(&v, old)
	return w.Manager
}

func (m *meter) mayDecode(at time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bucket(at)
	b.decoded++
	return b.decoded <= decodesPerSecond
}

func (m *meter) count(at time.Time, n int64, names [dimensions]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bucket(at)
	b.total += n
	for d, name := range names {
		if _, ok := b.counts[d][name]; !ok && len(b.counts[d]) >= mostNames {
			name = others
		}
		b.counts[d][name] += n
	}
}

// bucket is that of a time, emptied where it was that of an earlier minute.
func (m *meter) bucket(at time.Time) *bucket {
	second := at.Unix()
	b := &m.buckets[second%span]
	if b.second != second {
		*b = bucket{second: second}
		for d := range b.counts {
			b.counts[d] = map[string]int64{}
		}
	}
	return b
}

// counted is how many writes have a name.
type counted struct {
	name string
	n    int64
}

// top is who wrote in the last minute, most first, and how many writes there were in all.
func (m *meter) top(d dimension, now time.Time) (list []counted, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[string]int64{}
	for i := range m.buckets {
		if b := &m.buckets[i]; b.second > now.Unix()-span {
			total += b.total
			for name, n := range b.counts[d] {
				sums[name] += n
			}
		}
	}
	for name, n := range sums {
		list = append(list, counted{name, n})
	}
	slices.SortFunc(list, func(a, b counted) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	return list, total
}

// perSecond are the writes of each of the last seconds, oldest first.
func (m *meter) perSecond(now time.Time, seconds int) []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]int64, min(seconds, span))
	for i := range out {
		second := now.Unix() - int64(len(out)-1-i)
		if b := &m.buckets[second%span]; b.second == second {
			out[i] = b.total
		}
	}
	return out
}
