// Package home is the cluster at a glance: what runs it, its nodes as a map of their Pods, what is being rolled out, what
// went wrong lately, and how much is being written. Whatever is not well comes first, and all of it can be entered.
package home

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/usage"
	"github.com/podarium/podarium/tui/activity"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/rollouts"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/vitals"
)

// Module registers the home screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Home",
		Routes: []screen.Route{screen.To(open)},
		Commands: []screen.Command{{Names: []string{"home", "pulse", "pulses", "pu", "hz"}, Help: "the cluster at a glance", Run: func(*screen.Scope, string) (screen.Request, error) {
			return screen.Home{}, nil
		}}},
		Keys: map[string]key.Table{"Home": keys()},
	}
}

const (
	actDown  key.Action = "down"
	actUp    key.Action = "up"
	actNext  key.Action = "next"
	actPrev  key.Action = "previous"
	actEnter key.Action = "enter"
	actEtcd  key.Action = "etcd"
	actPods  key.Action = "pods"
	actDeps  key.Action = "deployments"
	actRolls key.Action = "rollouts"
)

func keys() key.Table {
	return key.Table{
		{Action: actEnter, Keys: []string{"enter"}, Hint: "open", Help: "open what is under the cursor", Group: "Open"},
		{Action: actPods, Keys: []string{"p"}, Hint: "pods", Help: "all Pods", Group: "Open"},
		{Action: actDeps, Keys: []string{"d"}, Hint: "deployments", Help: "all Deployments", Group: "Open"},
		{Action: actRolls, Keys: []string{"r"}, Hint: "rollouts", Help: "all rollouts", Group: "Open"},
		{Action: actEtcd, Keys: []string{"e"}, Hint: "etcd", Help: "the keys of etcd", Group: "Open"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actNext, Keys: []string{"tab", "l", "right"}, Hint: "next", Help: "to the next group", Group: "Move"},
		{Action: actPrev, Keys: []string{"shift+tab", "h", "left"}, Help: "to the group before", Group: "Move"},
	}
}

// The resources that the screen lives on.
var (
	core        = schema.GroupVersion{Version: "v1"}
	apps        = schema.GroupVersion{Group: "apps", Version: "v1"}
	nodesGVR    = core.WithResource("nodes")
	podsGVR     = core.WithResource("pods")
	eventsGVR   = core.WithResource("events")
	deployGVR   = apps.WithResource("deployments")
	statefulGVR = apps.WithResource("statefulsets")
	daemonGVR   = apps.WithResource("daemonsets")
)

// source is where rows come from: a livetable.Table, or a fixture.
type source interface {
	Changed() <-chan struct{}
	Snapshot() *livetable.Snapshot
	Close()
}

// sources are the tables that the screen lives on.
type sources struct {
	nodes, pods, events source
	workloads           []workloads
}

type workloads struct {
	resource schema.GroupVersionResource
	kind     string
	source   source
}

// activities is where the last minute's writes come from: an activity.Store, or a fixture.
type activities interface {
	Snapshot(now time.Time) activity.Snapshot
}

type view struct {
	scope    *screen.Scope
	vitals   *vitals.Store
	activity activities
	from     sources
	used     *usage.Live     // what nodes use; nil in a test
	usage    *usage.Snapshot // nil until it is known

	pulse  pulse
	groups []group
	cursor string // the id of an item

	gathered time.Time     // when groups were gathered last
	took     time.Duration // how long that took
}

var (
	_ screen.Screen = (*view)(nil)
	_ screen.Closer = (*view)(nil)
	_ screen.Ticker = (*view)(nil)
)

func open(s *screen.Scope, _ screen.Home) (screen.Screen, error) {
	table := func(r schema.GroupVersionResource, fields string) source {
		return livetable.Open(s.Context(), s.Cluster(), livetable.Query{Resource: r, FieldSelector: fields})
	}
	v := newView(s, vitals.Of(s), sources{
		nodes: table(nodesGVR, ""), pods: table(podsGVR, ""), events: table(eventsGVR, "type=Warning"),
		workloads: []workloads{
			{deployGVR, "Deployment", table(deployGVR, "")},
			{statefulGVR, "StatefulSet", table(statefulGVR, "")},
			{daemonGVR, "DaemonSet", table(daemonGVR, "")},
		},
	})
	v.used = usage.Watch(s.Context(), s.Cluster(), usage.Query{Nodes: true})
	s.Live(v.used.Changed(), func() {
		v.usage = v.used.Snapshot()
		v.changed()
	})
	return v, nil
}

func newView(s *screen.Scope, st *vitals.Store, from sources) *view {
	v := &view{scope: s, vitals: st, activity: activity.Of(s), from: from}
	for _, src := range from.all() {
		s.Live(src.Changed(), v.changed)
	}
	v.Tick()
	return v
}

// changed gathers anew, but no more of the time than a tenth: what comes too soon waits for the next tick.
func (v *view) changed() {
	const share = 10
	if v.scope.Now().Sub(v.gathered) >= share*v.took {
		v.Tick()
	}
}

func (f sources) all() []source {
	all := []source{f.nodes, f.pods, f.events}
	for _, w := range f.workloads {
		all = append(all, w.source)
	}
	return all
}

// Close implements screen.Closer.
func (v *view) Close() {
	for _, s := range v.from.all() {
		go s.Close() // it waits for the watch to end, which can take a while
	}
	if v.used != nil {
		go v.used.Close()
	}
}

// Tick implements screen.Ticker: it gathers anew what is shown.
func (v *view) Tick() {
	began := v.scope.Now()
	defer func() {
		v.gathered = v.scope.Now()
		v.took = v.gathered.Sub(began)
	}()
	v.groups = v.gather()
	if !v.knowsEtcd() {
		now := v.scope.Now()
		v.pulse.see(nodesGVR, v.from.nodes.Snapshot(), now)
		v.pulse.see(podsGVR, v.from.pods.Snapshot(), now)
		v.pulse.see(eventsGVR, v.from.events.Snapshot(), now)
		for _, w := range v.from.workloads {
			v.pulse.see(w.resource, w.source.Snapshot(), now)
		}
		v.groups[writers], v.groups[written], v.groups[lately] = v.changing(), group{}, group{}
	}
	if _, _, ok := v.find(); !ok {
		v.cursor = ""
	}
}

func (v *view) gather() []group {
	wrote := v.activity.Snapshot(v.scope.Now())
	groups := make([]group, groupCount)
	groups[writes], groups[components], groups[nodes] = v.writesGroup(), v.components(), v.nodes()
	groups[working], groups[warnings] = v.workloads(), v.warnings()
	groups[writers], groups[written], groups[lately] = v.writers(&wrote), v.written(&wrote), v.lately(&wrote)
	return groups
}

// knowsEtcd says whether the cluster's etcd can be asked, or that this is not known yet.
func (v *view) knowsEtcd() bool {
	s := v.vitals.Sample()
	return s.Revision > 0 || s.At.IsZero()
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"home"}}
	faults, moving := v.tally()
	switch {
	case faults != "":
		p.State = screen.State{Health: screen.Poor, Text: faults + " not well"}
	case moving > 0:
		p.State = screen.State{Health: screen.Busy, Text: fmt.Sprintf("%d in progress", moving)}
	case v.from.pods.Snapshot().Synced:
		p.State = screen.State{Health: screen.Good, Text: "all well"}
	case v.from.pods.Snapshot().Err != nil:
		p.State = screen.Failure(v.from.pods.Snapshot().Err)
	default:
		p.State = screen.State{Health: screen.Busy, Text: "reading"}
	}
	return p
}

// tally says how many of what are not well, and counts what is in progress.
func (v *view) tally() (faults string, moving int) {
	bad := map[string]int{}
	see := func(h screen.Health, what string) {
		switch {
		case h >= screen.Poor:
			bad[what]++
		case h == screen.Busy:
			moving++
		}
	}
	for g, what := range map[int]string{components: "component", nodes: "node", working: "workload"} {
		for _, it := range v.groups[g].items {
			if it.id != unscheduled {
				see(it.health, what)
			}
			for _, h := range it.squares {
				see(h, "Pod")
			}
		}
	}
	var all []string
	for _, what := range []string{"component", "node", "workload", "Pod"} {
		if n := bad[what]; n > 0 {
			all = append(all, screen.Count(int64(n), what))
		}
	}
	return strings.Join(all, ", "), moving
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table {
	return keys().With(v.scope.Handles(screen.Etcd{}), actEtcd).With(v.scope.Handles(rollouts.List{}), actRolls)
}

// find is the group and the item under the cursor.
func (v *view) find() (g, i int, ok bool) {
	for g := range v.groups {
		for i := range v.groups[g].items {
			if v.groups[g].items[i].id == v.cursor {
				return g, i, true
			}
		}
	}
	return 0, -1, false
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	g, i, ok := v.find()
	switch a {
	case actDown:
		v.step(g, i, +1)
	case actUp:
		v.step(g, i, -1)
	case actNext:
		v.jump(g, ok, +1)
	case actPrev:
		v.jump(g, ok, -1)
	case actEtcd:
		v.scope.Open(screen.Etcd{})
	case actPods:
		v.scope.Open(screen.Resources{Resource: podsGVR})
	case actRolls:
		v.scope.Open(rollouts.List{})
	case actDeps:
		v.scope.Open(screen.Resources{Resource: deployGVR})
	case actEnter:
		if ok && v.groups[g].items[i].open != nil {
			v.scope.Open(v.groups[g].items[i].open)
		}
	}
}

// step goes through the items of all groups.
func (v *view) step(g, i, by int) {
	var ids []string
	at := -1
	for gi, gr := range v.groups {
		for ii, it := range gr.items {
			if gi == g && ii == i {
				at = len(ids)
			}
			ids = append(ids, it.id)
		}
	}
	if len(ids) > 0 {
		v.cursor = ids[max(0, min(at+by, len(ids)-1))]
	}
}

// jump goes to the first item of the next group that has one.
func (v *view) jump(g int, ok bool, by int) {
	n := len(v.groups)
	if !ok {
		g = n - by
	}
	for k := 1; k <= n; k++ {
		if gr := v.groups[((g+k*by)%n+n)%n]; len(gr.items) > 0 {
			v.cursor = gr.items[0].id
			return
		}
	}
}

// column is where a column stands, -1 where it does not.
func column(s *livetable.Snapshot, name string) int {
	return slices.IndexFunc(s.Columns, func(c livetable.Column) bool { return strings.EqualFold(c.Name, name) })
}

// cell is a row's text in a column, by the column's name.
func cell(s *livetable.Snapshot, r *livetable.Row, name string) string {
	i := column(s, name)
	if i < 0 || i >= len(r.Cells) {
		return ""
	}
	return r.Cells[i].Text
}
