package livetable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func row(uid, version string, texts ...string) *Row {
	r := &Row{UID: types.UID(uid), Name: uid, ResourceVersion: version}
	for _, t := range texts {
		r.Cells = append(r.Cells, Cell{Text: t})
	}
	return r
}

func names(s *Snapshot) string {
	out := ""
	for _, r := range s.Rows {
		out += r.Name + " "
	}
	return out
}

func TestSnapshotsAreImmutableAndShared(t *testing.T) {
	s := newStore()
	s.setColumns([]Column{{Name: "A"}, {Name: "B"}})
	s.beginList()
	s.put([]*Row{row("a", "1", "x", "y"), row("b", "1", "x", "y"), row("c", "1", "x", "y")})
	first := s.snapshot()
	if first.Synced || names(first) != "a b c " {
		t.Fatalf("before the end of the list: %v %q", first.Synced, names(first))
	}
	s.endList()
	second := s.snapshot()
	if !second.Synced || second.Generation != first.Generation+1 {
		t.Fatalf("%+v", second)
	}
	if s.snapshot() != second {
		t.Error("without a change the snapshot must be the same")
	}
	s.put([]*Row{row("b", "2", "x", "z")})
	s.remove("a")
	s.remove("nobody")
	s.put([]*Row{row("d", "3", "x", "y")})
	third := s.snapshot()
	if names(third) != "b c d " || names(second) != "a b c " {
		t.Errorf("third %q, second %q", names(third), names(second))
	}
	if third.Rows[1] != second.Rows[2] {
		t.Error("an unchanged row must keep its pointer")
	}
	if second.Rows[1].Cells[1].Text != "y" || third.Rows[0].Cells[1].Text != "z" {
		t.Error("an old snapshot must not change")
	}
}

func TestRelistDropsWhatIsGone(t *testing.T) {
	s := newStore()
	s.beginList()
	s.put([]*Row{row("a", "1", "x"), row("b", "1", "x"), row("c", "1", "x")})
	s.endList()
	before := s.snapshot()
	s.beginList()
	s.put([]*Row{row("c", "1", "x")})
	if names(s.snapshot()) != "a b c " {
		t.Error("rows must stay until the new list is complete")
	}
	s.put([]*Row{row("e", "9", "x")})
	s.endList()
	after := s.snapshot()
	if names(after) != "c e " || after.Rows[0] != before.Rows[2] {
		t.Errorf("got %q", names(after))
	}
}

func TestErrorsShowAndGo(t *testing.T) {
	s := newStore()
	s.put([]*Row{row("a", "1")})
	s.fail(fmt.Errorf("refused"))
	if got := s.snapshot(); got.Err == nil || len(got.Rows) != 1 {
		t.Errorf("%+v", got)
	}
	s.fail(nil)
	if got := s.snapshot(); got.Err != nil {
		t.Errorf("%+v", got)
	}
}

func TestChangedCells(t *testing.T) {
	s := newStore()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	s.put([]*Row{row("a", "1", "Pending", "5s", "0", "2 (3m ago)")})
	s.put([]*Row{row("a", "2", "Running", "6s", "0", "2 (4m ago)")})
	r := s.snapshot().Rows[0]
	if !r.Cells[0].Changed.Equal(now) || !r.Cells[1].Changed.IsZero() || !r.Cells[2].Changed.IsZero() || !r.Cells[3].Changed.IsZero() {
		t.Errorf("%+v", r.Cells)
	}
	now = now.Add(time.Minute)
	s.put([]*Row{row("a", "3", "Running", "1m6s", "1", "3 (1s ago)")})
	r = s.snapshot().Rows[0]
	if !r.Cells[0].Changed.Equal(now.Add(-time.Minute)) || !r.Cells[2].Changed.Equal(now) || !r.Cells[3].Changed.Equal(now) {
		t.Errorf("%+v", r.Cells)
	}
}

func TestNewColumnsFitOldRows(t *testing.T) {
	s := newStore()
	s.setColumns([]Column{{Name: "A"}})
	s.put([]*Row{row("a", "1", "x")})
	old := s.snapshot()
	s.setColumns([]Column{{Name: "A"}, {Name: "B"}})
	if got := s.snapshot(); len(got.Rows[0].Cells) != 2 || len(old.Rows[0].Cells) != 1 {
		t.Errorf("%+v", got.Rows[0])
	}
}

func TestDurations(t *testing.T) {
	const none, day = -1, 24 * time.Hour
	for text, want := range map[string]time.Duration{"5s": 5 * time.Second, "4m12s": 252 * time.Second, "2d4h": 2*day + 4*time.Hour, "3y120d": 3*365*day + 120*day, "0s": 0,
		"": none, "s": none, "5": none, "m5": none, "1/1": none, "<none>": none, "5s3": none} {
		if got, ok := Elapsed(text); ok != (want != none) || ok && got != want {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
	}
}

func TestManyRemovalsDoNotGrow(t *testing.T) {
	s := newStore()
	for i := range 20_000 {
		uid := fmt.Sprint(i)
		s.put([]*Row{row(uid, "1", "x")})
		s.remove(types.UID(uid))
	}
	if len(s.rows) > 4096 {
		t.Errorf("%d slots for no row", len(s.rows))
	}
}

// BenchmarkEvents is one event and one snapshot on 50,000 rows, as when each event is drawn by itself.
// TestChangesLeadFromOneSnapshotToTheNext applies what each snapshot tells to the rows of the one before.
func TestChangesLeadFromOneSnapshotToTheNext(t *testing.T) {
	s := newStore()
	row := func(i, version int) *Row {
		return &Row{UID: types.UID(fmt.Sprint(i)), Name: fmt.Sprint("pod-", i), ResourceVersion: fmt.Sprint(version)}
	}
	have := map[*Row]bool{}
	for step := range 500 {
		switch i := step * 7 % 50; step % 5 {
		case 0:
			s.remove(types.UID(fmt.Sprint(i)))
		case 1:
			s.put([]*Row{row(i, step), row(i, step+1000), row((i+1)%50, step)})
		default:
			s.put([]*Row{row(i, step)})
		}
		if step%3 > 0 {
			continue
		}
		snap := s.snapshot()
		if !snap.Incremental {
			t.Fatalf("step %d: not told", step)
		}
		for _, c := range snap.Changes {
			if c.Old != nil && !have[c.Old] {
				t.Fatalf("step %d: %s went that was not there", step, c.Old.Name)
			}
			delete(have, c.Old)
			if c.New != nil {
				have[c.New] = true
			}
		}
		if len(have) != len(snap.Rows) {
			t.Fatalf("step %d: %d rows, the changes lead to %d", step, len(snap.Rows), len(have))
		}
		for _, r := range snap.Rows {
			if !have[r] {
				t.Fatalf("step %d: %s is not where the changes lead", step, r.Name)
			}
		}
	}
	for i := range maxChanges + 1 {
		s.put([]*Row{row(100+i, 1)})
	}
	if snap := s.snapshot(); snap.Incremental || snap.Changes != nil {
		t.Error("more changes than are remembered were told")
	}
	s.put([]*Row{row(1, 9999)})
	if snap := s.snapshot(); !snap.Incremental || len(snap.Changes) != 1 {
		t.Error("the next one is not told again")
	}
}

func BenchmarkEvents(b *testing.B) {
	s := newStore()
	for i := range 50_000 {
		s.put([]*Row{row(fmt.Sprint(i), "0", "Running", "1/1")})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		s.put([]*Row{row(fmt.Sprint(i%50_000), fmt.Sprint(i), "Running", "0/1")})
		s.snapshot()
	}
}

// BenchmarkEventFromTheWire is what one event costs from the connection to the store, with 50,000 rows there.
func BenchmarkEventFromTheWire(b *testing.B) {
	s := newStore()
	f := &feed{s: s, d: newDecoder(nil)}
	doc, err := f.d.document(podTable(50_000))
	if err != nil {
		b.Fatal(err)
	}
	s.setColumns(doc.columns)
	s.put(doc.rows)
	table := podTable(1)
	event := append(append([]byte(`{"type":"MODIFIED","object":`), bytes.TrimSpace(table)...), '}', '\n')
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		var raw json.RawMessage
		if err := json.NewDecoder(bytes.NewReader(event)).Decode(&raw); err != nil {
			b.Fatal(err)
		}
		if err := f.apply(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func TestASnapshotThatIsGivenBackIsUsedAgain(t *testing.T) {
	s := newStore()
	row := func(name, version string) *Row {
		return &Row{UID: types.UID(name), Name: name, ResourceVersion: version}
	}
	s.put([]*Row{row("a", "1"), row("b", "1")})
	first := s.snapshot()
	s.recycle(first) // the last one is still looked at
	s.put([]*Row{row("b", "2")})
	second := s.snapshot()
	if first.Rows[1].ResourceVersion != "1" || second.Rows[1].ResourceVersion != "2" {
		t.Fatal("the last snapshot changed")
	}
	s.recycle(first)
	s.put([]*Row{row("a", "3")})
	third := s.snapshot()
	if &third.Rows[0] != &first.Rows[0] {
		t.Error("its room was not used again")
	}
	if third.Rows[0].ResourceVersion != "3" || third.Rows[1].ResourceVersion != "2" || second.Rows[0].ResourceVersion != "1" {
		t.Errorf("the rows are %v and %v", second.Rows, third.Rows)
	}
	s.put([]*Row{row("c", "4")})
	if fourth := s.snapshot(); &fourth.Rows[0] == &third.Rows[0] || len(fourth.Rows) != 3 {
		t.Error("what nobody gave back was used again")
	}
}
