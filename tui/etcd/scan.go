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

// keepRows bounds what a list keeps of the keys in another order than theirs: a window on them. A list of a million keys
// needs no more memory than one of ten thousand; for what lies beyond the window another pass is made.
const keepRows = 10_000

// window is which part of the rows, in their order, a scan is after.
type window struct {
	// bound is where it begins, itself included, or with last set ends, itself excluded; nil for the first, or the last, of all.
	bound *row
	last  bool
	keep  int // rows
}

// scan is one pass over keys in search of some of them: a window, in some order, of those that match. It runs within a
// call, and the UI looks at how far it is.
type scan struct {
	query   search.Query
	order   order
	down    bool // the largest first
	window  window
	changed chan struct{}

	mu     sync.Mutex
	rows   []row
	worst  *row  // once the window is full: what comes behind it does not belong to it
	found  int64 // rows that match
	before int64 // of them before the window, or with window.last before its end
	seen   int64 // keys
	total  int64 // keys with the prefix; 0 where that is not known
	whole  bool  // all keys were seen
	told   time.Time
}

func newScan(q search.Query, o order, down bool, w window) *scan {
	return &scan{query: q, order: o, down: down, window: w, changed: make(chan struct{}, 1)}
}

// run makes the pass. Where keys come in the order asked for, and the first ones are meant, it ends when it has enough.
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
	enough := false
	err = search.Run(ctx, r, s.query, d, func(m search.Match) bool {
		enough = !s.take(rowOf(m.KV, m.Line, read))
		return !enough
	}, s.progress)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim()
	s.whole = err == nil && !enough
	return s.query.Revision, err
}

// take takes a row in, and says whether more are of use.
func (s *scan) take(r row) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found++
	if b := s.window.bound; b != nil {
		if ahead := s.compare(&r, b) < 0; ahead {
			s.before++
			if !s.window.last {
				return true
			}
		} else if s.window.last {
			return true
		}
	} else if s.window.last {
		s.before++
	}
	if s.worst != nil && s.inWindow(&r, s.worst) > 0 {
		return true
	}
	s.rows = append(s.rows, r)
	if s.first() {
		s.tell()
		return len(s.rows) < s.window.keep
	}
	if len(s.rows) >= 2*s.window.keep {
		s.trim()
	}
	return true
}

// first says that the first rows are meant, in the order in which they come.
func (s *scan) first() bool {
	return s.order == byKey && !s.down && s.window.bound == nil && !s.window.last
}

// compare orders rows as they are listed.
func (s *scan) compare(a, b *row) int {
	if s.down {
		return s.order.compare(b, a)
	}
	return s.order.compare(a, b)
}

// inWindow orders rows by what belongs to the window rather.
func (s *scan) inWindow(a, b *row) int {
	if s.window.last {
		return s.compare(b, a)
	}
	return s.compare(a, b)
}

// trim leaves in the window what belongs to it, in order.
func (s *scan) trim() {
	slices.SortFunc(s.rows, func(a, b row) int { return s.inWindow(&a, &b) })
	if n := s.window.keep; len(s.rows) >= n {
		s.rows = append(make([]row, 0, 2*n), s.rows[:n]...)
		s.worst = &row{KV: s.rows[n-1].KV, size: s.rows[n-1].size}
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

// soFar is the window, as far as it was found until now, in the order of the list, and how many rows come before it.
func (s *scan) soFar() (rows []row, base int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim()
	rows, base = slices.Clone(s.rows), int(s.before)
	if s.window.last {
		slices.Reverse(rows)
		base -= len(rows)
	}
	return rows, base
}

// progressed is how far the pass is: how many keys were found, and how many read of how many.
func (s *scan) progressed() (found, seen, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found, s.seen, s.total
}

// ended says whether all keys were seen.
func (s *scan) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whole
}
