package etcd

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/search"
)

// row is a key in a list, without its value.
type row struct {
	etcdview.KV
	size   int    // of the value in bytes, -1 where it was not read
	line   string // of the value that a search found
	stored string // what the value is stored as, empty where it was not read
}

func rowOf(kv etcdview.KV, line string, read bool) row {
	r := row{KV: kv, size: -1, line: line}
	if read {
		r.size = len(kv.Value)
		r.stored = unique.Make(decode.Peek(kv.Value)).Value() // few differ, of many
	}
	r.Value = nil
	return r
}

// order is what a list is sorted by.
type order int

const (
	byKey order = iota
	bySize
	byModified
	byCreated
	byVersion
)

var orders = []string{"KEY", "SIZE", "MODIFIED", "CREATED", "VERSION"}

// compare puts the smaller one first.
func (o order) compare(a, b *row) int {
	n := 0
	switch o {
	case bySize:
		n = cmp.Compare(a.size, b.size)
	case byModified:
		n = cmp.Compare(a.ModRevision, b.ModRevision)
	case byCreated:
		n = cmp.Compare(a.CreateRevision, b.CreateRevision)
	case byVersion:
		n = cmp.Compare(a.Version, b.Version)
	}
	return cmp.Or(n, strings.Compare(a.Key, b.Key))
}

// keepRows bounds what a scan keeps, so that a list of a million keys needs no more memory than one of ten thousand.
const keepRows = 10_000

// scan is one pass over keys in search of some of them: the first in some order of those that match. It runs within a
// call, and the UI looks at how far it is.
type scan struct {
	query   search.Query
	order   order
	down    bool // the largest first
	changed chan struct{}

	mu    sync.Mutex
	rows  []row
	found int64
	seen  int64
	total int64 // keys with the prefix; 0 where that is not known
	told  time.Time
}

func newScan(q search.Query, o order, down bool) *scan {
	return &scan{query: q, order: o, down: down, changed: make(chan struct{}, 1)}
}

// run makes the pass. Where keys come in the order asked for it ends when it has enough.
func (s *scan) run(ctx context.Context, r etcdview.Reader, d decode.Options) (rev int64, err error) {
	if s.query.Revision == 0 {
		if s.query.Revision, err = r.Revision(ctx); err != nil {
			return 0, err
		}
	}
	counts, err := r.Counts(ctx, []string{s.query.Prefix}, s.query.Revision)
	if err != nil {
		return 0, err
	}
	const fewKeys = 50_000 // whose values are read for their sizes, whatever is asked
	read := s.query.Values || s.query.Value != "" || s.query.Field != "" || counts[0] <= fewKeys
	s.query.Values = read
	s.mu.Lock()
	s.total = counts[0]
	s.mu.Unlock()
	err = search.Run(ctx, r, s.query, d, func(m search.Match) bool { return s.take(rowOf(m.KV, m.Line, read)) }, s.progress)
	s.mu.Lock()
	s.trim(keepRows)
	s.mu.Unlock()
	return s.query.Revision, err
}

func (s *scan) take(r row) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found++
	s.rows = append(s.rows, r)
	if s.sorted() {
		if len(s.rows) >= 2*keepRows {
			s.trim(keepRows)
		}
		return true
	}
	s.tell()
	return len(s.rows) < keepRows
}

// sorted says that all keys must be seen to know which come first.
func (s *scan) sorted() bool { return s.order != byKey || s.down }

func (s *scan) trim(n int) {
	if s.sorted() {
		slices.SortFunc(s.rows, func(a, b row) int {
			if s.down {
				return s.order.compare(&b, &a)
			}
			return s.order.compare(&a, &b)
		})
	}
	if len(s.rows) > n {
		s.rows = append([]row(nil), s.rows[:n]...)
	}
}

func (s *scan) progress(seen int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = seen
	s.tell()
}

// tell lets the UI look, but not more often than it is of use.
func (s *scan) tell() {
	const often = 100 * time.Millisecond
	if now := time.Now(); now.Sub(s.told) >= often {
		s.told = now
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

// soFar is what was found until now.
func (s *scan) soFar() []row {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim(keepRows)
	return slices.Clone(s.rows)
}

// progressed is how far the pass is: how many keys were found, and how many read of how many.
func (s *scan) progressed() (found, seen, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found, s.seen, s.total
}
