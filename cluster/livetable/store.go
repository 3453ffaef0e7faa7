package livetable

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// store holds the rows. Writers replace rows, never change them; readers share what snapshot returns.
type store struct {
	changed chan struct{} // capacity 1; written by signal, never closed

	mu      sync.Mutex
	columns []Column
	rows    []*Row // in order of arrival; nil where a row went
	index   map[types.UID]int
	holes   int
	synced  bool
	err     error
	stale   map[types.UID]struct{} // while relisting: rows that the new list has not shown yet
	dirty   bool
	changes []Change // since the last snapshot
	whole   bool     // changes does not tell it all
	last    *Snapshot
	spare   []*Row // the rows of a snapshot that is not looked at any more: their room is used again
	now     func() time.Time
	// fills says that a cell that was always empty is one that is not known yet: when it is, nothing has changed.
	fills bool
}

func newStore() *store {
	return &store{
		changed: make(chan struct{}, 1),
		index:   map[types.UID]int{},
		last:    &Snapshot{},
		now:     time.Now,
	}
}

func (s *store) snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return s.last
	}
	s.dirty = false
	rows := s.spare[:0]
	if s.spare = nil; cap(rows) < len(s.rows)-s.holes {
		rows = make([]*Row, 0, len(s.rows)-s.holes)
	}
	if s.holes == 0 {
		rows = append(rows, s.rows...)
	} else {
		for _, r := range s.rows {
			if r != nil {
				rows = append(rows, r)
			}
		}
	}
	clear(rows[len(rows):cap(rows)]) // rows that went are not kept by the room of old ones
	s.last = &Snapshot{
		Columns: s.columns, Rows: rows, Generation: s.last.Generation + 1, Changes: s.changes, Incremental: !s.whole,
		Synced: s.synced, Err: s.err,
	}
	s.changes, s.whole = nil, false
	return s.last
}

func (s *store) recycle(old *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old != s.last && cap(old.Rows) > cap(s.spare) {
		s.spare = old.Rows
	}
}

// maxChanges bounds what is remembered for one snapshot: past it, looking at every row costs little more.
const maxChanges = 1024

// maxHoles is how many rows that went may leave their places empty, in any table.
const maxHoles = 1024

// record keeps what the next snapshot tells. The caller holds mu.
func (s *store) record(c Change) {
	if s.whole || len(s.changes) == maxChanges {
		s.changes, s.whole = nil, true
		return
	}
	s.changes = append(s.changes, c)
}

// compact closes the holes that removed rows left, keeping the order.
func (s *store) compact() {
	kept := s.rows[:0]
	for _, r := range s.rows {
		if r != nil {
			s.index[r.UID] = len(kept)
			kept = append(kept, r)
		}
	}
	clear(s.rows[len(kept):])
	s.rows, s.holes = kept, 0
}

// touch marks the store as changed. The caller holds mu.
func (s *store) touch() {
	s.dirty = true
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// setColumns takes the server's columns. Rows that are there already get as many cells, until they are read again.
func (s *store) setColumns(c []Column) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Equal(s.columns, c) {
		return
	}
	for i, r := range s.rows {
		if r != nil && len(r.Cells) != len(c) {
			fitted := *r
			fitted.Cells = make([]Cell, len(c))
			copy(fitted.Cells, r.Cells)
			fitted.ResourceVersion = "" // so that the next list replaces it
			s.rows[i] = &fitted
		}
	}
	s.columns = c
	s.changes, s.whole = nil, true
	s.touch()
}

// put adds rows or replaces those with the same UID.
func (s *store) put(rows []*Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		s.putOne(r)
	}
	s.touch()
}

func (s *store) putOne(r *Row) {
	r.Read = s.now()
	delete(s.stale, r.UID)
	i, ok := s.index[r.UID]
	if !ok {
		s.index[r.UID] = len(s.rows)
		s.rows = append(s.rows, r)
		s.record(Change{New: r})
		return
	}
	old := s.rows[i]
	if old.ResourceVersion != "" && old.ResourceVersion == r.ResourceVersion && len(old.Cells) == len(r.Cells) {
		return // a relist shows it again
	}
	if len(old.Cells) == len(r.Cells) {
		for j := range r.Cells {
			was, is := &old.Cells[j], &r.Cells[j]
			is.Changed, is.filled = was.Changed, was.filled || was.Text != ""
			if differs(was.Text, is.Text) && (is.filled || !s.fills) {
				is.Changed = s.now()
			}
		}
	}
	s.rows[i] = r
	s.record(Change{Old: old, New: r})
}

// remove drops the row of an object that is gone.
func (s *store) remove(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeOne(uid)
	s.touch()
}

func (s *store) removeOne(uid types.UID) {
	i, ok := s.index[uid]
	if !ok {
		return
	}
	delete(s.index, uid)
	s.record(Change{Old: s.rows[i]})
	s.rows[i] = nil
	s.holes++
	if s.holes > maxHoles && s.holes > len(s.rows)/8 { // do not grow with churn
		s.compact()
	}
}

// beginList opens a list: every row is stale until the list shows it.
func (s *store) beginList() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = make(map[types.UID]struct{}, len(s.index))
	for uid := range s.index {
		s.stale[uid] = struct{}{}
	}
}

// endList closes a complete list: rows that it did not show are gone.
func (s *store) endList() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uid := range s.stale {
		s.removeOne(uid)
	}
	s.stale = nil
	s.synced, s.err = true, nil
	s.touch()
}

// fail records why the rows may be old; nil says that they are current again.
func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.err == nil {
		return
	}
	s.err = err
	s.touch()
}
