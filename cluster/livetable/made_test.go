package livetable

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestMadeKeepsPlacesAndMarksChanges(t *testing.T) {
	m := NewMade([]Column{{Name: "Name"}, {Name: "State"}})
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	m.store.now = func() time.Time { return now }
	row := func(name, state string) *Row {
		return &Row{UID: types.UID(name), Name: name, Cells: []Cell{{Text: name}, {Text: state}}}
	}
	m.Set([]*Row{row("a", "new"), row("b", "new"), row("d", "")}, false, nil)
	if s := m.Snapshot(); len(s.Rows) != 3 || s.Synced {
		t.Fatalf("%d rows, synced %v; want 3, not synced", len(s.Rows), s.Synced)
	}
	gone := errors.New("gone")
	m.Set([]*Row{row("c", "new"), row("b", "old"), row("d", "read")}, true, gone)
	s := m.Snapshot()
	if len(s.Rows) != 3 || s.Rows[0].Name != "b" || s.Rows[1].Name != "d" || s.Rows[2].Name != "c" {
		t.Fatalf("the rows are %v, want b and d in their places and then c", s.Rows)
	}
	if !s.Synced || !errors.Is(s.Err, gone) {
		t.Errorf("synced %v, error %v", s.Synced, s.Err)
	}
	if b := s.Rows[0]; b.Cells[1].Changed != now || !b.Cells[0].Changed.IsZero() {
		t.Errorf("changed: name %v, state %v; only the state did", b.Cells[0].Changed, b.Cells[1].Changed)
	}
	if d := s.Rows[1]; !d.Cells[1].Changed.IsZero() {
		t.Error("what was not known yet has changed")
	}
}
