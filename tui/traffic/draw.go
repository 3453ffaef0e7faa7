package traffic

import (
	"fmt"
	"strings"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
)

const (
	barWidth     = 20  // cells of a port's whole traffic
	barsFrom     = 130 // the width from which there is room for bars
	numbersWidth = 32
	narrowWidth  = 100
)

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if v.read && len(v.rows) == 0 {
		c.Text(2, 1, s.Muted, "No Service here has a cluster IP: there is nothing to balance.")
		return
	}
	if len(v.rows) == 0 {
		return
	}
	narrow := c.Width() < narrowWidth // the Pod's name stands for its address then
	service, port, endpoint, pod := len("SERVICE"), len("PORT"), len("ENDPOINT"), len("POD")
	for _, r := range v.rows {
		service, port = max(service, canvas.Width(v.service(r))), max(port, canvas.Width(r.portName(narrow)))
		endpoint, pod = max(endpoint, canvas.Width(r.endpointName(narrow))), max(pod, canvas.Width(r.pod))
	}
	if narrow {
		pod = -2
	}
	// From the right: share, total, rate, open; the names get what is left.
	room := c.Width() - numbersWidth - 5
	if c.Width() >= barsFrom {
		room -= barWidth + 2
	}
	for _, w := range []struct {
		width *int
		least int
	}{{&pod, 12}, {&service, 12}, {&port, 9}, {&endpoint, 15}} {
		if over := service + port + endpoint + pod + 6 - room; over > 0 {
			*w.width = max(min(*w.width, w.least), *w.width-over)
		}
	}
	serviceAt := 4
	portAt := serviceAt + service + 2
	endpointAt := portAt + port + 2
	podAt := endpointAt + endpoint + 2
	openAt := podAt + pod + 6
	rateAt, totalAt, shareAt := openAt+8, openAt+17, openAt+26
	c.Text(serviceAt, 0, s.Muted, "SERVICE")
	c.Text(portAt, 0, s.Muted, "PORT")
	c.Text(endpointAt, 0, s.Muted, "ENDPOINT")
	if !narrow {
		c.Text(podAt, 0, s.Muted, "POD")
	}
	c.Right(openAt, 0, s.Muted, "OPEN")
	c.Right(rateAt, 0, s.Muted, "RATE")
	c.Right(totalAt, 0, s.Muted, "TOTAL")
	c.Right(shareAt, 0, s.Muted, "SHARE")
	v.scroll(c.Height() - 1)
	for y := 1; y < c.Height() && v.offset+y-1 < len(v.rows); y++ {
		i := v.offset + y - 1
		r := v.rows[i]
		health := screen.Good
		if r.endpoint == "" {
			health = screen.Poor
		}
		c.Text(2, y, health.Style(s), health.Glyph())
		if i == v.offset || !r.samePort(v.rows[i-1]) { // said once for all endpoints of a port
			c.Clip(serviceAt, y, service, s.Text, v.service(r))
			c.Clip(portAt, y, port, s.Text, r.portName(narrow))
		}
		if r.endpoint == "" {
			c.Clip(endpointAt, y, c.Width()-endpointAt-1, s.Warn, "no ready endpoint: connections are refused")
		} else {
			c.Clip(endpointAt, y, endpoint, s.Muted, r.endpointName(narrow))
			if !narrow {
				c.Clip(podAt, y, pod, s.Text, r.pod)
			}
			c.Right(openAt, y, s.Text, fmt.Sprint(r.open))
			ink := s.Muted
			if r.rate > 0 {
				ink = s.Accent
			}
			c.Right(rateAt, y, ink, fmt.Sprintf("%.0f/s", r.rate))
			c.Right(totalAt, y, s.Text, fmt.Sprint(r.total))
			c.Right(shareAt, y, s.Text, fmt.Sprintf("%.1f %%", r.share*100))
			if c.Width() >= barsFrom {
				filled := int(r.share*barWidth + 0.5)
				c.Text(shareAt+2, y, s.Accent, strings.Repeat("■", filled))
				c.Text(shareAt+2+filled, y, s.Muted, strings.Repeat("·", barWidth-filled))
			}
		}
		if r.id == v.cursor {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
}

// scroll keeps the cursor in sight. It changes nothing but where the drawing begins.
func (v *view) scroll(height int) {
	i := max(0, v.index())
	v.offset = max(0, min(v.offset, len(v.rows)-height))
	v.offset = max(min(v.offset, i), i-height+1)
}

func (v *view) service(r row) string {
	if v.of.Namespace == "" {
		return r.namespace + "/" + r.service
	}
	return r.service
}

func (r row) portName(narrow bool) string {
	p := fmt.Sprintf("%d/%s", r.number, r.protocol)
	if r.port != "" && !narrow {
		p = r.port + " " + p
	}
	return p
}

func (r row) endpointName(narrow bool) string {
	if narrow && r.pod != "" {
		return r.pod
	}
	return r.endpoint
}

func (r row) samePort(o row) bool {
	a, b := r.id, o.id
	a.endpoint, b.endpoint = "", ""
	return a == b
}
