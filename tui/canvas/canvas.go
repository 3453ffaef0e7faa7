// Package canvas is what every screen draws on: a rectangle of terminal cells.
//
// A Canvas clips: nothing drawn through it leaves its rectangle, whatever its coordinates. Text is made safe before it
// reaches a cell: control characters, escape sequences and invalid UTF-8, which any object in a cluster may hold, are
// replaced, so that nothing from a cluster can move the cursor or speak to the terminal.
// A Canvas is a value that shares its cells with those cut from it. It is not safe for use by several goroutines.
package canvas

import (
	"image"

	uv "github.com/charmbracelet/ultraviolet"
)

// Style is how a cell looks.
type Style = uv.Style

// Rect is a rectangle of cells; Max is exclusive.
type Rect = image.Rectangle

// Canvas is a rectangle of cells with an origin of its own: (0,0) is its upper left corner.
type Canvas struct {
	cells *uv.Buffer
	area  Rect
	base  Style
}

// New makes a canvas of blank cells in a base style. Text drawn without a background of its own keeps the base's.
func New(width, height int, base Style) *Canvas {
	c := &Canvas{cells: uv.NewBuffer(max(width, 0), max(height, 0)), base: base}
	c.area = image.Rect(0, 0, max(width, 0), max(height, 0))
	c.Clear()
	return c
}

// Width is the number of columns.
func (c *Canvas) Width() int { return c.area.Dx() }

// Height is the number of lines.
func (c *Canvas) Height() int { return c.area.Dy() }

// Base is the style of a cell that nothing was drawn on.
func (c *Canvas) Base() Style { return c.base }

// Cut is the part of the canvas from (x,y), of the width and height given or as much of it as there is.
func (c *Canvas) Cut(x, y, width, height int) *Canvas {
	r := image.Rect(0, 0, max(width, 0), max(height, 0)).Add(c.area.Min).Add(image.Pt(x, y)).Intersect(c.area)
	return &Canvas{cells: c.cells, area: r, base: c.base}
}

// Origin is where the canvas' upper left corner lies on the whole screen.
func (c *Canvas) Origin() (x, y int) { return c.area.Min.X, c.area.Min.Y }

// WithBase is the same cells with another base style, blanked in it: the ground of a dialog.
func (c *Canvas) WithBase(s Style) *Canvas {
	d := *c
	d.base = s
	d.Clear()
	return &d
}

// Clear blanks every cell.
func (c *Canvas) Clear() {
	blank := uv.Cell{Content: " ", Width: 1, Style: c.base}
	for y := c.area.Min.Y; y < c.area.Max.Y; y++ {
		line := c.cells.Lines[y]
		for x := c.area.Min.X; x < c.area.Max.X; x++ {
			line[x] = blank
		}
	}
}

// Text draws s from (x,y) and returns the column after it. Colours that the style leaves open come from the base.
func (c *Canvas) Text(x, y int, s Style, text string) int {
	if y < 0 || y >= c.Height() || text == "" {
		return x + Width(text)
	}
	s = c.over(s)
	line := c.cells.Lines[c.area.Min.Y+y]
	each(text, func(cluster string, w int) bool {
		if x >= c.Width() {
			return false
		}
		if x >= 0 && x+w <= c.Width() {
			line.Set(c.area.Min.X+x, &uv.Cell{Content: cluster, Width: w, Style: s})
		}
		x += w
		return true
	})
	return x
}

// Clip draws s from (x,y) in no more than width columns, ending in an ellipsis where it is longer, and returns x+width.
func (c *Canvas) Clip(x, y, width int, s Style, text string) int {
	if width > 0 {
		c.Text(x, y, s, Truncate(text, width))
	}
	return x + width
}

// Right draws s so that it ends before column x, and returns where it begins.
func (c *Canvas) Right(x, y int, s Style, text string) int {
	from := x - Width(text)
	c.Text(from, y, s, text)
	return from
}

// Paint gives the cells from (x,y) another style, leaving what they show. Only what the style sets changes, but for a
// reverse one: it is a bar of one colour, so the cells' own colours go.
func (c *Canvas) Paint(x, y, width int, s Style) {
	if y < 0 || y >= c.Height() {
		return
	}
	line := c.cells.Lines[c.area.Min.Y+y]
	for i := max(x, 0); i < min(x+width, c.Width()); i++ {
		cell := &line[c.area.Min.X+i]
		if s.Attrs&uv.AttrReverse != 0 {
			cell.Style = Style{Fg: c.base.Fg, Bg: c.base.Bg, Attrs: cell.Style.Attrs & uv.AttrBold}
		}
		if s.Fg != nil {
			cell.Style.Fg = s.Fg
		}
		if s.Bg != nil {
			cell.Style.Bg = s.Bg
		}
		cell.Style.Attrs |= s.Attrs
		if s.Underline != 0 {
			cell.Style.Underline = s.Underline
		}
	}
}

// Rule draws a thin line over the whole width.
func (c *Canvas) Rule(y int, s Style) {
	for x := range c.Width() {
		c.Text(x, y, s, "─")
	}
}

// Column draws a thin line from top to bottom.
func (c *Canvas) Column(x int, s Style) {
	for y := range c.Height() {
		c.Text(x, y, s, "│")
	}
}

// Frame draws a border with rounded corners around the canvas and returns its inside.
func (c *Canvas) Frame(s Style) *Canvas {
	w, h := c.Width(), c.Height()
	if w < 2 || h < 2 {
		return c
	}
	for x := 1; x < w-1; x++ {
		c.Text(x, 0, s, "─")
		c.Text(x, h-1, s, "─")
	}
	for y := 1; y < h-1; y++ {
		c.Text(0, y, s, "│")
		c.Text(w-1, y, s, "│")
	}
	c.Text(0, 0, s, "╭")
	c.Text(w-1, 0, s, "╮")
	c.Text(0, h-1, s, "╰")
	c.Text(w-1, h-1, s, "╯")
	return c.Cut(1, 1, w-2, h-2)
}

// Lines are the cells of the whole screen, a line for each row. They change with the next drawing.
func (c *Canvas) Lines() []uv.Line { return c.cells.Lines }

// Render is the whole screen as one string with its styles, one line per row.
func (c *Canvas) Render() string { return c.cells.Render() }

// String is the whole screen as plain text, without trailing blanks: what golden files hold.
func (c *Canvas) String() string { return uv.TrimSpace(c.cells.String()) }

// StyleAt is the style of a cell of this canvas; false outside of it.
func (c *Canvas) StyleAt(x, y int) (Style, bool) {
	if x < 0 || y < 0 || x >= c.Width() || y >= c.Height() {
		return Style{}, false
	}
	return c.cells.Lines[c.area.Min.Y+y][c.area.Min.X+x].Style, true
}

// CellAt is what a cell of this canvas shows, and how; empty for the second half of a wide character, and outside of it.
func (c *Canvas) CellAt(x, y int) (string, Style) {
	if x < 0 || y < 0 || x >= c.Width() || y >= c.Height() {
		return "", Style{}
	}
	cell := &c.cells.Lines[c.area.Min.Y+y][c.area.Min.X+x]
	return cell.Content, cell.Style
}

func (c *Canvas) over(s Style) Style {
	if s.Fg == nil {
		s.Fg = c.base.Fg
	}
	if s.Bg == nil {
		s.Bg = c.base.Bg
	}
	return s
}
