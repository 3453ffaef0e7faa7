// Package jobs is what goes on of a cluster while other screens are looked at, such as port-forwards and copies of files: a store
// of it, and the rows of the list that shows it.
package jobs

import (
	"context"
	"slices"
	"sync"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/style"
)

// Job is something that goes on, or has ended. What it is and how far, is its Value.
type Job[T any] struct {
	// ID counts from 1.
	ID    int
	Value T
	stop  context.CancelFunc
}

// Store keeps jobs until they are removed. All end with the store's context. It is safe for use by several goroutines.
type Store[T any] struct {
	life    func() context.Context
	changed chan struct{}

	mu   sync.Mutex
	all  []*Job[T]
	last int
}

// NewStore makes a store whose jobs end with ctx.
func NewStore[T any](ctx context.Context) *Store[T] {
	return &Store[T]{life: func() context.Context { return ctx }, changed: make(chan struct{}, 1)}
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (s *Store[T]) Changed() <-chan struct{} { return s.changed }

// Begin begins a job: run runs on a goroutine of its own, until ctx ends or by itself. It tells how far it is by update, which
// returns the value as it then is.
func (s *Store[T]) Begin(v T, run func(ctx context.Context, update func(func(*T)) T)) {
	ctx, cancel := context.WithCancel(s.life())
	s.mu.Lock()
	s.last++
	j := &Job[T]{ID: s.last, Value: v, stop: cancel}
	s.all = append(s.all, j)
	s.mu.Unlock()
	s.touch()
	go func() {
		defer cancel()
		run(ctx, func(f func(*T)) T {
			s.mu.Lock()
			defer s.mu.Unlock()
			defer s.touch()
			f(&j.Value)
			return j.Value
		})
	}()
}

// Stop ends a job, which stays in the list.
func (s *Store[T]) Stop(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(id); i >= 0 {
		s.all[i].stop()
	}
}

// Remove ends a job, takes it off the list, and returns what it was.
func (s *Store[T]) Remove(id int) (v T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return v, false
	}
	j := s.all[i]
	j.stop()
	s.all = slices.Delete(s.all, i, i+1)
	s.touch()
	return j.Value, true
}

// index is the place of a job, -1 where it is gone. The caller holds mu.
func (s *Store[T]) index(id int) int {
	return slices.IndexFunc(s.all, func(j *Job[T]) bool { return j.ID == id })
}

// All is a copy of the jobs, oldest first.
func (s *Store[T]) All() []Job[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Job[T], len(s.all))
	for i, j := range s.all {
		out[i] = *j
	}
	return out
}

func (s *Store[T]) touch() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// List is the rows of a list of jobs, with a cursor that stays on its job.
type List[T any] struct {
	Rows   []Job[T]
	cursor grid.Cursor
	id     int
}

// Take takes other rows. Where the job under the cursor is gone, the one in its place has it.
func (l *List[T]) Take(rows []Job[T]) {
	l.Rows = rows
	if i := slices.IndexFunc(rows, func(j Job[T]) bool { return j.ID == l.id }); i >= 0 {
		l.cursor.At = i
	}
	l.settle()
}

func (l *List[T]) settle() {
	l.cursor.Clamp(len(l.Rows))
	if len(l.Rows) > 0 {
		l.id = l.Rows[l.cursor.At].ID
	}
}

// Current is the job under the cursor.
func (l *List[T]) Current() (j Job[T], ok bool) {
	if len(l.Rows) == 0 {
		return j, false
	}
	return l.Rows[l.cursor.At], true
}

// Move does a movement of grid.Keys, and says whether it was one.
func (l *List[T]) Move(a key.Action) bool {
	moved := l.cursor.Move(a, len(l.Rows))
	l.settle()
	return moved
}

// Draw draws the rows in sight, each of so many lines, the one under the cursor marked on its first.
func (l *List[T]) Draw(c *canvas.Canvas, s *style.Styles, lines int, row func(y int, v *T)) {
	from, to := l.cursor.Window(len(l.Rows), max(1, c.Height()/lines))
	for i := from; i < to; i++ {
		y := (i - from) * lines
		row(y, &l.Rows[i].Value)
		if i == l.cursor.At {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
}
