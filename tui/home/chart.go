package home

import (
	"fmt"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// calm is how many writes a second the scale of the chart has at least: below that, ups and downs mean nothing.
const calm = 10

// writesGroup is how much was written in the last minute: one item, which the changes as they happen are behind.
func (v *view) writesGroup() group {
	sample := v.vitals.Sample()
	if sample.Revision == 0 {
		return group{}
	}
	it := item{id: "writes", health: screen.Good, name: titleWrites}
	if v.scope.Handles(access.Changes{}) {
		it.open = access.Changes{Prefixes: []string{access.Root(v.scope)}}
	}
	return group{title: titleWrites, items: []item{it}}
}

// scale is how much a second the highest bar stands for.
func (v *view) scale() float64 {
	top := float64(calm)
	for _, r := range v.vitals.Sample().Rates {
		top = max(top, r)
	}
	return top
}

func (v *view) rateText() string {
	return fmt.Sprintf("%.0f/s   at most %.0f/s", v.vitals.Sample().Rate, v.scale())
}

// drawWritesLine draws the last minute in a line, a bar a second, and returns the lines that took.
func (v *view) drawWritesLine(c *canvas.Canvas, y int, s *style.Styles) int {
	if v.groups[writes].title == "" {
		return 0
	}
	x := c.Text(glyphAt, y, s.Heading, titleWrites) + 2
	text := v.rateText()
	rates := v.vitals.Sample().Rates
	if room := c.Width() - x - canvas.Width(text) - 4; len(rates) > room {
		rates = rates[len(rates)-max(0, room):]
	}
	top := v.scale()
	for _, r := range rates {
		ink := s.Accent
		if r == 0 {
			ink = s.Rule
		}
		x = c.Text(x, y, ink, bar(r/top))
	}
	c.Right(c.Width()-1, y, s.Muted, text)
	v.markWrites(c, y, s)
	return 1
}

func (v *view) markWrites(c *canvas.Canvas, y int, s *style.Styles) {
	if v.cursor == v.groups[writes].items[0].id {
		c.Paint(0, y, c.Width(), s.Selection)
		c.Text(0, y, cursorInk(s), "▸")
	}
}

// drawChart draws the last minute as a chart so many lines high below its heading, and returns the lines that took with a blank one.
func (v *view) drawChart(c *canvas.Canvas, s *style.Styles, high int) int {
	if v.groups[writes].title == "" {
		return 0
	}
	rates := v.vitals.Sample().Rates
	x := c.Text(glyphAt, 0, s.Heading, titleWrites)
	c.Text(x+2, 0, s.Muted, v.rateText()+"   last 60 s")
	v.markWrites(c, 0, s)
	room := c.Width() - nameAt - 1
	wide := max(1, room/seconds) // of a bar
	rates = rates[max(0, len(rates)-room/wide):]
	top := v.scale()
	bars := min(seconds, room/wide)
	for i := range bars {
		share := 0.0
		if at := i - bars + len(rates); at >= 0 {
			share = rates[at] / top
		}
		drawBar(c.Cut(nameAt+i*wide, 1, wide, high), s, share)
	}
	return high + 2
}

// seconds is how far back the chart goes.
const seconds = 60

// drawBar draws a share of one as a bar from the ground up, as wide as the canvas.
func drawBar(c *canvas.Canvas, s *style.Styles, share float64) {
	eighths := int(share*float64(8*c.Height()) + 0.5)
	for y := c.Height() - 1; y >= 0; y-- {
		n := max(0, min(eighths-8*(c.Height()-1-y), 8))
		ink, cell := s.Accent, string([]rune(" ▁▂▃▄▅▆▇█")[n])
		if n == 0 && y == c.Height()-1 {
			ink, cell = s.Rule, "▁"
		}
		for x := range c.Width() {
			c.Text(x, y, ink, cell)
		}
	}
}

// bar is a column of eight heights for a share of one.
func bar(share float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	return string(bars[max(0, min(int(share*float64(len(bars)-1)+0.5), len(bars)-1))])
}
