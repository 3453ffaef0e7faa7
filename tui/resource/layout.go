package resource

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/config"
)

// The columns that are not the server's.
const (
	nameColumn      = "NAME"
	namespaceColumn = "NAMESPACE"
)

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
	ticks                        bool // its texts are times since something, as of when they were read
	firm                         bool // never gives way
	spare                        bool // there only where all columns have room
	addresses                    bool // all that was seen in it are IP addresses
	lead                         int  // digits of the longest number in it, which others are put under
	// filled says that something was seen in it, varied that not all of it was the same, prose that it is sentences.
	filled, varied, prose bool
	first                 string // that was seen in it
}

// proseWidth is what makes a text with blanks in it a sentence.
const proseWidth = 24

// ageWidth is what the longest human duration takes: 3y120d. Nothing up to two years takes more than usualAge: 7d23h.
const (
	ageWidth = 6
	usualAge = 5
	twoYears = 2 * 365 * 24 * time.Hour
)

// layout chooses the columns and makes them as wide as their texts. Columns only grow, so that rows do not dance.
func (v *view) layout() {
	if v.columns == nil {
		v.chooseColumns()
	}
	v.longAgo = v.scope.Now().Add(-twoYears)
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
		c.varied = true
		c.filled = c.filled || c.age || v.cell(r, c.index).Text != ""
		if c.age && !r.Created.After(v.longAgo) {
			c.width = max(c.width, ageWidth)
		}
		return
	}
	text := v.text(c, r)
	width := canvas.Width(text)
	c.width = max(c.width, width)
	c.prose = c.prose || width > proseWidth && strings.IndexByte(text, ' ') > 0
	if text != "" && !blank(text) {
		c.addresses = (c.addresses || !c.filled) && address(text)
		c.filled = true
	}
	if digits := leading(text); digits > 0 {
		c.lead = max(c.lead, digits)
		c.width = max(c.width, width+c.lead-digits)
	}
	switch {
	case c.varied:
	case c.first == "":
		c.first = text
	case text != c.first:
		c.varied = true
	}
	switch number := text != "" && strings.Trim(text, "0123456789") == ""; {
	case number:
		c.numbers = true
	case text != "" && text != "<none>":
		c.words = true
	}
}

// blank says that a text stands for nothing.
func blank(text string) bool { return text == "<none>" || text == "<unset>" || text == "None" }

// address says that a text is an IP address.
func address(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// leading is how many digits a text begins with that is a number, or a number and a remark: 2 (4m ago). It is 0 for others.
func leading(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	if n < len(text) && !strings.HasPrefix(text[n:], " (") {
		return 0
	}
	return n
}

// align puts numbers to the right: the server calls most columns of numbers text.
func (c *column) align() {
	if !c.typed && !c.age {
		c.right = c.numbers && !c.words && c.title != nameColumn
	}
}

func (v *view) chooseColumns() {
	v.columns = []column{}
	wanted, _, _ := v.wantedColumns()
	if v.ordered = len(wanted) > 0; v.ordered {
		v.chooseWanted(wanted)
		return
	}
	if v.spaces() {
		v.columns = append(v.columns, spaceColumn())
	}
	for i, c := range v.snap.Columns {
		if c.Priority == 0 || v.wide || v.roomy {
			col := v.columnOf(i)
			col.spare = c.Priority != 0 && !v.wide
			v.columns = append(v.columns, col)
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
	if c.Age {
		width = max(width, usualAge)
	}
	if c.Time {
		width = max(width, ageWidth)
	}
	return column{
		title: title, index: i, width: width, age: c.Age, since: c.Time, ticks: ticks(c.Name), quiet: c.Age || c.Time, right: number, typed: number,
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
