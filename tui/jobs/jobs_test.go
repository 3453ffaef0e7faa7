package jobs

import (
	"context"
	"testing"

	"github.com/podarium/podarium/tui/grid"
)

func TestAStoreKeepsWhatGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := NewStore[string](ctx)
	ended := make(chan string)
	for _, name := range []string{"a", "b", "c"} {
		s.Begin(name, func(ctx context.Context, update func(func(*string)) string) {
			update(func(v *string) { *v += " runs" })
			<-ctx.Done()
			ended <- update(func(v *string) { *v += ", ended" })
		})
	}
	s.Stop(1)
	if got := <-ended; got != "a runs, ended" {
		t.Errorf("stopped: %q", got)
	}
	if v, ok := s.Remove(2); !ok || len(s.All()) != 2 {
		t.Errorf("removed %q %v, left %v", v, ok, s.All())
	}
	<-ended
	if _, ok := s.Remove(2); ok {
		t.Error("removed twice")
	}
	cancel()
	if got := <-ended; got != "c runs, ended" {
		t.Errorf("with the store: %q", got)
	}
	select {
	case <-s.Changed():
	default:
		t.Error("no change was told")
	}
}

func TestTheCursorStaysOnItsJob(t *testing.T) {
	var l List[string]
	if _, ok := l.Current(); ok || !l.Move(grid.Down) {
		t.Error("an empty list has a job, or no movements")
	}
	job := func(ids ...int) (out []Job[string]) {
		for _, id := range ids {
			out = append(out, Job[string]{ID: id})
		}
		return out
	}
	at := func(want int) {
		t.Helper()
		if j, ok := l.Current(); !ok || j.ID != want {
			t.Errorf("at %d, want %d", j.ID, want)
		}
	}
	l.Take(job(1, 2, 3))
	at(1)
	l.Move(grid.Down)
	at(2)
	l.Take(job(4, 1, 2, 3))
	at(2)
	l.Take(job(4, 1, 3))
	at(3)
	l.Take(job(4))
	at(4)
}
