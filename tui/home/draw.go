package home

import (
	"fmt"
	"slices"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// twoColumns is the width from which groups stand side by side.
const twoColumns = 100

// threeColumns is the width from which there are three.
const threeColumns = 170

// The groups by their places in view.groups.
const (
	components = iota
	nodes
	working
	warnings
	writers
	written
)

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	w, h := c.Width(), c.Height()
	v.drawActivity(c.Cut(0, 1, w, 1), s)
	above := 3
	if !v.knowsEtcd() { // there is no line of writes
		above = 1
	}
	body := c.Cut(0, above, w, h-above)
	switch {
	case w < twoColumns:
		used := v.drawLine(body, s, v.groups[components])
		v.drawGroups(body.Cut(0, used, w, body.Height()-used), s, nodes, working, warnings)
	case w < threeColumns:
		left := w * 9 / 20
		v.drawGroups(body.Cut(0, 0, left, body.Height()), s, components, nodes, writers)
		v.drawGroups(body.Cut(left+2, 0, w-left-2, body.Height()), s, working, warnings, written)
	default:
		left := w * 3 / 10
		v.drawGroups(body.Cut(0, 0, left, body.Height()), s, components, nodes)
		v.drawGroups(body.Cut(left+2, 0, left, body.Height()), s, working, writers, written)
		v.drawGroups(body.Cut(2*left+4, 0, w-2*left-4, body.Height()), s, warnings)
	}
}

// drawActivity draws how much was written in the last minute, a bar a second.
func (v *view) drawActivity(c *canvas.Canvas, s *style.Styles) {
	sample := v.vitals.Sample()
	if sample.Revision == 0 {
		return
	}
	x := c.Text(2, 0, s.Muted, "WRITES")
	most := 10.0 // below that, ups and downs mean nothing
	for _, r := range sample.Rates {
		most = max(most, r)
	}
	rates := sample.Rates
	if room := c.Width() - 40; len(rates) > room {
		rates = rates[len(rates)-max(0, room):]
	}
	x += 3
	for _, r := range rates {
		ink := s.Accent
		if r == 0 {
			ink = s.Rule
		}
		x = c.Text(x, 0, ink, bar(r/most))
	}
	c.Text(x+2, 0, s.Muted, fmt.Sprintf("%.0f/s   at most %.0f/s", sample.Rate, most))
}

// bar is a column of eight heights for a share of one.
func bar(share float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	return string(bars[max(0, min(int(share*float64(len(bars)-1)+0.5), len(bars)-1))])
}

// drawGroups draws groups below each other. Each has room for its heading and an item; what is left goes round to
// those that have more.
func (v *view) drawGroups(c *canvas.Canvas, s *style.Styles, which ...int) {
	which = slices.DeleteFunc(which, func(g int) bool { return v.groups[g].title == "" })
	rows := make([]int, len(which))
	left := c.Height() - len(which) // a blank line after each, none after the last
	for n := range which {
		rows[n] = 2
		left -= rows[n]
	}
	for left > 0 {
		given := false
		for n, g := range which {
			if left > 0 && rows[n] < 1+len(v.groups[g].items) {
				rows[n]++
				left--
				given = true
			}
		}
		if !given {
			break
		}
	}
	y := 0
	for n, g := range which {
		v.drawGroup(c.Cut(0, y, c.Width(), rows[n]), s, v.groups[g])
		y += rows[n] + 1
	}
}

// drawLine draws a group as words after one another, for a narrow screen, and returns the lines that took with a blank one.
func (v *view) drawLine(c *canvas.Canvas, s *style.Styles, g group) int {
	x, y := c.Text(2, 0, s.Heading, g.title)+2, 0
	if len(g.items) == 0 {
		c.Text(x, 0, s.Muted, g.empty)
	}
	for _, it := range g.items {
		text := it.name
		if it.health != screen.Good && it.word != "" {
			text += " " + it.word
		}
		if width := canvas.Width(text) + 2; x+width > c.Width() && x > 4 {
			x, y = 4, y+1
		}
		from := x
		x = c.Text(x, y, it.health.Style(s), it.health.Glyph()+" ")
		x = c.Text(x, y, s.Text, text)
		if it.id == v.cursor {
			c.Paint(from-1, y, x-from+2, s.Selection)
			c.Text(from-1, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
		x += 3
	}
	return y + 2
}

func (v *view) drawGroup(c *canvas.Canvas, s *style.Styles, g group) {
	x := c.Text(2, 0, s.Heading, g.title)
	c.Text(x+2, 0, s.Muted, g.note)
	if len(g.items) == 0 {
		c.Clip(4, 1, c.Width()-4, s.Muted, g.empty)
		return
	}
	name, word := 0, 0
	for _, it := range g.items {
		name, word = max(name, canvas.Width(it.name)), max(word, canvas.Width(it.word))
	}
	name = min(name, c.Width()/2)
	at := -1
	for i, it := range g.items {
		if it.id == v.cursor {
			at = i
		}
	}
	rows := c.Height() - 1
	top := max(0, min(at-rows/2, len(g.items)-rows))
	for y := 1; y <= rows && top+y-1 < len(g.items); y++ {
		it := g.items[top+y-1]
		if it.spark == nil {
			c.Text(2, y, it.health.Style(s), it.health.Glyph())
		}
		c.Clip(4, y, name, s.Text, it.name)
		x := 4 + name + 2
		if word > 0 {
			ink := it.health.Style(s)
			if it.health == screen.Good {
				ink = s.Muted
			}
			c.Right(x+word, y, ink, it.word)
			x += word + 2
		}
		switch {
		case it.spark != nil:
			spark(c.Cut(x, y, c.Width()-x-1, 1), s, it.spark)
		case it.squares != nil:
			squares(c, x, y, s, it.squares)
		default:
			c.Clip(x, y, c.Width()-x-1, s.Muted, it.detail)
		}
		if top+y-1 == at {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
	if n := len(g.items) - rows; n > 0 && at < 0 {
		c.Right(c.Width()-1, 0, s.Muted, fmt.Sprintf("+%d", n))
	}
}

// squares draws a Pod as a square; how it does is told by the square's form too.
func squares(c *canvas.Canvas, x, y int, s *style.Styles, pods []screen.Health) {
	for i, h := range pods {
		if x >= c.Width()-7 && i < len(pods)-1 {
			c.Text(x, y, s.Muted, fmt.Sprintf(" +%d", len(pods)-i))
			return
		}
		glyph := "■"
		switch h {
		case screen.Bad:
			glyph = "✗"
		case screen.Poor:
			glyph = "▲"
		case screen.Busy:
			glyph = "□"
		case screen.Idle:
			glyph = "·"
		}
		x = c.Text(x, y, h.Style(s), glyph)
	}
}

// spark draws a bar for each of the newest counts that there is room for. The bars of all rows have one scale of their
// own: it is the shape that tells.
func spark(c *canvas.Canvas, s *style.Styles, counts []uint32) {
	counts = counts[max(0, len(counts)-c.Width()):]
	most := uint32(4)
	for _, n := range counts {
		most = max(most, n)
	}
	for x, n := range counts {
		ink := s.Accent
		if n == 0 {
			ink = s.Rule
		}
		c.Text(x, 0, ink, bar(float64(n)/float64(most)))
	}
}
