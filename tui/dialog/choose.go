package dialog

import (
	"fmt"
	"slices"
	"strings"

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
	// sought is what is looked for in the choices, and seeking that it is being typed.
	sought  string
	seeking bool
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

// left are the choices that what is sought leaves, by their places.
func (d *choose) left() []int {
	var left []int
	for i, c := range d.Choices {
		if strings.Contains(strings.ToLower(c.Text+" "+c.Note), strings.ToLower(d.sought)) {
			left = append(left, i)
		}
	}
	return left
}

// step goes on by so many of the choices that are left.
func (d *choose) step(by int) {
	left := d.left()
	at := max(0, slices.Index(left, d.At))
	if len(left) > 0 {
		d.At = left[max(0, min(at+by, len(left)-1))]
	}
}

// seek looks for another text, and keeps the cursor where that leaves it.
func (d *choose) seek(text string) {
	d.sought = text
	if left := d.left(); len(left) > 0 && !slices.Contains(left, d.At) {
		d.At = left[0]
	}
}

func (d *choose) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	left := d.left()
	rows := max(1, c.Height()-2)
	top := max(0, min(slices.Index(left, d.At)-rows/2, len(left)-rows))
	note := 0
	for _, choice := range d.Choices {
		note = max(note, canvas.Width(choice.Note))
	}
	text := min(d.textWidth(), max(c.Width()/2, c.Width()-5-note))
	for y := 0; y < rows && top+y < len(left); y++ {
		choice := d.Choices[left[top+y]]
		c.Clip(2, y+1, text, s.Text, choice.Text)
		c.Clip(2+text+3, y+1, c.Width()-text-5, s.Muted, choice.Note)
		if left[top+y] == d.At {
			c.Paint(0, y+1, c.Width(), s.Selection)
			c.Text(0, y+1, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
	d.drawFoot(c, len(left))
}

// drawFoot says what is looked for, or which other keys there are.
func (d *choose) drawFoot(c *canvas.Canvas, left int) {
	s, y := d.scope.Styles(), c.Height()-1
	if d.seeking || d.sought != "" {
		x := c.Text(2, y, s.Key, "/")
		x = c.Text(x, y, s.Text, d.sought)
		if d.seeking {
			x = c.Text(x, y, s.Accent, "▏")
		}
		c.Clip(x+2, y, c.Width()-x-2, s.Muted, fmt.Sprintf("%d of %d", left, len(d.Choices)))
		return
	}
	x := 2
	if o := d.Other; o.Key != "" {
		x = c.Text(x, y, s.Key, key.Name(o.Key))
		x = c.Text(x+1, y, s.Muted, o.Help) + 3
	}
	if len(d.Choices) >= many {
		x = c.Text(x, y, s.Key, "/")
		c.Clip(x+1, y, c.Width()-x-1, s.Muted, "search")
	}
}

// many choices are worth a word on how to search them.
const many = 8

func (d *choose) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	if d.seeking {
		return d.typed(k)
	}
	chosen := slices.Contains(d.left(), d.At)
	if o := d.Other; o.Key != "" && k.String() == o.Key && chosen {
		o.Then(d.At)
		return true
	}
	switch k.String() {
	case "esc":
		if d.sought == "" {
			return true
		}
		d.seek("")
	case "q":
		return true
	case "/":
		d.seeking = true
	case "j", "down":
		d.step(+1)
	case "k", "up":
		d.step(-1)
	case "ctrl+f", "pgdown":
		d.step(+10)
	case "ctrl+b", "pgup":
		d.step(-10)
	case "g", "home":
		d.step(-len(d.Choices))
	case "G", "end":
		d.step(+len(d.Choices))
	case "enter":
		if chosen {
			d.Then(d.At)
		}
		return true
	}
	return false
}

// typed takes a key for what is looked for.
func (d *choose) typed(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "esc":
		d.seeking = false
		d.seek("")
	case "enter":
		d.seeking = false
		if left := d.left(); len(left) == 1 { // nothing else can be meant
			d.Then(left[0])
			return true
		}
	case "up":
		d.step(-1)
	case "down":
		d.step(+1)
	case "backspace":
		if r := []rune(d.sought); len(r) > 0 {
			d.seek(string(r[:len(r)-1]))
		} else {
			d.seeking = false
		}
	case "ctrl+u":
		d.seek("")
	default:
		d.seek(d.sought + k.Text)
	}
	return false
}
