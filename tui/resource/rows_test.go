package resource

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/livetable"
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
			make1 := func() *livetable.Row {
				status := []string{"Running", "Running", "CrashLoopBackOff", "Pending"}[random.IntN(4)]
				return pod(fmt.Sprint("ns-", random.IntN(3)), fmt.Sprint("web-", random.IntN(60)), "1/1", status, fmt.Sprint(random.IntN(9)), time.Duration(random.IntN(90))*time.Minute)
			}
			_, v, f := table(t, "", nil)
			look(v)
			for range 400 {
				next := &livetable.Snapshot{Columns: podColumns, Rows: slices.Clone(f.snap.Rows), Synced: true, Generation: f.snap.Generation + 1, Incremental: true}
				for range 1 + random.IntN(6) {
					r := make1()
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
