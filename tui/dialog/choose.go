package dialog

import (
	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Choose asks for one of several things.
type Choose struct {
	Title   string
	Choices []Choice
	// At is the one that the cursor begins on.
	At int
	// Then runs with the index of what was chosen.
	Then func(int)
	// Other is what another key does with the one under the cursor; Key is empty where there is none.
	Other struct {
		Key, Help string
		Then      func(int)
	}
}

// Choice is one of them.
type Choice struct{ Text, Note string }

type choose struct {
	Choose
	scope *screen.Scope
}

var _ screen.Dialog = (*choose)(nil)

// NewChoose makes the dialog of a Choose.
func NewChoose(s *screen.Scope, c Choose) screen.Dialog { return &choose{Choose: c, scope: s} }

func (d *choose) Title() string { return d.Choose.Title }

func (d *choose) textWidth() int {
	w := 0
	for _, c := range d.Choices {
		w = max(w, canvas.Width(c.Text))
	}
	return w
}

func (d *choose) Size(maxWidth, maxHeight int) (int, int) {
	text, w := d.textWidth(), 40
	for _, c := range d.Choices {
		w = max(w, text+5+canvas.Width(c.Note))
	}
	return min(w, maxWidth), min(len(d.Choices)+2, maxHeight)
}

func (d *choose) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	rows := max(1, c.Height()-2)
	top := max(0, min(d.At-rows/2, len(d.Choices)-rows))
	note := 0
	for _, choice := range d.Choices {
		note = max(note, canvas.Width(choice.Note))
	}
	text := min(d.textWidth(), max(c.Width()/2, c.Width()-5-note))
	for y := 0; y < rows && top+y < len(d.Choices); y++ {
		choice := d.Choices[top+y]
		c.Clip(2, y+1, text, s.Text, choice.Text)
		c.Clip(2+text+3, y+1, c.Width()-text-5, s.Muted, choice.Note)
		if top+y == d.At {
			c.Paint(0, y+1, c.Width(), s.Selection)
			c.Text(0, y+1, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
	if o := d.Other; o.Key != "" {
		x := c.Text(2, c.Height()-1, s.Key, key.Name(o.Key))
		c.Clip(x+1, c.Height()-1, c.Width()-x-1, s.Muted, o.Help)
	}
}

func (d *choose) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	if o := d.Other; o.Key != "" && k.String() == o.Key && d.At < len(d.Choices) {
		o.Then(d.At)
		return true
	}
	switch k.String() {
	case "esc", "q":
		return true
	case "j", "down":
		d.At = max(0, min(d.At+1, len(d.Choices)-1))
	case "k", "up":
		d.At = max(d.At-1, 0)
	case "g", "home":
		d.At = 0
	case "G", "end":
		d.At = max(0, len(d.Choices)-1)
	case "enter":
		if d.At < len(d.Choices) {
			d.Then(d.At)
		}
		return true
	}
	return false
}
