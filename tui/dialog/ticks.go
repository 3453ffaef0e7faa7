package dialog

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
)

// Ticks asks which of several things are wanted, and in what order.
type Ticks struct {
	Title string
	Items []Tick
	// Accept runs with all of them in the order that the user gave them. Its error is shown, and the dialog stays.
	Accept func([]Tick) error
	// Add is asked for one more, after what it calls was typed; nil where there are no others.
	Add func(text string) (Tick, error)
	// AddLabel says what can be added.
	AddLabel string
	// Reset goes back to what there was without the user.
	Reset func()
}

// Tick is one of them.
type Tick struct {
	// Value is what the caller knows it by.
	Value      string
	Text, Note string
	On         bool
}

type ticks struct {
	Ticks
	scope *screen.Scope
	at    int
	err   error
}

var _ screen.Dialog = (*ticks)(nil)

// NewTicks makes the dialog of a Ticks.
func NewTicks(s *screen.Scope, t Ticks) screen.Dialog {
	t.Items = slices.Clone(t.Items)
	return &ticks{Ticks: t, scope: s}
}

func (d *ticks) Title() string { return d.Ticks.Title }

// hint is the line of keys.
func (d *ticks) hint() string {
	text := "space ticks   J K move   enter takes them   esc leaves"
	if d.Reset != nil {
		text = "r as it was   " + text
	}
	if d.Add != nil {
		text = "a add   " + text
	}
	return text
}

func (d *ticks) widths() (text, note int) {
	for _, t := range d.Items {
		text, note = max(text, canvas.Width(t.Text)), max(note, canvas.Width(t.Note))
	}
	return text, note
}

func (d *ticks) Size(maxWidth, maxHeight int) (int, int) {
	text, note := d.widths()
	return min(max(text+note+9, canvas.Width(d.hint())), maxWidth, 100), min(len(d.Items)+3, maxHeight)
}

func (d *ticks) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	rows := max(1, c.Height()-3)
	top := max(0, min(d.at-rows/2, len(d.Items)-rows))
	text, _ := d.widths()
	text = min(text, c.Width()-8)
	for y := 0; y < rows && top+y < len(d.Items); y++ {
		t := d.Items[top+y]
		ink, box := s.Muted, "[ ]"
		if t.On {
			ink, box = s.Text, "[✓]"
		}
		c.Text(2, y+1, ink, box)
		c.Clip(6, y+1, text, ink, t.Text)
		c.Clip(6+text+3, y+1, c.Width()-text-9, s.Muted, t.Note)
		if top+y == d.at {
			c.Paint(0, y+1, c.Width(), s.Selection)
			c.Text(0, y+1, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
	if d.err != nil {
		c.Clip(0, c.Height()-1, c.Width(), s.Error, screen.Bad.Glyph()+" "+d.err.Error())
		return
	}
	c.Clip(0, c.Height()-1, c.Width(), s.Muted, d.hint())
}

func (d *ticks) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	d.err = nil
	last := max(0, len(d.Items)-1)
	switch k.String() {
	case "esc", "q":
		return true
	case "j", "down":
		d.at = min(d.at+1, last)
	case "k", "up":
		d.at = max(d.at-1, 0)
	case "g", "home":
		d.at = 0
	case "G", "end":
		d.at = last
	case "space", "x":
		if len(d.Items) > 0 {
			d.Items[d.at].On = !d.Items[d.at].On
			d.at = min(d.at+1, last)
		}
	case "J", "shift+down":
		d.shift(min(d.at+1, last))
	case "K", "shift+up":
		d.shift(max(d.at-1, 0))
	case "a":
		d.add()
	case "r":
		if d.Reset != nil {
			d.Reset()
			return true
		}
	case "enter":
		d.err = d.Accept(d.Items)
		return d.err == nil
	}
	return false
}

// shift moves the item under the cursor.
func (d *ticks) shift(to int) {
	if to == d.at || len(d.Items) == 0 {
		return
	}
	d.Items[d.at], d.Items[to] = d.Items[to], d.Items[d.at]
	d.at = to
}

// add asks for one more, which is put below the one under the cursor.
func (d *ticks) add() {
	if d.Add == nil {
		return
	}
	d.scope.Ask(NewForm(d.scope, Form{
		Title: "Add", Note: d.AddLabel, Accept: "Add",
		Fields: []Field{{Label: "column", Check: func(v string) error {
			_, err := d.Add(v)
			return err
		}}},
		Then: func(values []string) {
			t, err := d.Add(values[0])
			if err != nil {
				return // the form has checked it
			}
			t.On = true
			d.at = min(d.at+1, len(d.Items))
			d.Items = slices.Insert(d.Items, d.at, t)
		},
	}))
}
