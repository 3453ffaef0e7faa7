package gate

import (
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// grace is how long a preview takes no answer: it opens when its plan is ready, which can be just when a key meant for
// something else is on its way.
const grace = 200 * time.Millisecond

// preview shows what would be done, and asks in proportion: enter, yes, or a word to be typed.
type preview struct {
	scope  *screen.Scope
	step   *Step
	pager  pager.Pager
	input  textinput.Model
	accept bool
	opened time.Time
	then   func()
}

var _ screen.Dialog = (*preview)(nil)

func newPreview(s *screen.Scope, step *Step, then func()) *preview {
	d := &preview{scope: s, step: step, then: then, accept: step.Confirm == "", opened: s.Now(), input: textinput.New()}
	d.input.Prompt = ""
	_ = d.input.Focus() // the command it returns only blinks a cursor that is not drawn
	d.pager.SetLines(step.Lines)
	d.pager.Wrap(true)
	return d
}

// typed says that a word must be typed, rather than yes be said.
func (d *preview) typed() bool { return d.step.Confirm != "" && d.step.Confirm != "yes" }

// Title implements screen.Dialog.
func (d *preview) Title() string {
	if d.step.Target == "" {
		return d.step.Name
	}
	return d.step.Name + " " + d.step.Target
}

// Size implements screen.Dialog.
func (d *preview) Size(maxWidth, maxHeight int) (int, int) {
	w, h := 60, 5
	for _, l := range d.step.Lines {
		w = max(w, min(canvas.Width(l.String())+2, maxWidth))
	}
	for _, l := range d.step.Lines {
		h += max(1, (canvas.Width(l.String())+w-3)/(w-2))
	}
	return min(w, maxWidth), min(h, maxHeight)
}

// Draw implements screen.Dialog.
func (d *preview) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	d.pager.Draw(c.Cut(0, 1, c.Width(), c.Height()-4), s)
	y := c.Height() - 2
	if d.typed() {
		x := c.Text(0, y, s.Muted, "type ")
		x = c.Text(x, y, s.Key, d.step.Confirm)
		x = c.Text(x, y, s.Muted, " to do it: ")
		end := c.Text(x, y, s.Text, d.input.Value())
		c.Paint(end, y, 1, canvas.Style{Attrs: reverse, Fg: s.Text.Fg})
		c.Right(c.Width(), y, s.Muted, "enter  esc no")
		return
	}
	focus := 0
	if d.accept {
		focus = 1
	}
	dialog.Buttons(c, y, s, []string{"Cancel", d.step.Name}, focus)
	c.Right(c.Width(), y, s.Muted, "y yes  esc no")
}

// Update implements screen.Dialog.
func (d *preview) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	early := d.scope.Now().Sub(d.opened) < grace
	switch {
	case ok && k.String() == "esc":
		return true
	case d.typed():
		if ok && k.String() == "enter" {
			if d.input.Value() != d.step.Confirm {
				return false
			}
			d.then()
			return true
		}
		if ok && (k.String() == "up" || k.String() == "down" || k.String() == "pgup" || k.String() == "pgdown") {
			return d.scroll(k.String())
		}
		d.input, _ = d.input.Update(msg) // its commands only blink
		return false
	case !ok:
		return false
	}
	switch k.String() {
	case "n", "q":
		return true
	case "y", "enter":
		if early {
			return false
		}
		if d.accept || k.String() == "y" {
			d.then()
		}
		return true
	case "tab", "shift+tab", "left", "right":
		d.accept = !d.accept
		return false
	}
	return d.scroll(k.String())
}

func (d *preview) scroll(name string) bool {
	if b, ok := pager.Keys().Find(name); ok {
		d.pager.Do(b.Action)
	}
	return false
}
