package manage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Draw implements screen.Screen.
func (v *overview) Draw(full *canvas.Canvas) {
	s := v.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	if v.data == nil {
		text := "asking etcd …"
		if v.err != nil {
			text = "✗ " + screen.Reason(v.err)
		}
		c.Clip(0, 0, c.Width(), s.Muted, text)
		return
	}
	h := min(len(v.data.Members), max(3, c.Height()/3)) + 1
	v.drawMembers(c.Cut(0, 0, c.Width(), h), s)
	body := c.Cut(0, h+1, c.Width(), c.Height()-h-1)
	switch {
	case c.Width() >= sideBySide:
		w := c.Width() * 2 / 3
		v.drawGoing(body.Cut(0, 0, w-3, body.Height()), s)
		right := body.Cut(w, 0, c.Width()-w, body.Height())
		up := min(max(4, len(v.fills.list)+1), right.Height()*2/3)
		v.drawFills(right.Cut(0, 0, right.Width(), up), s)
		v.drawLeases(right.Cut(0, up+1, right.Width(), right.Height()-up-1), s)
	case c.Width() >= withFills && body.Height() >= 20:
		up := body.Height() * 3 / 5
		v.drawGoing(body.Cut(0, 0, c.Width(), up), s)
		half := c.Width() / 2
		v.drawFills(body.Cut(0, up+1, half-2, body.Height()-up-1), s)
		v.drawLeases(body.Cut(half+1, up+1, c.Width()-half-1, body.Height()-up-1), s)
	default:
		y := v.drawSpace(body, s) + 1
		up := max(4, (body.Height()-y)*3/5)
		v.drawWrites(body.Cut(0, y, c.Width(), up-1), s)
		v.drawLeases(body.Cut(0, y+up, c.Width(), body.Height()-y-up), s)
	}
}

const (
	// sideBySide is the width from which what fills the database and the leases stand beside what goes on in it, withFills
	// that from which there is room for what fills it at all.
	sideBySide = 150
	withFills  = 100
)

// drawGoing draws what goes on: space, its growth, and the writes.
func (v *overview) drawGoing(c *canvas.Canvas, s *style.Styles) {
	y := v.drawSpace(c, s) + 1
	if rest := c.Height() - y; rest >= 20 {
		h := min(8, rest/4)
		v.drawGrowth(c.Cut(0, y, c.Width(), h), s)
		y += h + 1
	}
	v.drawWrites(c.Cut(0, y, c.Width(), c.Height()-y), s)
}

// drawMembers draws a line for each member. Where there is little room, what Raft counts gives way first.
func (v *overview) drawMembers(c *canvas.Canvas, s *style.Styles) {
	wide, widest := c.Width() >= 112, c.Width() >= 130
	v.grid.Columns = []grid.Column{{Head: "  MEMBER", Wide: true}, {Head: "ROLE"}, {Head: "VERSION"}}
	if widest {
		v.grid.Columns = append(v.grid.Columns, grid.Column{Head: "STORAGE"})
	}
	v.grid.Columns = append(v.grid.Columns, grid.Column{Head: "SIZE", Right: true}, grid.Column{Head: "IN USE", Right: true})
	if wide {
		v.grid.Columns = append(v.grid.Columns, grid.Column{Head: "QUOTA", Right: true}, grid.Column{Head: "FREE", Right: true}, grid.Column{Head: "TERM", Right: true},
			grid.Column{Head: "INDEX", Right: true}, grid.Column{Head: "APPLIED", Right: true})
	}
	v.grid.Columns = append(v.grid.Columns, grid.Column{Head: "LAG", Right: true}, grid.Column{Head: "LATENCY", Right: true}, grid.Column{Head: "STATE"})
	v.grid.Draw(c, s, len(v.data.Members), func(i int) []grid.Cell { return v.memberCells(&v.data.Members[i], wide, widest) }, true)
}

// complaints are what a member says is wrong, without the IDs of those that raised an alarm: each member tells of all.
func complaints(errs []string) []string {
	var list []string
	for _, e := range errs {
		if _, alarm, ok := strings.Cut(e, "alarm:"); ok {
			e = strings.TrimSpace(alarm)
		}
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

func (v *overview) memberCells(m *etcdview.Member, wide, widest bool) []grid.Cell {
	state, role, text := screen.Good, "follower", "healthy"
	switch {
	case m.Name == "": // it was added, and has yet to join
		state, role, text = screen.Unknown, "", "not started"
	case m.Err != "":
		state, role, text = screen.Bad, "", "no answer: "+m.Err
	case m.Leader:
		role = "leader"
	case m.Learner:
		role = "learner"
	}
	if len(m.Errors) > 0 {
		state, text = screen.Poor, strings.Join(complaints(m.Errors), ", ")
	}
	name := m.Name
	if name == "" {
		name = m.ID
	}
	ink := func(s *style.Styles) canvas.Style { return state.Style(s) }
	cells := []grid.Cell{{Text: state.Glyph() + " " + name, Ink: ink}, {Text: role}, {Text: m.Version}}
	if widest {
		storage := m.StorageVersion
		if storage == "" && m.Err == "" { // before 3.6 it is not told
			storage = "-"
		}
		cells = append(cells, grid.Cell{Text: storage})
	}
	numbers := []string{etcdview.Size(m.Size), etcdview.Size(m.InUse)}
	if wide {
		quota := "-"
		if m.Quota > 0 {
			quota = etcdview.Size(m.Quota)
		}
		numbers = append(numbers, quota, fmt.Sprintf("%.0f %%", 100*m.Fragmentation()), grid.Thousands(int64(m.Term)), grid.Thousands(int64(m.Index)), grid.Thousands(int64(m.Applied)))
	}
	numbers = append(numbers, grid.Thousands(int64(v.data.Lag(m))), m.Latency.Round(10*time.Microsecond).String())
	if m.Err != "" {
		for i := range numbers {
			numbers[i] = ""
		}
	}
	return append(append(cells, grid.Plain(numbers...)...), grid.Cell{Text: text, Ink: ink})
}

// drawSpace draws the space, the revision and the alarms, and returns the next line.
func (v *overview) drawSpace(c *canvas.Canvas, s *style.Styles) int {
	m, y := largest(v.data), 0
	const label = 10
	c.Text(0, y, s.Heading, "SPACE")
	x := label
	if m.Quota > 0 {
		used := float64(m.Size) / float64(m.Quota)
		state := screen.Good
		switch {
		case used > 0.95:
			state = screen.Bad
		case used > 0.8:
			state = screen.Poor
		}
		const cells = 20
		n := min(cells, int(used*cells+0.999))
		x = c.Text(x, y, state.Style(s), strings.Repeat("■", n))
		x = c.Text(x, y, s.Muted, strings.Repeat("□", cells-n))
		x = c.Text(x+1, y, s.Text, fmt.Sprintf("%s of %s, %.1f %%", etcdview.Size(m.Size), etcdview.Size(m.Quota), 100*used)) + 2
	} else {
		x = c.Text(x, y, s.Text, etcdview.Size(m.Size)) + 2
	}
	x = c.Text(x, y, s.Muted, fmt.Sprintf("%.0f %% free within", 100*m.Fragmentation())) + 2
	c.Clip(x, y, c.Width()-x, s.Muted, v.growth(m))
	y++
	c.Text(0, y, s.Heading, "REVISION")
	text := grid.Thousands(v.data.Revision)
	if v.data.CompactRevision > 0 {
		text += ", kept from " + grid.Thousands(v.data.CompactRevision)
	}
	c.Clip(label, y, c.Width()-label, s.Text, text)
	y++
	c.Text(0, y, s.Heading, "ALARMS")
	x = label
	if len(v.data.Alarms) == 0 {
		c.Text(x, y, s.Muted, "none")
	}
	for _, a := range v.data.Alarms {
		x = c.Text(x, y, s.Error, "✗ "+a.Type+" ("+v.data.NameOf(a.Member)+")") + 2
	}
	if len(v.data.Alarms) > 0 && v.data.Alarms[0].Type == "NOSPACE" {
		c.Clip(x, y, c.Width()-x, s.Warn, "nothing can be written: R compacts, defragments, disarms; s says what fills it")
	}
	return y + 1
}

func (v *overview) drawLeases(c *canvas.Canvas, s *style.Styles) {
	x := c.Text(0, 0, s.Heading, "LEASES")
	c.Text(x+2, 0, s.Muted, grid.Thousands(int64(v.all))+", l lists them")
	passed := v.scope.Now().Sub(v.read)
	body := c.Cut(0, 1, c.Width(), c.Height()-1)
	for i := 0; i < body.Height() && i < len(v.leases); i++ {
		l := v.leases[i]
		body.Right(9, i, s.Text, remaining(l, passed).String())
		body.Text(10, i, s.Muted, "of "+(time.Duration(l.TTL)*time.Second).String())
		body.Clip(22, i, body.Width()-22, s.Text, keysOf(l))
	}
}

// remaining is what is left of a lease some time after it was asked for.
func remaining(l etcdview.Lease, passed time.Duration) time.Duration {
	return max(0, time.Duration(l.Remaining)*time.Second-passed.Truncate(time.Second))
}

func keysOf(l etcdview.Lease) string {
	switch n := len(l.Keys); n {
	case 0:
		return "no keys"
	case 1:
		return l.Keys[0]
	default:
		return fmt.Sprintf("%s  +%d", l.Keys[0], n-1)
	}
}

func (v *overview) drawWrites(c *canvas.Canvas, s *style.Styles) {
	x := c.Text(0, 0, s.Heading, "WRITES")
	if v.meter == nil {
		c.Clip(0, 1, c.Width(), s.Muted, "not counted: w has every change sent here, W watches a part of the store")
		return
	}
	now := v.scope.Now()
	_, total := v.meter.top(byResource, now)
	x = c.Text(x+2, 0, s.Text, fmt.Sprintf("%.1f/s", float64(total)/span))
	x = c.Text(x+2, 0, s.Muted, "last 60 s")
	up, last := 1, v.meter.perSecond(now, span)
	if c.Height() >= 20 {
		up = 1 + min(6, c.Height()/4)
		drawBars(c.Cut(0, 1, c.Width(), up-1), s, last, 0)
		up++
	} else {
		drawBars(c.Cut(x+2, 0, max(0, c.Width()-x-2), 1), s, last, 0)
	}
	n := max(1, min(int(dimensions), c.Width()/32))
	width := c.Width() / n
	for i := range n {
		d := (v.by + dimension(i)) % dimensions
		list, _ := v.meter.top(d, now)
		drawTop(c.Cut(i*width, up, width-2, c.Height()-up), s, d.String(), list)
	}
}

// perSecond is a count of the last minute as a rate.
func perSecond(n int64) string {
	if n < span {
		return fmt.Sprintf("%.2f/s", float64(n)/span)
	}
	return fmt.Sprintf("%.1f/s", float64(n)/span)
}

// drawTop draws the largest counts, per second, with a bar each.
func drawTop(c *canvas.Canvas, s *style.Styles, head string, list []counted) {
	c.Text(0, 0, s.Muted, head)
	for i, n := range list {
		if i+1 >= c.Height() {
			return
		}
		const bar = 6
		width := c.Width() - bar - 8
		name := n.name
		if canvas.Width(name) > width && strings.Contains(name, "/") {
			name = "…" + string([]rune(name)[max(0, len([]rune(name))-width+1):])
		}
		c.Clip(0, i+1, width, s.Text, name)
		c.Right(width+7, i+1, s.Text, perSecond(n.n))
		c.Text(width+8, i+1, s.Accent, strings.Repeat("■", max(1, int(n.n*bar/list[0].n))))
	}
}
