package home

import (
	"fmt"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Where the glyph, the name and the sentence of an item stand.
const (
	glyphAt = 2
	nameAt  = 4
	toldAt  = 6
)

// leastSpark is how many bars tell something.
const leastSpark = 6

// drawWords draws a group as words after one another, and returns the lines that took.
func (v *view) drawWords(c *canvas.Canvas, s *style.Styles, g group) int {
	x, y := c.Text(glyphAt, 0, s.Heading, g.title)+2, 0
	if len(g.items) == 0 {
		c.Text(x, 0, s.Muted, g.empty)
	}
	for i := range g.items {
		it := &g.items[i]
		text := it.name
		if it.health != screen.Good && it.word != "" {
			text += " " + it.word
		}
		if width := canvas.Width(text) + 2; x+width > c.Width() && x > nameAt {
			x, y = nameAt, y+1
		}
		from := x
		x = c.Text(x, y, it.health.Style(s), it.health.Glyph()+" ")
		x = c.Text(x, y, s.Text, text)
		if it.id == v.cursor {
			c.Paint(from-1, y, x-from+2, s.Selection)
			c.Text(from-1, y, cursorInk(s), "▸")
		}
		x += 3
	}
	return y + 1
}

func cursorInk(s *style.Styles) canvas.Style {
	return canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}
}

// drawGroup draws the heading and the items that there is room for, those around the cursor.
func (v *view) drawGroup(c *canvas.Canvas, s *style.Styles, g *group, lines int) {
	x := c.Text(glyphAt, 0, s.Heading, g.title) + 2
	if len(g.items) == 0 {
		c.Text(x, 0, s.Muted, g.note)
		for i, l := range canvas.Wrap(g.empty, c.Width()-nameAt) {
			c.Text(nameAt, 1+i, s.Muted, l)
		}
		return
	}
	name, word, share := 0, 0, 0.4 // of the width, for the names
	for i := range g.items {
		switch {
		case g.items[i].spark != nil:
			share = 0.5
		case g.items[i].told != "":
			share = 0.33
		}
		name, word = max(name, canvas.Width(g.items[i].name)), max(word, canvas.Width(g.items[i].word))
	}
	name = min(name, max(int(share*float64(c.Width())), 14))
	at := -1
	for i := range g.items {
		if g.items[i].id == v.cursor {
			at = i
		}
	}
	top := g.top(at, c.Width(), lines, c.Height()-1)
	y, i := 1, top
	for ; i < len(g.items) && y < c.Height(); i++ {
		it := &g.items[i]
		drawItem(c, y, s, it, name, word, lines)
		if i == at {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, cursorInk(s), "▸")
		}
		y += it.height(c.Width(), lines)
	}
	end := c.Width() - 1
	if n := len(g.items) - i + top; n > 0 {
		end = c.Right(end, 0, s.Muted, fmt.Sprintf("+%d", n)) - 1
	}
	c.Clip(x, 0, end-x, s.Muted, g.note)
}

// top is the first item to be drawn, so that the one at the cursor is in the middle of as many rows where it can be.
func (g *group) top(at, width, lines, rows int) int {
	top, n := 0, 0
	for i := at; i >= 0 && n < (rows+1)/2; i-- {
		top, n = i, n+g.items[i].height(width, lines)
	}
	for ; top > 0; top-- { // up, while all below still fits
		n = 0
		for i := top - 1; i < len(g.items); i++ {
			n += g.items[i].height(width, lines)
		}
		if n > rows {
			break
		}
	}
	return top
}

func drawItem(c *canvas.Canvas, y int, s *style.Styles, it *item, name, word, lines int) {
	ink := it.health.Style(s)
	switch {
	case it.mark == "+":
		c.Text(glyphAt, y, s.Accent, it.mark)
	case it.mark != "":
		c.Text(glyphAt, y, s.Muted, it.mark)
	case it.spark == nil:
		c.Text(glyphAt, y, ink, it.health.Glyph())
	}
	c.Text(nameAt, y, s.Text, canvas.Middle(it.name, name))
	x := nameAt + name + 2
	if word > 0 {
		wordInk := ink
		if it.health == screen.Good {
			wordInk = s.Muted
		}
		c.Right(x+word, y, wordInk, it.word)
		x += word + 2
	}
	room := c.Width() - 1
	if it.news != "" {
		x = c.Text(x, y, ink, canvas.Truncate(it.news, room-x)) + 2
	}
	switch {
	case it.spark != nil && room-x >= leastSpark:
		spark(c.Cut(x, y, room-x, 1), s, it.spark)
		return
	case it.squares != nil:
		squares(c, x, y, s, it.squares)
		return
	case it.detail != "":
		x = c.Text(x, y, s.Muted, canvas.Truncate(it.detail, room-x)) + 2
	}
	if it.told == "" {
		return
	}
	if lines < 2 {
		c.Clip(x, y, room-x, s.Muted, it.told)
		return
	}
	told := canvas.Wrap(it.told, c.Width()-toldAt-1)
	for i, l := range told[:min(len(told), lines-1)] {
		if i == lines-2 && len(told) > lines-1 {
			l = canvas.Truncate(l, c.Width()-toldAt-2) + "…"
		}
		c.Text(toldAt, y+1+i, s.Muted, l)
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
