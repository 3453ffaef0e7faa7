package dialog

import (
	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// text is a text to look at.
type text struct {
	title string
	scope *screen.Scope
	lines []pager.Line
	pager pager.Pager
}

var _ screen.Dialog = (*text)(nil)

// NewText makes a dialog that shows lines, which scroll with a pager's keys.
func NewText(s *screen.Scope, title string, lines []pager.Line) screen.Dialog {
	d := &text{title: title, scope: s, lines: lines}
	d.pager.Wrap(true)
	d.pager.SetLines(lines)
	return d
}

func (d *text) Title() string { return d.title }

func (d *text) Size(maxWidth, maxHeight int) (int, int) {
	w := 40
	for _, l := range d.lines {
		w = max(w, canvas.Width(l.String())+3)
	}
	w = min(w, maxWidth)
	rows := 2
	for _, l := range d.lines {
		rows += max(1, (canvas.Width(l.String())+w-4)/max(1, w-3))
	}
	return w, min(rows, maxHeight)
}

func (d *text) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	d.pager.Draw(c.Cut(0, 0, c.Width(), c.Height()-1), s)
	c.Right(c.Width(), c.Height()-1, s.Muted, "esc leaves")
}

func (d *text) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	switch k.String() {
	case "esc", "q", "enter":
		return true
	}
	if b, ok := pager.Keys().Find(k.String()); ok {
		d.pager.Do(b.Action)
	}
	return false
}
