// Package grid draws tables of text: columns that take what they need, a cursor, a window on rows that may be many.
//
// It knows nothing of what is in the rows. Only the rows in sight are asked for, so that a table of a million rows is
// drawn as fast as one of ten.
package grid

import (
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// Column is one column of a table.
type Column struct {
	Head string
	// Right aligns at the right edge, for numbers.
	Right bool
	// Wide takes what the others leave. One column should be wide, and it is the one that gives way.
	Wide bool
	// Middle leaves out the middle of what is too long rather than its end: for paths.
	Middle bool
}

// Cell is the text of a row in a column. A nil Ink is that of plain text.
type Cell struct {
	Text string
	Ink  func(*style.Styles) canvas.Style
}

// Plain makes cells of plain text.
func Plain(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

// Grid is a table with a cursor.
type Grid struct {
	Columns []Column
	Cursor  Cursor

	widths []int // as they were drawn last: columns grow while one scrolls, and never shrink
	width  int   // that these were made for
}

const gap = 2 // between columns

// Reset forgets the widths of the columns and puts the cursor to the top: for other rows.
func (g *Grid) Reset() { g.Cursor, g.widths = Cursor{}, nil }

// Draw draws the heads and, of n rows, those in sight.
func (g *Grid) Draw(c *canvas.Canvas, s *style.Styles, n int, row func(int) []Cell, focused bool) {
	body := c.Cut(0, 1, c.Width(), max(0, c.Height()-1))
	from, to := g.Cursor.Window(n, body.Height())
	rows := make([][]Cell, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, row(i))
	}
	widths := g.fit(rows, c.Width())
	heads := make([]Cell, len(g.Columns))
	for i, col := range g.Columns {
		heads[i] = Cell{Text: col.Head, Ink: func(s *style.Styles) canvas.Style { return s.Heading }}
	}
	g.line(c, 0, s, widths, heads)
	for i, r := range rows {
		g.line(body, i, s, widths, r)
		if from+i == g.Cursor.At {
			Selected(body, i, s, focused)
		}
	}
}

// Row is the row that is drawn at a line of the canvas, -1 for none.
func (g *Grid) Row(y, n int) int {
	if i := g.Cursor.First + y - 1; y >= 1 && i < n {
		return i
	}
	return -1
}

// fit gives each column what its widest text takes, and the wide one what is left.
func (g *Grid) fit(rows [][]Cell, width int) []int {
	if g.width != width || len(g.widths) != len(g.Columns) {
		g.widths, g.width = make([]int, len(g.Columns)), width
	}
	for i, col := range g.Columns {
		g.widths[i] = max(g.widths[i], canvas.Width(col.Head))
		for _, r := range rows {
			if i < len(r) {
				g.widths[i] = max(g.widths[i], canvas.Width(r[i].Text))
			}
		}
	}
	fit := append([]int(nil), g.widths...)
	rest := width
	for _, w := range fit {
		rest -= w + gap
	}
	rest += gap
	const least = 12 // columns of a wide column, before what follows it is cut
	for i, col := range g.Columns {
		if col.Wide && rest < 0 {
			give := min(-rest, max(0, fit[i]-least))
			fit[i], rest = fit[i]-give, rest+give
		}
	}
	return fit
}

func (g *Grid) line(c *canvas.Canvas, y int, s *style.Styles, widths []int, cells []Cell) {
	x := 0
	for i, cell := range cells {
		if i >= len(widths) || x >= c.Width() {
			return
		}
		ink := s.Text
		if cell.Ink != nil {
			ink = cell.Ink(s)
		}
		w := min(widths[i], c.Width()-x)
		if g.Columns[i].Right && canvas.Width(cell.Text) <= w {
			c.Right(x+w, y, ink, cell.Text)
		} else if g.Columns[i].Middle {
			c.Clip(x, y, w, ink, canvas.Middle(cell.Text, w))
		} else {
			c.Clip(x, y, w, ink, cell.Text)
		}
		x += widths[i] + gap
	}
}
