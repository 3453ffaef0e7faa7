package resource

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screentest"
)

// TestFewChangesAreTheSameAsAll compares what a few changed rows lead to with what looking at all rows does.
func TestFewChangesAreTheSameAsAll(t *testing.T) {
	for name, look := range map[string]func(*view){
		"by name":     func(*view) {},
		"by age":      func(v *view) { v.Do(actSortAge) },
		"by restarts": func(v *view) { v.sort("RESTARTS") },
		"faults":      func(v *view) { v.Do(actFaults) },
		"filtered":    func(v *view) { _ = v.Filter("STATUS:Running !7") },
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			_, v, f := table(t, "", nil)
			look(v)
			for range 400 {
				next := few(random, f.snap)
				f.snap, v.snap = next, next
				if !v.rearrange(next.Changes) {
					t.Fatal("gave up")
				}
				rows, faults, moving := slices.Clone(v.rows), v.faults, v.moving
				v.arrange()
				if !slices.Equal(rows, v.rows) || faults != v.faults || moving != v.moving {
					t.Fatalf("a few changes gave %d rows, %d faults and %d on their way; looking at all %d, %d and %d",
						len(rows), faults, moving, len(v.rows), v.faults, v.moving)
				}
			}
		})
	}
}

// few is the snapshot after a few random changes of Pods.
func few(random *rand.Rand, last *livetable.Snapshot) *livetable.Snapshot {
	next := &livetable.Snapshot{Columns: podColumns, Rows: slices.Clone(last.Rows), Synced: true, Generation: last.Generation + 1, Incremental: true}
	for range 1 + random.IntN(6) {
		status := []string{"Running", "Running", "CrashLoopBackOff", "Pending"}[random.IntN(4)]
		r := pod(fmt.Sprint("ns-", random.IntN(3)), fmt.Sprint("web-", random.IntN(60)), "1/1", status, fmt.Sprint(random.IntN(9)), time.Duration(random.IntN(90))*time.Minute)
		at := slices.IndexFunc(next.Rows, func(o *livetable.Row) bool { return o.UID == r.UID })
		switch {
		case at < 0:
			next.Rows, next.Changes = append(next.Rows, r), append(next.Changes, livetable.Change{New: r})
		case random.IntN(3) == 0:
			next.Changes = append(next.Changes, livetable.Change{Old: next.Rows[at]})
			next.Rows = slices.Delete(next.Rows, at, at+1)
		default:
			next.Changes = append(next.Changes, livetable.Change{Old: next.Rows[at], New: r})
			next.Rows[at] = r
		}
	}
	return next
}

// TestWhatIsNotSeenNeedsNoFrame changes rows all over a table: where the table says that nothing seen has changed, drawing it again
// gives the same.
func TestWhatIsNotSeenNeedsNoFrame(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	h, v, f := table(t, "", nil)
	draw := func() string { return screentest.Draw(h, v, 120, 9).Render() }
	for range 60 {
		f.snap = few(random, f.snap)
		v.refresh()
	}
	unseen := 0
	for i := range 600 {
		switch random.IntN(20) {
		case 0:
			v.Do(actDown)
		case 1:
			v.Do(actPageDown)
		case 2:
			v.Do(actFaults)
		}
		before := draw()
		f.snap = few(random, f.snap)
		v.refresh()
		if v.face.differs(v) {
			continue
		}
		unseen++
		if after := draw(); after != before {
			t.Fatalf("after %d changes: nothing seen changed, and what was\n%s\nis\n%s", i, before, after)
		}
	}
	if unseen < 60 || unseen > 540 {
		t.Errorf("%d of 600 changes were not seen", unseen)
	}
}
