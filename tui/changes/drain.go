package changes

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/drain"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Draining is the request for the screen of a node that is being emptied, or was.
type Draining struct{ screen.Object }

// draining is one drain; it goes on while other screens are looked at.
type draining struct {
	node  screen.Object
	run   *drain.Run
	began time.Time
}

// drains are those of a cluster by the node's name, the newest of each.
type drains struct {
	life func() context.Context
	all  map[string]*draining
}

type drainsKey struct{}

// Start makes the place where drains go on, until the scope ends. The frame calls it.
func Start(s *screen.Scope) {
	ctx := s.Context()
	screen.Service(s, drainsKey{}, func() *drains {
		return &drains{life: func() context.Context { return ctx }, all: map[string]*draining{}}
	})
}

func drainsOf(s *screen.Scope) *drains {
	Start(s)
	return screen.Service(s, drainsKey{}, func() *drains { return nil })
}

const (
	yes = "yes"
	no  = "no"
)

// Drain asks how, shows which Pods would go, and then the drain as it goes.
func Drain(s *screen.Scope, node screen.Object) {
	if d := drainsOf(s).all[node.Name]; d != nil {
		select {
		case <-d.run.Done():
		default:
			s.Open(Draining{node})
			return
		}
	}
	choices := []string{no, yes}
	s.Ask(dialog.NewForm(s, dialog.Form{
		Title: "Drain " + node.Name, Accept: "Preview",
		Fields: []dialog.Field{
			{Label: "leave Pods of DaemonSets", Value: yes, Choices: choices},
			{Label: "lose data in emptyDirs", Value: no, Choices: choices},
			{Label: "also Pods without controller", Value: no, Choices: choices},
			{Label: "grace in seconds", Value: "", Check: checkGrace},
		},
		Then: func(v []string) {
			o := drain.Options{IgnoreDaemonSets: v[0] == yes, DeleteEmptyDirData: v[1] == yes, Force: v[2] == yes}
			if n, err := strconv.ParseInt(strings.TrimSpace(v[3]), 10, 64); err == nil {
				o.GracePeriodSeconds = &n
			}
			planDrain(s, node, o)
		},
	}))
}

func planDrain(s *screen.Scope, node screen.Object, o drain.Options) {
	c := s.Cluster()
	if c.ReadOnly() {
		s.Fail(fmt.Errorf("drain %s: %w", node.Name, change.ErrReadOnly))
		return
	}
	screen.Call(s, "plan: drain "+node.Name, planTimeout, func(ctx context.Context) (*drain.Plan, error) {
		return drain.Make(ctx, c, Ref(node), o)
	}, func(p *drain.Plan, err error) {
		switch {
		case err != nil:
			s.Fail(err)
		case p.Cordon == nil && len(p.Evictions) == 0:
			s.Say(screen.Idle, node.Name+" is cordoned and has no Pods to evict")
		default:
			s.Ask(newPreview(s, []*change.Plan{drainPlan(node, p)}, func() { startDrain(s, node, p) }))
		}
	})
}

// drainPlan is a drain as one plan, for the preview.
func drainPlan(node screen.Object, p *drain.Plan) *change.Plan {
	shown := &change.Plan{Verb: "drain", Summary: "drain " + node.Name, Command: p.Command, Ref: Ref(node), Warnings: p.Warnings}
	if p.Cordon != nil {
		shown.Before, shown.After = p.Cordon.Before, p.Cordon.After
	}
	lines := []string{fmt.Sprintf("evicts %d Pods, which cannot be undone:", len(p.Evictions))}
	for _, e := range p.Evictions {
		line := "  " + e.Ref.Namespace + "/" + e.Ref.Name
		if len(e.Warnings) > 0 {
			line += "   " + strings.Join(e.Warnings, "; ")
		}
		lines = append(lines, line)
	}
	return shown.WithEffects(lines...)
}

func startDrain(s *screen.Scope, node screen.Object, p *drain.Plan) {
	all := drainsOf(s)
	all.all[node.Name] = &draining{node: node, run: drain.Start(all.life(), s.Cluster(), Door(s), p), began: s.Now()}
	s.Open(Draining{node})
}

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
	d := drainsOf(s).all[r.Name]
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

// Draw implements screen.Screen.
func (v *drainView) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	width := max(10, c.Width()-4)
	bar := 0
	if len(v.pods) > 0 {
		bar = width * v.count(drain.Gone) / len(v.pods)
	}
	c.Text(2, 0, s.OK, strings.Repeat("■", bar))
	c.Text(2+bar, 0, s.Muted, strings.Repeat("□", width-bar))
	name := 0
	for _, p := range v.pods {
		name = max(name, canvas.Width(p.Ref.Namespace+"/"+p.Ref.Name))
	}
	name = min(name, max(20, c.Width()/2))
	for y, p := range v.pods[min(v.top, len(v.pods)):] {
		health, ink := screen.Busy, s.Text
		switch p.State {
		case drain.Gone:
			health, ink = screen.Good, s.Muted
		case drain.Held:
			health = screen.Poor
		case drain.Failed:
			health = screen.Bad
		case drain.Waiting:
			health = screen.Idle
		}
		c.Text(2, y+2, health.Style(s), health.Glyph())
		c.Clip(4, y+2, name, ink, p.Ref.Namespace+"/"+p.Ref.Name)
		c.Text(4+name+2, y+2, health.Style(s), string(p.State))
		c.Clip(4+name+11, y+2, c.Width()-name-16, s.Muted, p.Message)
	}
	if len(v.pods) == 0 {
		c.Text(2, 2, s.Muted, "The node is cordoned. It had no Pods to evict.")
	}
}
