package traffic

import (
	"fmt"
	"strings"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Widths of columns, in cells.
const (
	stateWidth   = 13
	stickyWidth  = 9
	barWidth     = 20
	pastWidth    = looks - 1
	stickyFrom   = 100
	barsFrom     = 110 // the width of the screen from which there are bars
	addressFrom  = 132
	pastFrom     = 168
	nameAt       = 4
	leastOfNames = 14
)

// columns say where things stand. A column that there is no room for is at 0.
type columns struct {
	name, address, node, state         int // where they begin
	nameWidth, addressWidth, nodeWidth int
	open, sticky, rate, total, share   int // where they end
	bar, past                          int // where they begin
}

// lay divides the width. The numbers and the state have their room, the names get what is left.
func (v *view) lay(width int) columns {
	var c columns
	sticky, number, open := false, 8, 6 // number is the width of RATE, TOTAL and SHARE
	if width < stickyFrom {
		number, open = 7, 5
	} else {
		for i := range v.ports {
			sticky = sticky || v.ports[i].Affinity
		}
	}
	right := width - 1
	if width >= pastFrom {
		right -= pastWidth + 2
		c.past = right + 2
	}
	if width >= barsFrom {
		right -= barWidth + 2
		c.bar = right + 2
	}
	c.share = right
	c.total = c.share - number
	c.rate = c.total - number
	c.open = c.rate - number
	left := c.open - open
	if sticky {
		c.sticky = left
		left -= stickyWidth
	}
	c.state = left - stateWidth
	name, address, node := len("POD"), len("ENDPOINT"), len("NODE")
	for i := range v.ports {
		for j := range v.ports[i].rows {
			r := &v.ports[i].rows[j]
			name, address, node = max(name, canvas.Width(r.name())), max(address, len(r.EndpointTraffic.Address)), max(node, canvas.Width(r.Node))
		}
	}
	room := c.state - 2 - nameAt
	if width >= addressFrom && room-address-2 >= name+2+node {
		c.addressWidth = address
		room -= address + 2
	}
	c.nodeWidth = min(node, max(6, room-2-name))
	c.nameWidth = min(name, room-2-c.nodeWidth)
	if c.nameWidth < leastOfNames {
		c.nodeWidth, c.nameWidth = 0, room
	}
	c.name = nameAt
	x := nameAt + c.nameWidth + 2
	if c.addressWidth > 0 {
		c.address = x
		x += c.addressWidth + 2
	}
	if c.nodeWidth > 0 {
		c.node = x
	}
	return c
}

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if len(v.lines) == 0 {
		switch {
		case v.read && v.filter != "":
			c.Text(2, 1, s.Muted, "Nothing matches the filter.")
		case v.read:
			c.Text(2, 1, s.Muted, "No Service here has a cluster IP: there is nothing to balance.")
		}
		return
	}
	at := v.lay(c.Width())
	at.headings(c, s)
	v.place(c.Height() - 1)
	for y, i := range v.shown {
		if i < 0 {
			continue
		}
		l, y := v.lines[i], y+1
		if l.row == nil {
			v.drawPort(c, y, s, at, l.port)
		} else {
			drawEndpoint(c, y, s, at, l.port, l.row)
		}
		if l.id() == v.cursor {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
}

// place says which line stands where, with the cursor in sight: blank ones between ports where there is room for all.
func (v *view) place(height int) {
	v.shown = v.shown[:0]
	ports := 0
	for _, l := range v.lines {
		if l.row == nil {
			ports++
		}
	}
	if len(v.lines)+ports-1 <= height {
		v.offset = 0
		for i, l := range v.lines {
			if l.row == nil && i > 0 {
				v.shown = append(v.shown, -1)
			}
			v.shown = append(v.shown, i)
		}
		return
	}
	i := max(0, v.index())
	v.offset = max(0, min(v.offset, len(v.lines)-height))
	v.offset = max(min(v.offset, i), i-height+1)
	for i := v.offset; i < min(len(v.lines), v.offset+height); i++ {
		v.shown = append(v.shown, i)
	}
}

func (at columns) headings(c *canvas.Canvas, s *style.Styles) {
	c.Text(nameAt, 0, s.Muted, "SERVICE, POD")
	if at.address > 0 {
		c.Text(at.address, 0, s.Muted, "ENDPOINT")
	}
	if at.node > 0 {
		c.Text(at.node, 0, s.Muted, "NODE")
	}
	c.Text(at.state, 0, s.Muted, "STATE")
	if at.sticky > 0 {
		c.Right(at.sticky, 0, s.Muted, "CLIENTS")
	}
	c.Right(at.open, 0, s.Muted, "OPEN")
	c.Right(at.rate, 0, s.Muted, "RATE")
	c.Right(at.total, 0, s.Muted, "TOTAL")
	c.Right(at.share, 0, s.Muted, "SHARE")
	if at.past > 0 {
		c.Text(at.past, 0, s.Muted, fmt.Sprintf("LAST %.0f s", (pastWidth*period).Seconds()))
	}
}

// drawPort draws a port of a Service: its name, where it is reached, and the sums of its endpoints.
func (v *view) drawPort(c *canvas.Canvas, y int, s *style.Styles, at columns, p *port) {
	health, word := screen.Good, fmt.Sprintf("%d of %d", p.receiving(), len(p.rows))
	switch {
	case p.receiving() == 0:
		health, word = screen.Poor, "none ready: refused"
	case p.receiving() < len(p.rows):
		health = screen.Busy
	}
	c.Text(2, y, health.Style(s), health.Glyph())
	x, end := nameAt, at.state-2
	for _, part := range []struct {
		ink  canvas.Style
		text string
	}{{s.Title, v.service(p)}, {s.Text, p.label()}} {
		if room := end - x; room > 2 {
			x = c.Text(x, y, part.ink, canvas.Truncate(part.text, room)) + 2
		}
	}
	c.Text(x, y, s.Muted, p.reached(end-x))
	ink := s.Muted
	if health != screen.Good {
		ink = health.Style(s)
	}
	c.Text(at.state, y, ink, word)
	if p.receiving() == 0 {
		return
	}
	c.Right(at.open, y, s.Muted, fmt.Sprint(p.open))
	c.Right(at.rate, y, rateInk(s, p.rate), rate(p.rate))
	c.Right(at.total, y, s.Muted, fmt.Sprint(p.total))
}

// label is a port's name and number.
func (p *port) label() string {
	l := fmt.Sprintf("%d/%s", p.Number, p.Protocol)
	if p.Port != "" {
		l = p.Port + " " + l
	}
	return l
}

// reached says where a port is reached and how its connections are spread, as far as there is room for whole words.
func (p *port) reached(room int) string {
	how := "in turn"
	if p.Affinity {
		how = "clients stay"
	}
	parts := []string{p.Address, how}
	if p.NodePort != 0 {
		parts = append(parts, fmt.Sprintf("node port %d", p.NodePort))
	}
	text := ""
	for i, part := range parts {
		if i > 0 {
			part = " · " + part
		}
		if canvas.Width(text+part) > room {
			break
		}
		text += part
	}
	return text
}

func drawEndpoint(c *canvas.Canvas, y int, s *style.Styles, at columns, p *port, r *row) {
	health, word := screen.Good, string(r.State)
	switch {
	case r.State == cluster.EndpointTerminating:
		health = screen.Busy
	case r.State != cluster.EndpointReady:
		health = screen.Poor
	}
	name := s.Text
	if !r.Receives {
		name = s.Muted
	}
	c.Clip(at.name, y, at.nameWidth, name, r.name())
	if at.address > 0 {
		c.Clip(at.address, y, at.addressWidth, s.Muted, r.EndpointTraffic.Address)
	}
	if at.node > 0 {
		c.Clip(at.node, y, at.nodeWidth, s.Muted, r.Node)
	}
	ink := health.Style(s)
	c.Text(at.state, y, ink, health.Glyph())
	if r.Next {
		word, ink = "next", s.Key
	} else if health == screen.Good {
		ink = s.Muted
	}
	c.Text(at.state+2, y, ink, word)
	if at.sticky > 0 && r.Sessions > 0 {
		c.Right(at.sticky, y, s.Text, fmt.Sprint(r.Sessions))
	}
	if !r.Receives && r.Total == 0 {
		return
	}
	c.Right(at.open, y, numberInk(s, r.Open), fmt.Sprint(r.Open))
	c.Right(at.rate, y, rateInk(s, r.rate), rate(r.rate))
	total := numberInk(s, r.Total)
	if r.fresh {
		total = s.Fading
	}
	c.Right(at.total, y, total, fmt.Sprint(r.Total))
	c.Right(at.share, y, numberInk(s, r.Total), fmt.Sprintf("%.1f%%", r.share*100))
	if at.bar > 0 {
		filled := int(r.part*barWidth + 0.5)
		c.Text(at.bar, y, s.Accent, strings.Repeat("■", filled))
		c.Text(at.bar+filled, y, s.Rule, strings.Repeat("·", barWidth-filled))
	}
	if at.past > 0 {
		drawPast(c, at.past, y, s, r.past, p.most)
	}
}

// drawPast draws a bar for each look, the newest at the right; most is what the highest one stands for.
func drawPast(c *canvas.Canvas, x, y int, s *style.Styles, past []int64, most int64) {
	bars := []rune("▁▂▃▄▅▆▇█")
	x += pastWidth - len(past)
	for i, n := range past {
		ink := s.Accent
		if n == 0 {
			ink = s.Rule
		}
		c.Text(x+i, y, ink, string(bars[int(n*int64(len(bars)-1)/most)]))
	}
}

func rate(r float64) string {
	if r > 0 && r < 10 {
		return fmt.Sprintf("%.1f/s", r)
	}
	return fmt.Sprintf("%.0f/s", r)
}

// numberInk lets the eye pass over what is nothing.
func numberInk(s *style.Styles, n int64) canvas.Style {
	if n == 0 {
		return s.Muted
	}
	return s.Text
}

func rateInk(s *style.Styles, r float64) canvas.Style {
	if r > 0 {
		return s.Accent
	}
	return s.Muted
}

func (v *view) service(p *port) string {
	if v.of.Namespace == "" {
		return p.Namespace + "/" + p.Service
	}
	return p.Service
}
