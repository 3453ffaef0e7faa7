package rollouts

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// turnover is how old Pods gave way to new ones since the rollout was first seen, a sample a second.
type turnover struct {
	from    time.Time
	samples []turn
	done    bool
	took    time.Duration
}

// turn is how many Pods there were of each sort.
type turn struct{ ready, starting, old int32 }

// maxTurns bounds what is remembered: an hour.
const maxTurns = 3600

// see takes the rollout as it is at a time.
func (t *turnover) see(p *rollout.Progress, now time.Time) {
	if !p.Synced {
		return
	}
	switch {
	case p.Done && (t.done || len(t.samples) == 0):
		return
	case !p.Done && (t.done || len(t.samples) == 0): // a rollout begins, or is there when the screen is opened
		*t = turnover{from: now}
	}
	var at turn
	for _, pod := range p.Pods {
		switch {
		case pod.Deleting:
		case !pod.New:
			at.old++
		case pod.Ready:
			at.ready++
		default:
			at.starting++
		}
	}
	n := min(int(now.Sub(t.from)/time.Second)+1, maxTurns)
	for len(t.samples) < n-1 { // nothing happened meanwhile
		t.samples = append(t.samples, t.samples[len(t.samples)-1])
	}
	if len(t.samples) < n {
		t.samples = append(t.samples, at)
	} else {
		t.samples[n-1] = at
	}
	if p.Done {
		t.done, t.took = true, now.Sub(t.from)
	}
}

// words say how long a rollout took that was seen to end.
func (t *turnover) words() string {
	if !t.done {
		return ""
	}
	return fmt.Sprintf(" in %s", t.took.Round(time.Second))
}

// The bars of a turnover, from the bottom up. Their forms tell them apart without colour.
const (
	barReady    = "█"
	barStarting = "▒"
	barOld      = "░"
)

// most is how many Pods there were at once, or may be.
func (t *turnover) most(p *rollout.Progress) int {
	most := max(1, p.Desired+p.MaxSurge)
	for _, n := range t.samples {
		most = max(most, n.ready+n.starting+n.old)
	}
	return int(most)
}

// rows is how many rows tell the turnover: one for each Pod where they are few.
func (t *turnover) rows(p *rollout.Progress) int { return min(max(3, t.most(p)), 13) }

// draw draws the turnover as columns, the newest at the right; where there are more seconds than columns, a column is
// several seconds.
func (t *turnover) draw(c *canvas.Canvas, s *style.Styles, p *rollout.Progress, now time.Time) {
	if len(t.samples) == 0 || c.Height() < 4 || c.Width() < 30 {
		return
	}
	x := c.Text(0, 0, s.Muted, "TURNOVER  ")
	const legend = len("x ready  x starting  x old")
	since := "so far " + duration.HumanDuration(now.Sub(t.from))
	if x+len(since)+2+legend > c.Width() {
		since = duration.HumanDuration(now.Sub(t.from))
	}
	if t.done {
		since = fmt.Sprintf("took %s", t.took.Round(time.Second))
	}
	x = c.Text(x, 0, s.Text, since+"  ")
	for _, l := range []struct {
		bar, what string
		ink       canvas.Style
	}{{barReady, "ready", s.OK}, {barStarting, "starting", s.Info}, {barOld, "old", s.Muted}} {
		if x+canvas.Width(l.what)+4 > c.Width() {
			break
		}
		x = c.Text(x, 0, l.ink, l.bar+" ")
		x = c.Text(x, 0, s.Muted, l.what+"  ")
	}
	rows := c.Height() - 1
	label := fmt.Sprintf(" ◂ %d wanted", p.Desired)
	width := c.Width() - canvas.Width(label) - 1
	most := float64(t.most(p))
	per := (len(t.samples) + width - 1) / width
	for col := 0; col*per < len(t.samples); col++ {
		n := t.samples[min((col+1)*per, len(t.samples))-1]
		for row := range rows {
			level := (float64(row) + 0.5) / float64(rows) * most
			bar, ink := "", s.Muted
			switch {
			case level < float64(n.ready):
				bar, ink = barReady, s.OK
			case level < float64(n.ready+n.starting):
				bar, ink = barStarting, s.Info
			case level < float64(n.ready+n.starting+n.old):
				bar, ink = barOld, s.Muted
			}
			if bar != "" {
				c.Text(col, c.Height()-1-row, ink, bar)
			}
		}
	}
	at := c.Height() - 1 - min(int(float64(p.Desired)/most*float64(rows)), rows-1)
	c.Text(min(width, (len(t.samples)+per-1)/per), at, s.Muted, label)
}
