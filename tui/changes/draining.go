package changes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/drain"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

const actStop key.Action = "stop"

func drainKeys() key.Table {
	return key.Table{
		{Action: actStop, Keys: []string{"ctrl+d"}, Hint: "stop", Help: "stop the drain: what is leaving leaves, the node stays cordoned", Group: "Change"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
	}
}

// drainView shows a drain as it goes: what hangs first.
type drainView struct {
	scope *screen.Scope
	d     *draining
	pods  []drain.Pod
	top   int
	ended time.Time
}

var (
	_ screen.Screen  = (*drainView)(nil)
	_ screen.Ticker  = (*drainView)(nil)
	_ screen.Pointer = (*drainView)(nil)
)

func openDraining(s *screen.Scope, r Draining) (screen.Screen, error) {
	d := tabOf(s).drains[r.Name]
	if d == nil {
		return nil, fmt.Errorf("%s was not drained from here: r on the node drains it", r.Name)
	}
	v := &drainView{scope: s, d: d}
	v.refresh()
	s.Live(d.run.Changed(), v.refresh)
	return v, nil
}

var drainOrder = []drain.State{drain.Failed, drain.Held, drain.Leaving, drain.Waiting, drain.Gone}

func (v *drainView) refresh() {
	v.pods = v.d.run.Pods()
	slices.SortStableFunc(v.pods, func(a, b drain.Pod) int { return slices.Index(drainOrder, a.State) - slices.Index(drainOrder, b.State) })
	if v.over() && v.ended.IsZero() {
		v.ended = v.scope.Now()
	}
}

// Tick implements screen.Ticker.
func (v *drainView) Tick() { v.refresh() }

func (v *drainView) over() bool {
	select {
	case <-v.d.run.Done():
		return true
	default:
		return false
	}
}

func (v *drainView) count(s drain.State) (n int) {
	for _, p := range v.pods {
		if p.State == s {
			n++
		}
	}
	return n
}

// Place implements screen.Screen.
func (v *drainView) Place() screen.Place {
	until := v.scope.Now()
	if !v.ended.IsZero() {
		until = v.ended
	}
	p := screen.Place{Crumbs: []string{"nodes", v.d.node.Name, "drain"}, Note: duration.HumanDuration(until.Sub(v.d.began))}
	gone, held := v.count(drain.Gone), v.count(drain.Held)
	text := fmt.Sprintf("%d of %d gone", gone, len(v.pods))
	switch {
	case v.over() && v.d.run.Err() != nil:
		p.State = screen.State{Health: screen.Bad, Text: "stopped, " + text}
	case v.over():
		p.State = screen.State{Health: screen.Good, Text: "drained, " + text}
	case held > 0:
		p.State = screen.State{Health: screen.Poor, Text: fmt.Sprintf("%s, %d held", text, held)}
	default:
		p.State = screen.State{Health: screen.Busy, Text: text}
	}
	return p
}

// Keys implements screen.Screen.
func (v *drainView) Keys() key.Table { return drainKeys().With(!v.over(), actStop) }

// Do implements screen.Screen.
func (v *drainView) Do(a key.Action) {
	switch a {
	case actStop:
		go v.d.run.Stop() // it waits for the end
	case actDown:
		v.Wheel(1)
	case actUp:
		v.Wheel(-1)
	}
}

// Click implements screen.Pointer.
func (v *drainView) Click(int, int) {}

// Wheel implements screen.Pointer.
func (v *drainView) Wheel(lines int) { v.top = max(0, min(v.top+lines, len(v.pods)-1)) }

// Draw implements screen.Screen: a bar, and each Pod with what holds it below.
func (v *drainView) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	width := max(10, c.Width()-4)
	bar := 0
	if len(v.pods) > 0 {
		bar = width * v.count(drain.Gone) / len(v.pods)
	}
	c.Text(2, 0, s.OK, strings.Repeat("■", bar))
	c.Text(2+bar, 0, s.Muted, strings.Repeat("□", width-bar))
	if len(v.pods) == 0 {
		c.Text(2, 2, s.Muted, "The node is cordoned. It had no Pods to evict.")
		return
	}
	name := 0
	for _, p := range v.pods {
		name = max(name, canvas.Width(p.Ref.Namespace+"/"+p.Ref.Name))
	}
	name = min(name, max(20, c.Width()-20))
	y := 2
	for _, p := range v.pods[min(v.top, len(v.pods)):] {
		health, ink := drainHealth(p.State), s.Text
		if p.State == drain.Gone {
			ink = s.Muted
		}
		c.Text(2, y, health.Style(s), health.Glyph())
		c.Clip(4, y, name, ink, p.Ref.Namespace+"/"+p.Ref.Name)
		c.Text(4+name+2, y, health.Style(s), string(p.State))
		y++
		if p.Message == "" {
			continue
		}
		for _, l := range canvas.Wrap(p.Message, c.Width()-8) {
			c.Text(6, y, s.Muted, l)
			y++
		}
	}
}

func drainHealth(s drain.State) screen.Health {
	switch s {
	case drain.Gone:
		return screen.Good
	case drain.Held:
		return screen.Poor
	case drain.Failed:
		return screen.Bad
	case drain.Waiting:
		return screen.Idle
	}
	return screen.Busy
}
