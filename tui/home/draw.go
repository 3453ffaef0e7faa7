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
	name, word, detail, share := 0, 0, 0, 0.4 // of the width, for the names
	for i := range g.items {
		it := &g.items[i]
		switch {
		case it.spark != nil:
			share = 0.5
		case it.told != "":
			share = 0.33
		}
		name, word = max(name, canvas.Width(it.name)), max(word, canvas.Width(it.word))
		detail = max(detail, canvas.Width(it.news)+2+canvas.Width(it.detail))
	}
	least := max(int(share*float64(c.Width())), 14)
	if share == 0.4 { // and what the others leave
		least = max(least, c.Width()-nameAt-2-word-2-detail-1)
	}
	name = min(name, least)
	uses := g.uses(c.Width())
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
		v.drawItem(c, y, s, it, row{name: name, word: word, uses: uses, lines: lines})
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
	if uses {
		at := nameAt + name + 2
		if word > 0 {
			at += word + 2
		}
		if x < at+useColumn-3 {
			drawUseHeads(c, at, s)
			x = max(x, at+useWidth+2)
		}
	}
	c.Text(x, 0, s.Muted, canvas.Parts(g.note, end-x))
}

// row is how the items of a group are drawn: the widths of their names and words, whether nodes say what they use, and how many
// lines each may take.
type row struct {
	name, word int
	uses       bool
	lines      int
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

func (v *view) drawItem(c *canvas.Canvas, y int, s *style.Styles, it *item, r row) {
	ink := it.health.Style(s)
	switch {
	case it.mark == "+":
		c.Text(glyphAt, y, s.Accent, it.mark)
	case it.mark != "":
		c.Text(glyphAt, y, s.Muted, it.mark)
	case it.spark == nil:
		c.Text(glyphAt, y, ink, it.health.Glyph())
	}
	c.Text(nameAt, y, s.Text, canvas.Middle(it.name, r.name))
	x := nameAt + r.name + 2
	if r.word > 0 {
		wordInk := ink
		if it.health == screen.Good {
			wordInk = s.Muted
		}
		c.Right(x+r.word, y, wordInk, it.word)
		x += r.word + 2
	}
	if r.uses {
		if it.use != nil {
			it.use.draw(c, x, y, s)
		}
		x += useWidth + 2
	}
	room := c.Width() - 1
	if it.news != "" {
		x = c.Text(x, y, ink, canvas.Truncate(it.news, room-x)) + 2
	}
	switch {
	case it.spark != nil && room-x >= leastSpark:
		spark(c.Cut(x, y, room-x, 1), s, it.spark, v.scope.Now().Unix())
		return
	case it.squares != nil:
		squares(c, x, y, s, it.squares)
		return
	case it.detail != "":
		x = c.Text(x, y, s.Muted, canvas.Parts(it.detail, room-x)) + 2
	}
	if it.told == "" {
		return
	}
	if r.lines < 2 {
		c.Clip(x, y, room-x, s.Muted, it.told)
		return
	}
	told := canvas.Wrap(it.told, c.Width()-toldAt-1)
	for i, l := range told[:min(len(told), r.lines-1)] {
		if i == r.lines-2 && len(told) > r.lines-1 {
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

// spark draws counts, one a second and the last one's second given, as bars: of several seconds each where there is not room for one of
// each. The bars of a row have a scale of their own: it is the shape that tells.
func spark(c *canvas.Canvas, s *style.Styles, counts []uint32, now int64) {
	per := int64(max(1, (len(counts)+c.Width()-1)/max(1, c.Width())))
	var bars []float64 // the mean of each
	last, n := int64(-1), 0.0
	for i, count := range counts {
		// Bars begin where a clock's would, so that they keep their shape as time goes on.
		if at := (now - int64(len(counts)-1-i)) / per; at != last {
			last, n = at, 0
			bars = append(bars, 0)
		}
		b := &bars[len(bars)-1]
		*b = (*b*n + float64(count)) / (n + 1)
		n++
	}
	bars = bars[max(0, len(bars)-c.Width()):]
	most := 4.0
	if per > 1 {
		most = 1
	}
	for _, b := range bars {
		most = max(most, b)
	}
	for x, b := range bars {
		ink := s.Accent
		if b == 0 {
			ink = s.Rule
		}
		c.Text(x, 0, ink, bar(b/most))
	}
}
