package resource

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// The columns that are not the server's.
const (
	nameColumn      = "NAME"
	namespaceColumn = "NAMESPACE"
)

// roomyWidth is the width from which columns of this program's own are all shown.
const roomyWidth = 140

// column is a column on the screen.
type column struct {
	title string
	index int // in the snapshot; -1 for the namespace
	width int // of the widest text seen
	// right is for numbers: by the server's type, else where whole numbers were seen in it and no words.
	right, typed, numbers, words bool
	quiet                        bool // read second
	age                          bool
	since                        bool // its texts are times: it shows the time since
	firm                         bool // never gives way
}

// ageWidth is what the longest human duration takes: 3y120d.
const ageWidth = 6

// changedFor is how long a cell stays marked after a change, the second half of it fading.
const changedFor = 2 * time.Second

// layout chooses the columns and makes them as wide as their texts. Columns only grow, so that rows do not dance.
func (v *view) layout() {
	if v.columns == nil {
		v.chooseColumns()
	}
	for i := range v.columns {
		c := &v.columns[i]
		for _, r := range v.snap.Rows {
			v.grow(c, r)
		}
		c.align()
	}
}

// widen is layout for a few changed rows.
func (v *view) widen(changes []livetable.Change) {
	for i := range v.columns {
		c := &v.columns[i]
		for _, ch := range changes {
			if ch.New != nil {
				v.grow(c, ch.New)
			}
		}
		c.align()
	}
}

// grow makes room for a row's text, and notes what kind of text it is.
func (v *view) grow(c *column, r *livetable.Row) {
	if c.age || c.since || c.index >= len(v.snap.Columns) { // drawn by the screen's own clock, or as wide as it was made
		return
	}
	text := v.text(c, r)
	c.width = max(c.width, canvas.Width(text))
	switch number := text != "" && strings.Trim(text, "0123456789") == ""; {
	case number:
		c.numbers = true
	case text != "" && text != "<none>":
		c.words = true
	}
}

// align puts numbers to the right: the server calls most columns of numbers text.
func (c *column) align() {
	if !c.typed && !c.age {
		c.right = c.numbers && !c.words && c.title != nameColumn
	}
}

func (v *view) chooseColumns() {
	v.columns = []column{}
	if wanted, _, _ := v.wantedColumns(); len(wanted) > 0 {
		v.chooseWanted(wanted)
		return
	}
	if v.spaces() {
		v.columns = append(v.columns, spaceColumn())
	}
	for i, c := range v.snap.Columns {
		if c.Priority == 0 || v.wide {
			v.columns = append(v.columns, v.columnOf(i))
		}
	}
	v.placeExtra()
}

// spaces says whether the rows are of several namespaces.
func (v *view) spaces() bool {
	return v.kind.Namespaced && (v.request.Namespace == "" || several(v.request.Namespace))
}

func spaceColumn() column {
	return column{title: namespaceColumn, index: -1, width: len(namespaceColumn), quiet: true}
}

// columnOf is the column of a heading as the table shows it.
func (v *view) columnOf(i int) column {
	c := v.headings()[i]
	title, number := upper(c.Name), c.Type == "integer" || c.Type == "number"
	width := canvas.Width(title)
	if n := len(v.snap.Columns); i >= n {
		return column{title: title, index: i, width: max(v.extra[i-n].width, width), right: true, typed: true}
	}
	if c.Age || c.Time {
		width = max(width, ageWidth)
	}
	return column{
		title: title, index: i, width: width, age: c.Age, since: c.Time, quiet: c.Age || c.Time, right: number, typed: number,
		firm: v.spec != nil && slices.Contains(v.spec.Firm, c.Name),
	}
}

// chooseWanted takes the columns that the user wants; the others follow where the table is wide. A name that the table
// does not have is passed over: columns come and go with what the cluster serves.
func (v *view) chooseWanted(wanted []config.Column) {
	taken := map[int]bool{}
	for _, w := range wanted {
		i := v.columnIndex(w.Name)
		space := strings.EqualFold(w.Name, namespaceColumn)
		if i >= 0 {
			taken[i] = true
		}
		switch {
		case w.Hidden || w.Wide && !v.wide:
			taken[-1] = taken[-1] || space
			continue
		case space && i < 0:
			if taken[-1] = true; v.spaces() {
				v.columns = append(v.columns, spaceColumn())
			}
			continue
		case i < 0:
			continue
		}
		c := v.columnOf(i)
		if w.Right || w.Left {
			c.right, c.typed = w.Right, true
		}
		c.since = c.since || w.Time && !c.age
		v.columns = append(v.columns, c)
	}
	if !v.wide {
		return
	}
	if v.spaces() && !taken[-1] {
		v.columns = append(v.columns, spaceColumn())
	}
	for i := range v.headings() {
		if !taken[i] {
			v.columns = append(v.columns, v.columnOf(i))
		}
	}
}

func (v *view) text(c *column, r *livetable.Row) string {
	if c.index < 0 {
		return r.Namespace
	}
	return v.cell(r, c.index).Text
}

// upper is a column's name as kubectl writes it.
func upper(name string) string {
	b := []byte(name)
	for i := range b {
		if b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

const (
	// margin is what stands left of the first column: the cursor, and the glyph of the health.
	margin    = 2
	glyphCols = 2
	gap       = 3
	tightGap  = 2
	// leastName and leastColumn are what columns shrink to where room is short.
	leastName   = 16
	leastColumn = 8
)

// placed is a column with its place on the screen.
type placed struct {
	column
	x, shown int
}

// fit gives every column its place: as wide as it wants where there is room, else the widest give way first. What does
// not fit at all is cut off at the right, to be scrolled to.
func (v *view) fit(width int) []placed {
	x := margin
	if v.gauge.knows() {
		x += glyphCols
	}
	cols := make([]placed, 0, len(v.columns))
	for i, c := range v.columns {
		scrolled := i > 0 && v.columns[i].title != nameColumn && i <= v.skip
		if !scrolled {
			cols = append(cols, placed{column: c, shown: c.width})
		}
	}
	between := gap
	want := x - gap
	for _, c := range cols {
		want += c.shown + gap
	}
	if want > width {
		between = tightGap
		want -= (len(cols) - 1) * (gap - tightGap)
	}
	over := squeeze(cols, want-width, leastName, leastColumn)
	squeeze(cols, over, leastName/2, leastColumn/2) // a very narrow screen: rather a little of all than nothing of some
	for i := range cols {
		cols[i].x = x
		x += cols[i].shown + between
	}
	return cols
}

// squeeze takes columns from the widest, over in all, and returns what could not be taken.
func squeeze(cols []placed, over, leastName, leastColumn int) int {
	for ; over > 0; over-- {
		widest, most := -1, 0
		for i, c := range cols {
			least, weight := leastColumn, 2*c.shown
			if c.title == nameColumn { // the name gives way last: it may be twice as wide as the others
				least, weight = leastName, c.shown
			}
			if c.shown > least && !c.age && !c.firm && weight > most {
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

func (v *view) draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	v.height = max(0, c.Height()-1)
	if roomy := c.Width() >= roomyWidth; roomy != v.roomy {
		v.roomy, v.columns = roomy, nil
		v.layout()
	}
	v.scroll()
	cols := v.fit(c.Width() - 1)
	v.drawHeadings(c, s, cols)
	if len(v.rows) == 0 {
		v.drawEmpty(c, s)
		return
	}
	now := v.scope.Now()
	for y := 0; y < v.height && v.top+y < len(v.rows); y++ {
		v.drawRow(c, y+1, v.rows[v.top+y], v.top+y, s, cols, now)
	}
}

// scroll keeps the cursor in sight.
func (v *view) scroll() {
	switch {
	case v.cursor.at < v.top:
		v.top = v.cursor.at
	case v.height > 0 && v.cursor.at >= v.top+v.height:
		v.top = v.cursor.at - v.height + 1
	}
	v.top = max(0, min(v.top, len(v.rows)-v.height))
}

func (v *view) drawHeadings(c *canvas.Canvas, s *style.Styles, cols []placed) {
	for _, col := range cols {
		title, ink := col.title, s.Muted
		if v.sortedBy(col.column) {
			arrow := "↑"
			if v.order.down {
				arrow = "↓"
			}
			title, ink = title+arrow, s.Heading
		}
		if v.chosenAt == col.title {
			ink = s.Key
		}
		if col.right {
			c.Right(col.x+col.shown, 0, ink, canvas.Truncate(title, col.shown+1))
		} else {
			c.Clip(col.x, 0, col.shown+1, ink, title)
		}
	}
}

func (v *view) sortedBy(c column) bool {
	if v.order.column == "" {
		return false
	}
	return upper(v.order.column) == c.title
}

func (v *view) drawRow(c *canvas.Canvas, y int, r *livetable.Row, at int, s *style.Styles, cols []placed, now time.Time) {
	health := v.gauge.of(r)
	under := at == v.cursor.at
	if v.gauge.knows() {
		c.Text(margin, y, health.Style(s), health.Glyph())
	}
	for _, col := range cols {
		if col.x >= c.Width() {
			break
		}
		text, ink := v.text(&col.column, r), s.Text
		if col.age {
			text = duration.HumanDuration(now.Sub(r.Created))
		} else if at, err := time.Parse(time.RFC3339, text); col.since && err == nil {
			text = duration.HumanDuration(now.Sub(at))
		}
		switch {
		case col.index >= 0 && v.gauge.tells(col.index) && health > screen.Good:
			ink = health.Style(s)
		case health == screen.Idle, col.quiet:
			ink = s.Muted
		}
		if n := len(v.snap.Columns); col.index >= n && v.extra[col.index-n].health != nil {
			if h := v.extra[col.index-n].health(r); h >= screen.Poor {
				ink = h.Style(s)
			}
		}
		if col.index >= 0 && col.index < len(r.Cells) {
			if since := now.Sub(r.Cells[col.index].Changed); since < changedFor/2 {
				ink = s.Changed
			} else if since < changedFor {
				ink = s.Fading
			}
		}
		if v.marks[r.UID] && col.title == nameColumn {
			ink = s.Marked
		}
		shown := min(col.shown, c.Width()-col.x)
		text = canvas.Truncate(text, shown)
		if col.right {
			c.Right(col.x+shown, y, ink, text)
		} else {
			c.Text(col.x, y, ink, text)
		}
	}
	if v.marks[r.UID] {
		c.Text(0, y, s.Marked, "+")
	}
	switch {
	case under && v.cursor.lost:
		c.Text(0, y, s.Muted, "▹")
	case under:
		c.Paint(0, y, c.Width(), s.Selection)
		mark := s.Key
		mark.Bg = s.Selection.Bg
		mark.Attrs |= s.Selection.Attrs
		c.Text(0, y, mark, "▸")
		if v.marks[r.UID] {
			c.Text(1, y, mark, "+")
		}
	}
}

func (v *view) drawEmpty(c *canvas.Canvas, s *style.Styles) {
	text, ink := "nothing here", s.Muted
	if v.spec != nil && v.spec.Empty != "" {
		text = v.spec.Empty
	}
	switch {
	case !v.snap.Synced && v.snap.Err == nil:
		text = "loading"
	case v.snap.Err != nil:
		text, ink = screen.Poor.Glyph()+" it will be tried again: "+screen.Reason(v.snap.Err), s.Warn
	case v.filter.text != "" || v.onlyFaults:
		text = "nothing matches (esc shows all)"
	case v.spec == nil:
		text = v.none()
	}
	for i, l := range canvas.Wrap(text, c.Width()-4) {
		c.Text(2, 2+i, ink, l)
	}
}

// none says that there are no objects of the kind, and what can be done about it.
func (v *view) none() string {
	what := v.kind.Resource.Resource
	if of := v.request.Of; of != "" {
		return "no " + what + " of " + of
	}
	text, ways := "no "+what+" in the cluster", []string{}
	if v.kind.Namespaced && v.request.Namespace != "" {
		text = "no " + what + " in namespace " + v.session.Label(v.request.Namespace)
		ways = append(ways, "0 shows all namespaces")
	}
	if !v.scope.Cluster().ReadOnly() {
		ways = append(ways, ":create "+what+" makes one")
	}
	if len(ways) > 0 {
		text += " (" + strings.Join(ways, ", ") + ")"
	}
	return text
}
