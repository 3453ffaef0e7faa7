package resource

import (
	"slices"

	"github.com/podarium/podarium/tui/canvas"
)

const (
	// margin is what stands left of the first column: the cursor, and the glyph of the health.
	margin    = 2
	glyphCols = 2
	gap       = 3
	tightGap  = 2
)

// What columns shrink to where room is short, before others leave the screen for them.
const (
	leastName   = 18
	leastSpace  = 11 // kube-system
	leastHealth = 17 // ContainerCreating
	leastProse  = 20
	leastColumn = 8
	mostHeading = 12 // of a heading that a column does not shrink below
)

// What they shrink to where there is nothing left that could leave: rather a little of all than nothing of some.
const (
	hardName   = 8
	hardColumn = 4
)

// placed is a column with its place on the screen.
type placed struct {
	column
	x, shown int
}

// fit gives every column its place: as wide as it wants where there is room. Else the spare ones go, and then those leave the screen that say nothing, the widest
// give way, and then more columns leave, those first that tell least. A user who asked for columns gets them all: what does not fit is cut off
// at the right, to be scrolled to. It says whether there are more columns than are seen.
func (v *view) fit(width int) (cols []placed, more bool) {
	x := margin
	if v.gauge.knows() {
		x += glyphCols
	}
	cols = make([]placed, 0, len(v.columns))
	for i, c := range v.columns {
		scrolled := i > 0 && v.columns[i].title != nameColumn && i <= v.skip
		if !scrolled {
			cols = append(cols, placed{column: c, shown: c.width})
		}
	}
	between := gap
	if taken(cols, x, gap) > width {
		between = tightGap
	}
	given := v.wide || v.ordered
	for _, ours := range []bool{true, false} { // what this program measures, then what the server says
		for i := len(cols) - 1; i >= 0; i-- {
			c := &cols[i].column
			if c.spare && (!c.filled || (c.index >= len(v.snap.Columns)) == ours && taken(cols, x, between) > width) {
				cols = slices.Delete(cols, i, i+1)
			}
		}
	}
	if between = gap; taken(cols, x, gap) > width {
		between = tightGap
	}
	for i := len(cols) - 1; i >= 0 && !given && taken(cols, x, between) > width; i-- {
		if c := &cols[i].column; (!c.filled || v.glyphTells(c)) && v.leaves(c) {
			cols, more = slices.Delete(cols, i, i+1), true
		}
	}
	over := v.squeeze(cols, taken(cols, x, between)-width, v.least)
	for over > 0 && !given {
		i := v.leastTold(cols)
		if i < 0 {
			break
		}
		cols, more = slices.Delete(cols, i, i+1), true
		for j := range cols {
			cols[j].shown = cols[j].width
		}
		over = v.squeeze(cols, taken(cols, x, between)-width, v.least)
	}
	if !given {
		over = v.squeeze(cols, over, v.hardLeast)
	}
	for i := range cols {
		cols[i].x = x
		x += cols[i].shown + between
	}
	return cols, more || over > 0
}

// taken is how much room columns take from x on.
func taken(cols []placed, x, between int) int {
	for _, c := range cols {
		x += c.shown + between
	}
	return x - between
}

// squeeze takes columns from the widest, over in all, and returns what could not be taken.
func (v *view) squeeze(cols []placed, over int, least func(*column) int) int {
	for ; over > 0; over-- {
		widest, most := -1, 0
		for i := range cols {
			c := &cols[i]
			weight := 2 * c.shown
			if c.title == nameColumn || c.prose || v.gauge.tells(c.index) { // what is read first gives way last: it may be twice as wide as the others
				weight = c.shown
			}
			if weight > most && c.shown > least(&c.column) {
				widest, most = i, weight
			}
		}
		if widest < 0 {
			break
		}
		cols[widest].shown--
	}
	return over
}

// least is what a column may shrink to while others can leave.
func (v *view) least(c *column) int {
	switch {
	case c.firm, c.age, c.right, c.addresses:
		return c.width
	case c.title == nameColumn:
		return leastName
	case c.index < 0:
		return leastSpace
	case v.gauge.tells(c.index):
		return leastHealth
	case c.prose:
		return leastProse
	}
	return max(leastColumn, min(canvas.Width(c.title), mostHeading), c.width/2)
}

func (v *view) hardLeast(c *column) int {
	switch {
	case c.firm, c.age, c.addresses:
		return c.width
	case c.title == nameColumn:
		return hardName
	}
	return hardColumn
}

// leaves says whether a column may leave the screen. Of events all do something for the sentence that they tell.
func (v *view) leaves(c *column) bool {
	if v.gauge.resource == "events" && !v.glyphTells(c) {
		return false
	}
	return c.title != nameColumn && c.index >= 0 && !c.firm && !c.prose && c.title != v.chosenAt && !v.sortedBy(*c) && (!v.gauge.tells(c.index) || v.glyphTells(c))
}

// leastTold is the column that is missed least, the last of several: one that says the same of all comes before what this program
// measures and what is minor, and that before the rest. The age goes last. It is -1 where none can go.
func (v *view) leastTold(cols []placed) int {
	at, least := -1, 0
	for i := range cols {
		c := &cols[i].column
		worth := 3
		switch {
		case !v.leaves(c):
			continue
		case c.age:
			worth = 4
		case c.index >= len(v.snap.Columns), slices.Contains(minor, c.title):
			worth = 2
		case !c.varied:
			worth = 1
		}
		if at < 0 || worth <= least {
			at, least = i, worth
		}
	}
	return at
}

// minor are columns of the server's that tell less than those after them.
var minor = []string{"VOLUME", "EXTERNAL-IP", "CURRENT", "NODE SELECTOR"}

// glyphTells says that the glyph of the health says all that the column says: of events, whether they are warnings.
func (v *view) glyphTells(c *column) bool {
	return c.title == "TYPE" && v.gauge.resource == "events"
}
