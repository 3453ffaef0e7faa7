// Package dialog holds the questions that screens ask: yes or no, and a form of fields.
//
// None of them changes the cluster: a change goes on to the preview of package tui/changes. All are left with esc.
package dialog

import (
	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Confirm is a yes-or-no question.
type Confirm struct {
	Title, Text string
	// Accept is what yes is called: a verb.
	Accept string
	// Then runs on yes.
	Then func()
}

type confirm struct {
	Confirm
	scope  *screen.Scope
	accept bool
	width  int
}

var _ screen.Dialog = (*confirm)(nil)

// NewConfirm makes the dialog of a Confirm. Its focus is on the answer that does nothing.
func NewConfirm(s *screen.Scope, c Confirm) screen.Dialog { return &confirm{Confirm: c, scope: s} }

func (d *confirm) Title() string { return d.Confirm.Title }

func (d *confirm) Size(maxWidth, _ int) (int, int) {
	d.width = min(60, maxWidth)
	return d.width, len(canvas.Wrap(d.Text, d.width)) + 4
}

func (d *confirm) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	y := 1
	for _, l := range canvas.Wrap(d.Text, c.Width()) {
		c.Text(0, y, s.Text, l)
		y++
	}
	Buttons(c, y+1, s, []string{"Cancel", d.Accept}, map[bool]int{false: 0, true: 1}[d.accept])
	c.Right(c.Width(), y+1, s.Muted, "y yes  esc no")
}

func (d *confirm) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	switch k.String() {
	case "esc", "n":
		return true
	case "y":
		d.Then()
		return true
	case "tab", "shift+tab", "left", "right", "h", "l":
		d.accept = !d.accept
	case "enter":
		if d.accept {
			d.Then()
		}
		return true
	}
	return false
}

// drawCursor draws the cursor of a field that has the focus over what stands there. Without colour the whole field is reversed
// already: then the cursor is not.
func drawCursor(c *canvas.Canvas, x, y int, s *style.Styles) {
	text, _ := c.CellAt(x, y)
	if text == "" {
		text = " "
	}
	ink := canvas.Style{Fg: s.Text.Fg, Attrs: uv.AttrReverse}
	if s.Selection.Attrs&uv.AttrReverse != 0 {
		ink = canvas.Style{Underline: uv.UnderlineSingle}
	}
	c.Text(x, y, ink, text)
}

// Buttons draws answers from the left, the one in focus highlighted: the last line of a dialog.
func Buttons(c *canvas.Canvas, y int, s *style.Styles, labels []string, focus int) {
	x := 0
	for i, l := range labels {
		text := "  " + l + "  "
		if i == focus {
			text = "▸ " + l + "  "
			c.Text(x, y, s.Key, text)
			c.Paint(x, y, canvas.Width(text), s.Selection)
		} else {
			c.Text(x, y, s.Muted, text)
		}
		x += canvas.Width(text) + 2
	}
}
