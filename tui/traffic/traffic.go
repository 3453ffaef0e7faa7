// Package traffic shows how the connections to Services are spread over their endpoints: who gets his turn, how many are
// open, and how many come a second.
//
// The numbers are counted by podarium's own network, so that the screen has something to show for its own clusters only.
package traffic

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Of asks for the traffic of a Service, or of all Services of its namespace where it has no name, or of all.
type Of struct{ screen.Object }

// Module registers the screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Traffic",
		Routes: []screen.Route{screen.To(open)},
		Commands: []screen.Command{{
			Names: []string{"traffic", "endpoints-traffic"}, Help: "how connections are spread over the endpoints of Services, of a namespace or of all",
			Run: func(_ *screen.Scope, namespace string) (screen.Request, error) {
				return Of{screen.Object{Namespace: strings.TrimSpace(namespace)}}, nil
			},
		}},
		Keys: map[string]key.Table{"Traffic": keys()},
	}
}

const (
	actPod      key.Action = "pod"
	actDescribe key.Action = "describe"
	actDown     key.Action = "down"
	actUp       key.Action = "up"
	actTop      key.Action = "top"
	actBottom   key.Action = "bottom"
)

func keys() key.Table {
	return key.Table{
		{Action: actPod, Keys: []string{"enter"}, Hint: "pod", Help: "the containers of the endpoint's Pod", Group: "Open"},
		{Action: actDescribe, Keys: []string{"d"}, Hint: "describe", Help: "describe the Service", Group: "Open"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actTop, Keys: []string{"g", "home"}, Help: "to the first row", Group: "Move"},
		{Action: actBottom, Keys: []string{"G", "end"}, Help: "to the last row", Group: "Move"},
	}
}

// period is how often the counters are read: they are numbers, and nothing says when they change.
const period = 500 * time.Millisecond

// patience is how long an answer may take.
const patience = 5 * time.Second

// view is the screen.
type view struct {
	scope  *screen.Scope
	of     screen.Object
	ports  []port
	lines  []line // what the filter lets through
	series map[id]*series
	filter string
	cursor id
	offset int
	shown  []int // the line at each height as drawn last, -1 for a blank one
	read   bool
	err    error
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Subject  = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
)

func newView(s *screen.Scope, of screen.Object) *view {
	return &view{scope: s, of: of, series: map[id]*series{}}
}

func open(s *screen.Scope, r Of) (screen.Screen, error) {
	v := newView(s, r.Object)
	v.refresh()
	return v, nil
}

func (v *view) refresh() {
	c := v.scope.Cluster()
	screen.Poll(v.scope, patience, c.Traffic, func(t []cluster.ServiceTraffic, err error) {
		v.err = err
		if err == nil {
			v.take(t)
		}
		if !errors.Is(err, cluster.ErrNoTraffic) {
			v.scope.After(period, v.refresh)
		}
	})
}

func (v *view) index() int {
	return slices.IndexFunc(v.lines, func(l line) bool { return l.id() == v.cursor })
}

func (v *view) current() (line, bool) {
	if i := v.index(); i >= 0 {
		return v.lines[i], true
	}
	return line{}, false
}

// Filter implements screen.Filterer: what a Service, its Pods or their nodes are called, or a state.
func (v *view) Filter(text string) error {
	v.filter = text
	v.arrange()
	return nil
}

// FilterText implements screen.Filterer.
func (v *view) FilterText() string { return v.filter }

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: []string{cmp.Or(v.of.Namespace, "all"), "services", "traffic"}}
	if v.of.Name != "" {
		p.Crumbs = []string{v.of.Namespace, "services", v.of.Name, "traffic"}
	}
	var total, open int64
	var rate float64
	missing, unready := 0, 0
	for i := range v.ports {
		q := &v.ports[i]
		total, open, rate = total+q.total, open+q.open, rate+q.rate
		if q.receiving() == 0 {
			missing++
		}
		for _, r := range q.rows {
			if !r.Receives {
				unready++
			}
		}
	}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Poor, Text: v.err.Error()}
	case !v.read:
		p.State = screen.State{Health: screen.Unknown, Text: "reading"}
	case missing > 0:
		p.State = screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d without endpoint", missing)}
	case unready > 0:
		p.State = screen.State{Health: screen.Busy, Text: fmt.Sprintf("%d left out", unready)}
	default:
		p.State = screen.State{Health: screen.Good, Text: "all have endpoints"}
	}
	if v.read {
		p.Note = fmt.Sprintf("%d connections   %d open   %.0f/s", total, open, rate)
	}
	return p
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table {
	l, ok := v.current()
	return keys().With(ok && l.pod() != "" && v.scope.Handles(screen.Containers{}), actPod).With(ok && v.scope.Handles(screen.Describe{}), actDescribe)
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	switch a {
	case actDown:
		v.put(v.index() + 1)
	case actUp:
		v.put(v.index() - 1)
	case actTop:
		v.put(0)
	case actBottom:
		v.put(len(v.lines) - 1)
	case actPod:
		if l, ok := v.current(); ok && l.pod() != "" {
			v.scope.Open(screen.Containers{Object: object("pods", "Pod", l.port.Namespace, l.pod())})
		}
	case actDescribe:
		if o, ok := v.Object(); ok {
			v.scope.Open(screen.Describe{Object: o})
		}
	}
}

func object(resource, kind, namespace, name string) screen.Object {
	return screen.Object{Resource: schema.GroupVersionResource{Version: "v1", Resource: resource}, Kind: kind, Namespace: namespace, Name: name}
}

// Object implements screen.Subject: the Service under the cursor.
func (v *view) Object() (screen.Object, bool) {
	l, ok := v.current()
	if !ok {
		return screen.Object{}, false
	}
	return object("services", "Service", l.port.Namespace, l.port.Service), true
}

func (v *view) put(i int) {
	if len(v.lines) > 0 {
		v.cursor = v.lines[max(0, min(i, len(v.lines)-1))].id()
	}
}

// Click implements screen.Pointer.
func (v *view) Click(_, y int) {
	if y > 0 && y <= len(v.shown) && v.shown[y-1] >= 0 {
		v.put(v.shown[y-1])
	}
}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) { v.put(v.index() + lines) }
