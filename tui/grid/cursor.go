package grid

import (
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/style"
)

// The movements in a list.
const (
	Down     key.Action = "list.down"
	Up       key.Action = "list.up"
	PageDown key.Action = "list.page-down"
	PageUp   key.Action = "list.page-up"
	Top      key.Action = "list.top"
	Bottom   key.Action = "list.bottom"
)

// Keys is the table of the movements.
func Keys() key.Table {
	const group = "Move"
	return key.Table{
		{Action: Down, Keys: []string{"j", "down"}, Help: "down", Group: group},
		{Action: Up, Keys: []string{"k", "up"}, Help: "up", Group: group},
		{Action: PageDown, Keys: []string{"ctrl+f", "pgdown", "space"}, Help: "a page down", Group: group},
		{Action: PageUp, Keys: []string{"ctrl+b", "pgup"}, Help: "a page up", Group: group},
		{Action: Top, Keys: []string{"g", "home"}, Help: "to the top", Group: group},
		{Action: Bottom, Keys: []string{"G", "end"}, Help: "to the end", Group: group},
	}
}

// Cursor is a place in a list that is drawn in a window.
type Cursor struct {
	// At is the row of the cursor, First the first row in sight.
	At, First int

	height int // of the window, as it was drawn last
}

// Move does a movement in a list of n rows, and says whether it was one.
func (c *Cursor) Move(a key.Action, n int) bool {
	page := max(1, c.height-1)
	switch a {
	case Down:
		c.At++
	case Up:
		c.At--
	case PageDown:
		c.At += page
	case PageUp:
		c.At -= page
	case Top:
		c.At = 0
	case Bottom:
		c.At = n - 1
	default:
		return false
	}
	c.Clamp(n)
	return true
}

// Clamp keeps the cursor within a list of n rows.
func (c *Cursor) Clamp(n int) { c.At = max(0, min(c.At, n-1)) }

// Window is the rows in sight, from and before to, given how many fit.
func (c *Cursor) Window(n, height int) (from, to int) {
	c.height = height
	c.Clamp(n)
	if c.At < c.First {
		c.First = c.At
	}
	if c.At >= c.First+height {
		c.First = c.At - height + 1
	}
	c.First = max(0, min(c.First, n-height))
	return c.First, min(n, c.First+height)
}

// Height is how many rows were in sight when it was drawn last.
func (c *Cursor) Height() int { return c.height }

// Selected marks the row under the cursor; where its pane has not the focus, more quietly.
func Selected(c *canvas.Canvas, y int, s *style.Styles, focused bool) {
	if focused {
		c.Paint(0, y, c.Width(), s.Selection)
		return
	}
	c.Paint(0, y, c.Width(), canvas.Style{Bg: s.Raised.Bg})
}
