package resource

import (
	"slices"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// noteLines is how many lines below the table tell the sentence under the cursor to its end, with the blank one above them: none
// where the column of sentences is as wide as it wants, or where the table needs the lines itself.
func (v *view) noteLines(c *canvas.Canvas, cols []placed) int {
	const few, many = 12, 30
	i := slices.IndexFunc(cols, func(p placed) bool { return p.prose && p.shown < p.width })
	switch {
	case i < 0 || c.Height() < few || len(v.rows) == 0:
		return 0
	case c.Height() < many:
		return 3
	}
	return 4
}

// drawNote draws the sentence.
func (v *view) drawNote(c *canvas.Canvas, s *style.Styles, cols []placed) {
	r := v.current()
	i := slices.IndexFunc(cols, func(p placed) bool { return p.prose && p.shown < p.width })
	if r == nil || i < 0 {
		return
	}
	col := &cols[i].column
	if v.text(col, r) == "" {
		return
	}
	x := c.Text(margin, 1, s.Muted, col.title) + 2
	room := c.Width() - x - 1
	lines := canvas.Wrap(v.text(col, r), room)
	for y, l := range lines[:min(len(lines), c.Height()-1)] {
		if y == c.Height()-2 && len(lines) > y+1 {
			l += "…"
		}
		c.Clip(x, y+1, room, s.Text, l)
	}
}
