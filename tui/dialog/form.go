package dialog

import (
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
)

// Form asks for some values.
type Form struct {
	Title string
	// Note is a sentence above the fields.
	Note   string
	Fields []Field
	// Accept is what going on is called: a verb.
	Accept string
	// Then runs with one value for each field, when the user goes on and every Check is satisfied.
	Then func(values []string)
}

// Field is one value.
type Field struct {
	Label, Value string
	// Choices, where there are any, are the only values: left and right go through them.
	Choices []string
	// Offers are values that were used before: ctrl-n and ctrl-p put them in.
	Offers []string
	// Number lets up and down count, and what is typed first take the place of the number that is there.
	Number bool
	// Check says what is wrong with a value.
	Check func(string) error
}

type form struct {
	Form
	scope  *screen.Scope
	inputs []textinput.Model
	fresh  []bool // nothing was done with the field yet
	focus  int    // the field; len(Fields) for the button
	err    error
}

var _ screen.Dialog = (*form)(nil)

// NewForm makes the dialog of a Form. Its focus is on the first field.
func NewForm(s *screen.Scope, f Form) screen.Dialog {
	d := &form{Form: f, scope: s}
	for _, field := range f.Fields {
		in := textinput.New()
		in.Prompt = ""
		in.SetValue(field.Value)
		in.CursorEnd()
		_ = in.Focus() // the command it returns only blinks a cursor that is not drawn
		d.inputs = append(d.inputs, in)
		d.fresh = append(d.fresh, true)
	}
	return d
}

func (d *form) Title() string { return d.Form.Title }

func (d *form) Size(maxWidth, _ int) (int, int) {
	w := 50
	h := len(d.Fields) + 4
	for i, f := range d.Fields {
		w = max(w, d.labelWidth()+2+canvas.Width(d.inputs[i].Value())+3, canvas.Width(f.Label)+20)
		for _, c := range f.Choices {
			w = max(w, d.labelWidth()+2+canvas.Width("‹ "+c+" ›"))
		}
		if len(f.Offers) > 0 {
			w = max(w, d.labelWidth()+2+canvas.Width(offers(f))+3)
			h++
		}
	}
	w = min(w, maxWidth)
	if d.Note != "" {
		h += len(canvas.Wrap(d.Note, w)) + 1
	}
	return w, h
}

func (d *form) labelWidth() int {
	w := 0
	for _, f := range d.Fields {
		w = max(w, canvas.Width(f.Label))
	}
	return w
}

func (d *form) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	y := 1
	if d.Note != "" {
		for _, l := range canvas.Wrap(d.Note, c.Width()) {
			c.Text(0, y, s.Muted, l)
			y++
		}
		y++
	}
	x := d.labelWidth() + 2
	for i, f := range d.Fields {
		c.Clip(0, y, x-2, s.Muted, f.Label)
		value := d.inputs[i].Value()
		if len(f.Choices) > 0 {
			c.Text(x, y, s.Text, "‹ "+value+" ›")
		} else {
			c.Clip(x, y, c.Width()-x, s.Text, value)
		}
		if i == d.focus {
			c.Paint(x, y, c.Width()-x, s.Selection)
			if f.Number && d.fresh[i] {
				c.Paint(x, y, canvas.Width(value), canvas.Style{Attrs: uv.AttrReverse})
			}
			if len(f.Choices) == 0 {
				before := string([]rune(value)[:d.inputs[i].Position()])
				at := min(x+canvas.Width(before), c.Width()-1)
				drawCursor(c, at, y, s)
			}
		}
		y++
		if len(f.Offers) > 0 {
			c.Clip(x, y, c.Width()-x, s.Muted, offers(f))
			y++
		}
	}
	if d.err != nil {
		c.Clip(0, y, c.Width(), s.Error, screen.Bad.Glyph()+" "+d.err.Error())
	}
	focus := -1
	if d.focus == len(d.Fields) {
		focus = 0
	}
	Buttons(c, y+1, s, []string{d.Accept}, focus)
	c.Right(c.Width(), y+1, s.Muted, "enter goes on, esc leaves")
}

func (d *form) Update(msg tea.Msg) bool {
	d.err = nil
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		d.edit(msg)
		return false
	}
	switch k.String() {
	case "esc":
		return true
	case "tab", "down":
		if k.String() == "down" && d.count(-1) {
			return false
		}
		d.focus = (d.focus + 1) % (len(d.Fields) + 1)
	case "shift+tab", "up":
		if k.String() == "up" && d.count(+1) {
			return false
		}
		d.focus = (d.focus + len(d.Fields)) % (len(d.Fields) + 1)
	case "left", "right":
		if !d.choose(k.String() == "right") {
			d.edit(k)
		}
	case "ctrl+n", "ctrl+p":
		d.offer(k.String() == "ctrl+n")
	case "enter":
		return d.accept()
	default:
		d.edit(k)
	}
	return false
}

func (d *form) edit(msg tea.Msg) {
	if d.focus < len(d.Fields) && len(d.Fields[d.focus].Choices) == 0 {
		if k, ok := msg.(tea.KeyPressMsg); d.fresh[d.focus] && d.Fields[d.focus].Number && (!ok || k.Text != "") {
			d.inputs[d.focus].SetValue("")
		}
		d.fresh[d.focus] = false
		d.inputs[d.focus], _ = d.inputs[d.focus].Update(msg) // its commands only blink
	}
}

// count counts a number up or down, and says whether there was one.
func (d *form) count(by int) bool {
	if d.focus >= len(d.Fields) || !d.Fields[d.focus].Number {
		return false
	}
	n, err := strconv.Atoi(d.inputs[d.focus].Value())
	if err != nil {
		return false
	}
	d.fresh[d.focus] = false
	d.inputs[d.focus].SetValue(strconv.Itoa(max(0, n+by)))
	d.inputs[d.focus].CursorEnd()
	return true
}

// offers are the values used before, as a line below the field.
func offers(f Field) string { return "ctrl-n: " + strings.Join(f.Offers, "  ") }

// offer puts in the next of the values used before, or the one before it; at either end the field's own comes again.
func (d *form) offer(forward bool) {
	if d.focus >= len(d.Fields) {
		return
	}
	f := d.Fields[d.focus]
	all := append([]string{f.Value}, f.Offers...)
	at := max(0, slices.Index(all, d.inputs[d.focus].Value()))
	if forward {
		at++
	} else {
		at += len(all) - 1
	}
	d.inputs[d.focus].SetValue(all[at%len(all)])
	d.inputs[d.focus].CursorEnd()
}

func (d *form) choose(forward bool) bool {
	if d.focus >= len(d.Fields) || len(d.Fields[d.focus].Choices) == 0 {
		return false
	}
	choices := d.Fields[d.focus].Choices
	at := slices.Index(choices, d.inputs[d.focus].Value())
	if forward {
		at++
	} else {
		at += len(choices) - 1
	}
	d.inputs[d.focus].SetValue(choices[at%len(choices)])
	return true
}

func (d *form) accept() bool {
	values := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		values[i] = d.inputs[i].Value()
		if f.Check == nil {
			continue
		}
		if err := f.Check(values[i]); err != nil {
			d.err, d.focus = err, i
			return false
		}
	}
	d.Then(values)
	return true
}
