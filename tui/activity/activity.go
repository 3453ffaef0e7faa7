// Package activity counts who writes what into etcd, second by second, for the last minute, and keeps the last writes.
//
// It watches the API server's whole prefix, so the frame starts it on podarium's own clusters only: on someone else's it
// would cost their etcd the bandwidth of every write. Every event is counted by its resource; who wrote it is read from
// the object's managedFields, for as many events a second as cost little, and Sampled says when that was not all.
package activity

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/screen"
)

// Seconds is how far back it counts.
const Seconds = 60

// decodesPerSecond bounds the work of finding writers: decoding costs some 100 µs.
const decodesPerSecond = 40

// Row is one resource, or one writer.
type Row struct {
	Name string
	// Resource is set for resources.
	Resource schema.GroupResource
	// Counts are writes a second, oldest first; the last is the second under way.
	Counts [Seconds]uint32
	// Sum is the minute's.
	Sum uint32
}

// Snapshot is the last minute. Rows are those with the most writes first.
type Snapshot struct {
	Resources, Writers []Row
	// Sampled says that there were too many writes to find every writer.
	Sampled bool
	// Lately are the last writes to objects, the newest first.
	Lately []Write
}

// Write is one write to an object.
type Write struct {
	At       time.Time
	Revision int64 // that it made: no two have the same
	Type     etcdview.EventType
	Object   registry.Object
	// Writer is empty where it was not looked for, and of what was deleted.
	Writer string
}

// kept is how many writes are kept.
const kept = 48

// steady are the resources that are written all the time by what only says that it is alive, or that tell of other writes.
var steady = []string{"leases", "events", "masterleases", "servicesipallocations"}

// Store counts. It is safe for use by several goroutines.
type Store struct {
	mu        sync.Mutex
	second    int64 // the Unix second that the last count belongs to
	resources map[string]*Row
	writers   map[string]*Row
	decoded   int
	sampled   int64   // the last second in which not every writer was looked for
	lately    []Write // the oldest first
}

type key struct{}

// Of is the store that all screens share. It counts nothing until it is started.
func Of(s *screen.Scope) *Store {
	return screen.Service(s, key{}, func() *Store { return newStore() })
}

func newStore() *Store { return &Store{resources: map[string]*Row{}, writers: map[string]*Row{}} }

// Start begins to count, until the scope ends, where the cluster is podarium's own and its etcd can be reached.
func (st *Store) Start(s *screen.Scope) {
	c := s.Cluster()
	if c.Etcd() == nil || !c.Disposable() {
		return
	}
	ctx, prefix := s.Context(), strings.TrimSuffix(c.EtcdPrefix(), "/")
	store := etcdview.New(c.Etcd())
	go func() {
		// It ends with the scope; a watch that is refused leaves the counts empty, and the etcd screens say why.
		_ = store.Watch(ctx, etcdview.WatchOptions{Key: prefix + "/", Prefix: true}, func(b etcdview.Batch) error {
			for _, e := range b.Events {
				st.count(ctx, prefix, e)
			}
			return nil
		})
	}()
}

func (st *Store) count(ctx context.Context, prefix string, e etcdview.Event) {
	o, ok := registry.Parse(prefix, e.KV.Key)
	if !ok {
		return
	}
	now := e.Received.Unix()
	if e.Received.IsZero() {
		now = time.Now().Unix()
	}
	st.mu.Lock()
	st.advance(now)
	name := o.Resource
	if name == "" {
		name = "other"
	}
	add(st.resources, name, schema.GroupResource{Group: o.Group, Resource: o.Resource})
	look := e.Type != etcdview.Delete
	if look && st.decoded >= decodesPerSecond {
		look, st.sampled = false, now
	}
	if look {
		st.decoded++
	}
	st.mu.Unlock()
	writer := ""
	if look {
		writer = writerOf(ctx, e)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if writer != "" {
		add(st.writers, writer, schema.GroupResource{})
	}
	if o.Special == registry.Ordinary && o.Name != "" && !slices.Contains(steady, o.Resource) {
		if len(st.lately) == 2*kept {
			st.lately = append(st.lately[:0], st.lately[kept:]...)
		}
		st.lately = append(st.lately, Write{At: time.Unix(now, 0), Revision: e.Revision(), Type: e.Type, Object: o, Writer: writer})
	}
}

func writerOf(ctx context.Context, e etcdview.Event) string {
	var old *decode.Value
	if e.Prev != nil {
		v := decode.Decode(ctx, e.Prev.Key, e.Prev.Value, decode.Options{})
		old = &v
	}
	v := decode.Decode(ctx, e.KV.Key, e.KV.Value, decode.Options{})
	w, ok := decode.WriterOf(&v, old)
	if !ok {
		return ""
	}
	return w.Manager
}

func add(rows map[string]*Row, name string, gr schema.GroupResource) {
	r, ok := rows[name]
	if !ok {
		r = &Row{Name: name, Resource: gr}
		rows[name] = r
	}
	r.Counts[Seconds-1]++
	r.Sum++
}

// advance moves the counts to the left as seconds pass, and drops rows that have become empty. The caller holds mu.
func (st *Store) advance(now int64) {
	by := now - st.second
	if by <= 0 {
		return
	}
	if st.second == 0 {
		by = 0
	}
	st.second, st.decoded = now, 0
	for _, rows := range []map[string]*Row{st.resources, st.writers} {
		for name, r := range rows {
			r.shift(by)
			if r.Sum == 0 {
				delete(rows, name)
			}
		}
	}
}

func (r *Row) shift(by int64) {
	n := int(min(by, Seconds))
	for _, c := range r.Counts[:n] {
		r.Sum -= c
	}
	copy(r.Counts[:], r.Counts[n:])
	clear(r.Counts[Seconds-n:])
}

// Snapshot is the last minute, as of now.
func (st *Store) Snapshot(now time.Time) Snapshot {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.advance(now.Unix())
	lately := slices.Clone(st.lately[max(0, len(st.lately)-kept):])
	slices.Reverse(lately)
	return Snapshot{Resources: sorted(st.resources), Writers: sorted(st.writers), Sampled: st.second-st.sampled < Seconds, Lately: lately}
}

func sorted(rows map[string]*Row) []Row {
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int {
		if a.Sum != b.Sum {
			return int(b.Sum) - int(a.Sum)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
