package resource

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
)

// order is how a table is sorted.
type order struct {
	column string // a column's name; empty for namespace and name
	down   bool
}

// arrange filters and sorts a snapshot. It leaves the snapshot alone.
func (v *view) arrange() {
	rows := make([]*livetable.Row, 0, len(v.snap.Rows))
	v.faults, v.moving = 0, 0
	v.look()
	for _, r := range v.snap.Rows {
		v.tally(r, 1)
		if v.visible(r) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, v.compare())
	v.rows = rows
}

// look takes what filters see of the table.
func (v *view) look() {
	v.sight = sight{columns: v.headings(), cell: v.cell, now: v.scope.Now()}
}

// tally counts a row in, or out where n is -1.
func (v *view) tally(r *livetable.Row, n int) {
	switch h := v.gauge.of(r); {
	case h >= screen.Poor:
		v.faults += n
	case h == screen.Busy:
		v.moving += n
	}
}

// visible says whether the filters leave a row in.
func (v *view) visible(r *livetable.Row) bool {
	return (!v.onlyFaults || v.gauge.of(r) >= screen.Poor) && v.filter.holds(&v.sight, r)
}

// rearrange is arrange for a few changed rows: what it costs hardly depends on how many there are. It gives up, having
// changed nothing, where a row is not where the order says.
func (v *view) rearrange(changes []livetable.Change) bool {
	v.look()
	gone, come := map[*livetable.Row]bool{}, map[*livetable.Row]bool{}
	for _, c := range changes {
		if come[c.Old] { // it came with these same changes
			delete(come, c.Old)
		} else if c.Old != nil {
			gone[c.Old] = true
		}
		if c.New != nil {
			come[c.New] = true
		}
	}
	compare := v.compare()
	at := map[types.UID]int{} // in v.rows, of the rows that go
	for r := range gone {
		if !v.visible(r) {
			continue
		}
		i, found := slices.BinarySearchFunc(v.rows, r, compare)
		if !found || v.rows[i] != r {
			return false
		}
		at[r.UID] = i
	}
	var fresh []*livetable.Row
	for r := range come {
		if !v.visible(r) {
			continue
		}
		if i, ok := at[r.UID]; ok && compare(v.rows[i], r) == 0 { // most changes leave a row where it is
			v.rows[i] = r
			delete(at, r.UID)
			continue
		}
		fresh = append(fresh, r)
	}
	holes := slices.Sorted(maps.Values(at))
	for r := range gone {
		v.tally(r, -1)
	}
	for r := range come {
		v.tally(r, 1)
	}
	if len(holes) == 0 && len(fresh) == 0 {
		return true
	}
	slices.SortFunc(fresh, compare)
	v.rows, v.spare = merge(v.spare[:0], v.rows, holes, fresh, compare), v.rows
	clear(v.rows[len(v.rows):cap(v.rows)]) // rows that went are not kept
	return true
}

// merge appends to out the sorted rows without those at the indices holes (ascending), and with the fresh ones (sorted).
func merge(out, rows []*livetable.Row, holes []int, fresh []*livetable.Row, compare func(a, b *livetable.Row) int) []*livetable.Row {
	at := 0
	upTo := func(end int) {
		for len(holes) > 0 && holes[0] < end {
			out = append(out, rows[at:holes[0]]...)
			at, holes = holes[0]+1, holes[1:]
		}
		if end > at {
			out = append(out, rows[at:end]...)
			at = end
		}
	}
	for _, r := range fresh {
		i, _ := slices.BinarySearchFunc(rows, r, compare)
		upTo(i)
		out = append(out, r)
	}
	upTo(len(rows))
	return out
}

// compare is the order in force; no two rows are equal in it.
func (v *view) compare() func(a, b *livetable.Row) int {
	byName := func(a, b *livetable.Row) int {
		if d := strings.Compare(a.Namespace, b.Namespace); d != 0 {
			return d
		}
		if d := strings.Compare(a.Name, b.Name); d != 0 {
			return d
		}
		return strings.Compare(string(a.UID), string(b.UID)) // one that goes and its successor
	}
	sign := 1
	if v.order.down {
		sign = -1
	}
	var by func(a, b *livetable.Row) int
	switch i := v.columnIndex(v.order.column); {
	case v.order.column == nameColumn:
		by = func(a, b *livetable.Row) int { return strings.Compare(a.Name, b.Name) }
	case v.order.column == namespaceColumn:
		by = func(a, b *livetable.Row) int { return strings.Compare(a.Namespace, b.Namespace) }
	case i < 0 && v.spec != nil && v.spec.Urgent:
		return func(a, b *livetable.Row) int { return cmp.Or(cmp.Compare(v.gauge.of(b), v.gauge.of(a)), byName(a, b)) }
	case i < 0:
		return byName
	case v.headings()[i].Time: // the younger is less
		by = func(a, b *livetable.Row) int { return strings.Compare(v.cell(b, i).Text, v.cell(a, i).Text) }
	case v.headings()[i].Age:
		by = func(a, b *livetable.Row) int { return b.Created.Compare(a.Created) } // the younger is less
	case passes(v.headings()[i].Name):
		now, c := v.scope.Now(), v.headings()[i]
		span := func(r *livetable.Row) time.Duration {
			if d, ok := passed(c, v.cell(r, i), r, now); ok {
				return d
			}
			return -1
		}
		by = func(a, b *livetable.Row) int { return cmp.Compare(span(a), span(b)) }
	default:
		by = func(a, b *livetable.Row) int { return compareCells(v.cell(a, i), v.cell(b, i)) }
	}
	return func(a, b *livetable.Row) int {
		if d := by(a, b); d != 0 {
			return sign * d
		}
		return byName(a, b)
	}
}

// cell is a row's cell in a column of headings.
func (v *view) cell(r *livetable.Row, i int) livetable.Cell {
	if n := len(v.snap.Columns); i >= n && i-n < len(v.extra) {
		return v.extra[i-n].of(r)
	}
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return livetable.Cell{}
}

// compareCells compares by value where both have one, by quantity where both texts are one (10m, 2Gi, 3/5), else by text.
func compareCells(a, b livetable.Cell) int {
	x, okX := number(a)
	y, okY := number(b)
	switch {
	case okX && okY:
		return cmp.Compare(x, y)
	case okX:
		return 1 // words such as <none> before numbers
	case okY:
		return -1
	default:
		return strings.Compare(a.Text, b.Text)
	}
}

func number(c livetable.Cell) (float64, bool) {
	switch n := c.Value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case bool:
		if n {
			return 1, true
		}
		return 0, true
	}
	if c.Text == "" || c.Text[0] < '0' || c.Text[0] > '9' {
		return 0, false
	}
	text, _, _ := strings.Cut(c.Text, " ") // "2 (3m ago)"
	text, _, _ = strings.Cut(text, "/")    // "2/3"
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0, false
	}
	return q.AsApproximateFloat64(), true
}

// passes says whether a column holds times that passed, in words: 4m12s.
func passes(column string) bool {
	switch column {
	case "Last Seen", "First Seen", "Duration", "Last Schedule", "Age":
		return true
	}
	return false
}

// ticks says whether the times that passed in such a column go on: since an event, but not how long a Job took.
func ticks(column string) bool {
	switch column {
	case "Last Seen", "First Seen", "Last Schedule":
		return true
	}
	return false
}

// columnIndex is where a column stands in the snapshot, -1 where it does not.
func (v *view) columnIndex(name string) int {
	if name == "" || v.snap == nil {
		return -1
	}
	return slices.IndexFunc(v.headings(), func(c livetable.Column) bool { return strings.EqualFold(c.Name, name) })
}

// cursor is the row that keys act on. It holds an object, not a place: a row that moves takes it along, and when the
// object goes the cursor stays where it was and holds nothing, so that no key acts on what slid into its place. Until the
// user has put it somewhere, or done something with what it holds, it is on the first row, whatever that is: rows come in
// any order while a table is read, and of a table sorted by time the newest is what one wants to see.
type cursor struct {
	uid types.UID
	at  int
	// set says that the user has put it there.
	set bool
	// lost says that the object is gone. The next movement takes a new one.
	lost bool
}

// place finds the cursor's object again after the rows have changed.
func (v *view) place() {
	if len(v.rows) == 0 {
		v.cursor.at = 0
		return
	}
	if !v.cursor.set {
		v.put(0)
		return
	}
	if v.cursor.uid == "" && !v.cursor.lost {
		v.put(v.cursor.at)
		return
	}
	if at := v.cursor.at; at < len(v.rows) && v.rows[at].UID == v.cursor.uid {
		v.cursor.lost = false
		return
	}
	if i := v.find(v.cursor.uid, v.cursor.at); i >= 0 {
		v.cursor.at, v.cursor.lost = i, false
		return
	}
	v.cursor.lost = true
	v.cursor.at = max(0, min(v.cursor.at, len(v.rows)-1))
}

// find is where an object's row stands, -1 where it does not. It looks around a place first: rows seldom move far.
func (v *view) find(uid types.UID, around int) int {
	for up, down := min(around, len(v.rows)-1), around+1; up >= 0 || down < len(v.rows); up, down = up-1, down+1 {
		if up >= 0 && v.rows[up].UID == uid {
			return up
		}
		if down < len(v.rows) && v.rows[down].UID == uid {
			return down
		}
	}
	return -1
}

// put moves the cursor to a row.
func (v *view) put(at int) {
	if len(v.rows) == 0 {
		v.cursor = cursor{set: v.cursor.set}
		return
	}
	at = max(0, min(at, len(v.rows)-1))
	v.cursor = cursor{uid: v.rows[at].UID, at: at, set: v.cursor.set}
}

// move moves the cursor by rows. From a lost one the first step takes the row in its place.
func (v *view) move(by int) {
	if v.cursor.lost && (by == 1 || by == -1) {
		by = 0
	}
	v.put(v.cursor.at + by)
}

// current is the row under the cursor, nil where it holds none.
func (v *view) current() *livetable.Row {
	if v.cursor.lost || v.cursor.at >= len(v.rows) {
		return nil
	}
	if r := v.rows[v.cursor.at]; r.UID == v.cursor.uid {
		return r
	}
	return nil
}

// chosen are the marked rows, or the one under the cursor where none is marked.
func (v *view) chosen() []*livetable.Row {
	if len(v.marks) == 0 {
		if r := v.current(); r != nil {
			return []*livetable.Row{r}
		}
		return nil
	}
	var rows []*livetable.Row
	for _, r := range v.snap.Rows {
		if v.marks[r.UID] {
			rows = append(rows, r)
		}
	}
	return rows
}
