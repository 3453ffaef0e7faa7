package resource

import (
	"slices"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
)

// face is what a table showed when it was drawn last: of thousands of rows that change, few are in sight.
type face struct {
	rows    []*livetable.Row
	columns []column
	cursor  cursor
	top     int
	note    string
	state   screen.State
}

// take keeps what is about to be drawn; Place keeps what the title line tells.
func (f *face) take(v *view) {
	f.rows = append(f.rows[:0], v.inView()...)
	f.columns = append(f.columns[:0], v.columns...)
	f.cursor, f.top = v.cursor, v.top
}

// differs says whether drawing the table would show anything else now.
func (f *face) differs(v *view) bool {
	v.scroll()
	return v.top != f.top || v.cursor != f.cursor || !slices.Equal(v.inView(), f.rows) || !slices.Equal(v.columns, f.columns) ||
		v.state() != f.state || v.count() != f.note
}

// inView are the rows that there is room for.
func (v *view) inView() []*livetable.Row {
	from := max(0, min(v.top, len(v.rows)))
	return v.rows[from:min(from+v.height, len(v.rows))]
}
