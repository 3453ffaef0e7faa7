package pager

import (
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// Draw draws the lines in sight, with a bar at the right where there are more.
func (p *Pager) Draw(c *canvas.Canvas, s *style.Styles) {
	p.height = c.Height()
	text := c
	if p.Len() > c.Height() {
		text = c.Cut(0, 0, c.Width()-2, c.Height())
	}
	if p.follow {
		p.top = p.lastTop(text)
	}
	p.clamp()
	y := 0
	i := p.top
	for ; i < p.Len() && y < text.Height(); i++ {
		y += p.drawLine(text, y, p.Line(i), s)
	}
	if p.Len() > c.Height() {
		drawBar(c, s, p.top, i-p.top, p.Len())
	}
}

// lastTop is the first line in sight when the end is.
func (p *Pager) lastTop(c *canvas.Canvas) int {
	if !p.wrap {
		return max(0, p.Len()-c.Height())
	}
	room := c.Height()
	for i := p.Len() - 1; i >= 0; i-- {
		if room -= rows(p.Line(i), c.Width()); room < 0 {
			return min(i+1, p.Len()-1)
		}
	}
	return 0
}

func rows(l Line, width int) int {
	return max(1, (canvas.Width(l.String())+width-1)/max(1, width))
}

// drawLine draws one line and returns how many rows it took.
func (p *Pager) drawLine(c *canvas.Canvas, y int, l Line, s *style.Styles) int {
	w := c.Width()
	if !p.wrap {
		p.drawRow(c, y, -p.left, l, s)
		return 1
	}
	n := rows(l, w)
	for row := range n {
		p.drawRow(c, y+row, -row*w, l, s)
	}
	return n
}

func (p *Pager) drawRow(c *canvas.Canvas, y, x int, l Line, s *style.Styles) {
	from := x
	for _, span := range l {
		ink := span.Ink
		if ink == nil {
			ink = Text
		}
		x = c.Text(x, y, ink(s), span.Text)
	}
	if p.match == nil {
		return
	}
	text := l.String()
	for _, m := range p.match.FindAllStringIndex(text, -1) {
		c.Paint(from+canvas.Width(text[:m[0]]), y, canvas.Width(text[m[0]:m[1]]), s.Match)
	}
}

// drawBar draws how much of the whole is in sight, and where.
func drawBar(c *canvas.Canvas, s *style.Styles, top, seen, all int) {
	h := c.Height()
	size := max(1, seen*h/all)
	at := 0
	if all > seen {
		at = min(top*(h-size)/(all-seen), h-size)
	}
	for y := range h {
		mark, ink := "│", s.Rule
		if y >= at && y < at+size {
			mark, ink = "┃", s.Muted
		}
		c.Text(c.Width()-1, y, ink, mark)
	}
}
