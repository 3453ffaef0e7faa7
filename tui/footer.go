package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// showCallAfter is how long a call must have been under way to be shown: what is quicker would only flicker.
const showCallAfter = 150 * time.Millisecond

// maxFoot is how many lines a message may take.
const maxFoot = 4

// longMessage is the message in lines where one line cannot hold it, else nil: why something failed is told to the end. What went
// well is told in one line.
func (m *Model) longMessage(width int) []string {
	st := m.message.state
	text := st.Health.Glyph() + " " + st.Text
	if st.Text == "" || st.Health == screen.Good || canvas.Width(text) <= width-2 && !strings.Contains(text, "\n") {
		return nil
	}
	lines := canvas.Wrap(text, width-2)
	return lines[:min(len(lines), maxFoot)]
}

// drawLongMessage draws it over the last lines of the screen, whatever was there.
func (m *Model) drawLongMessage(c *canvas.Canvas, lines []string) {
	n := len(lines)
	foot := c.Cut(0, c.Height()-n, c.Width(), n).WithBase(m.styles.Base)
	c.Rule(c.Height()-n-1, m.styles.Rule)
	for i, l := range lines {
		foot.Clip(1, i, c.Width()-2, m.message.state.Health.Style(m.styles), l)
	}
}

// drawFoot draws what can be done here at the left, and what is going on at the right.
func (m *Model) drawFoot(c *canvas.Canvas) {
	right := m.drawStatus(c)
	if right <= 0 || len(m.dialogs) > 0 { // a dialog takes all keys, and says itself which
		return
	}
	m.drawHints(c.Cut(0, 0, right, 1))
}

// drawStatus draws a message, or the calls under way, and returns how much room is left of it.
func (m *Model) drawStatus(c *canvas.Canvas) int {
	s := m.styles
	if st := m.message.state; st.Text != "" {
		text := canvas.Middle(st.Health.Glyph()+" "+st.Text, c.Width()-2)
		return c.Right(c.Width()-1, 0, st.Health.Style(s), text) - 2
	}
	if o := m.oldest(); o != nil {
		if d := m.clock().Sub(o.since); d > showCallAfter {
			text := fmt.Sprintf("%s %s %.1f s", screen.Busy.Glyph(), o.what, d.Seconds())
			if n := m.loud(); n > 1 {
				text += fmt.Sprintf(" (+%d)", n-1)
			}
			return c.Right(c.Width()-1, 0, s.Info, canvas.Truncate(text, c.Width()/2)) - 2
		}
	}
	if v := m.vitals.Sample(); v.StatusErr != nil {
		return c.Right(c.Width()-1, 0, s.Error, canvas.Truncate("✗ "+screen.Reason(v.StatusErr), c.Width()/2)) - 2
	}
	return c.Width() - 1
}

func (m *Model) drawHints(c *canvas.Canvas) {
	var hints []key.Binding
	if r := m.active(); r != nil {
		hints = m.roomKeys(r)
	}
	frame := m.frameTable()
	_, filters := m.filterer()
	frame = frame.With(filters, actFilter)
	reserved := 0
	for _, b := range frame {
		if b.Hint != "" && !b.Disabled {
			reserved += hintWidth(b)
		}
	}
	x := 1
	for _, b := range hints {
		if b.Hint == "" || b.Disabled || (b.Changes && m.Cluster().ReadOnly()) {
			continue
		}
		if x+hintWidth(b) > c.Width()-reserved {
			continue
		}
		x = m.hint(c, x, b)
	}
	for _, b := range frame {
		if b.Hint != "" && !b.Disabled {
			if x+hintWidth(b)-3 > c.Width() {
				return
			}
			x = m.hint(c, x, b)
		}
	}
}

func (m *Model) hint(c *canvas.Canvas, x int, b key.Binding) int {
	x = c.Text(x, 0, m.styles.Key, key.Name(b.Keys[0]))
	return c.Text(x+1, 0, m.styles.Muted, b.Hint) + 3
}

func hintWidth(b key.Binding) int {
	return canvas.Width(key.Name(b.Keys[0])) + 1 + canvas.Width(b.Hint) + 3
}
