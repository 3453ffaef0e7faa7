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
const period = time.Second

// id names a row: an endpoint of a port of a Service. Endpoint is empty for a port that has none.
type id struct {
	namespace, service, port, protocol string
	number                             int32
	endpoint                           string
}

// row is one endpoint.
type row struct {
	id
	pod         string
	total, open int64
	rate        float64 // connections a second
	share       float64 // of the port's connections, 0 to 1
}

// view is the screen.
type view struct {
	scope  *screen.Scope
	of     screen.Object
	rows   []row
	cursor id
	offset int
	read   bool
	at     time.Time
	err    error
}

var (
	_ screen.Screen  = (*view)(nil)
	_ screen.Subject = (*view)(nil)
	_ screen.Pointer = (*view)(nil)
)

func open(s *screen.Scope, r Of) (screen.Screen, error) {
	v := &view{scope: s, of: r.Object}
	v.refresh()
	return v, nil
}

func (v *view) refresh() {
	c := v.scope.Cluster()
	screen.Call(v.scope, "count connections", period*5, c.Traffic, func(t []cluster.ServiceTraffic, err error) {
		v.err = err
		if err == nil {
			v.take(t)
		}
		if !errors.Is(err, cluster.ErrNoTraffic) {
			v.scope.After(period, v.refresh)
		}
	})
}

// take makes rows of what was counted; what has come since the last time is the rate.
func (v *view) take(all []cluster.ServiceTraffic) {
	before := make(map[id]int64, len(v.rows))
	for _, r := range v.rows {
		before[r.id] = r.total
	}
	now := v.scope.Now()
	span := now.Sub(v.at).Seconds()
	v.rows = v.rows[:0]
	for _, s := range all {
		if v.of.Namespace != "" && s.Namespace != v.of.Namespace || v.of.Name != "" && s.Service != v.of.Name {
			continue
		}
		base := id{namespace: s.Namespace, service: s.Service, port: s.Port, protocol: s.Protocol, number: s.Number}
		var sum int64
		for _, e := range s.Endpoints {
			sum += e.Total
		}
		for _, e := range s.Endpoints {
			r := row{id: base, pod: e.Pod, total: e.Total, open: e.Open}
			r.endpoint = e.Address
			if sum > 0 {
				r.share = float64(e.Total) / float64(sum)
			}
			if old, ok := before[r.id]; ok && span > 0 && r.total > old {
				r.rate = float64(r.total-old) / span
			}
			v.rows = append(v.rows, r)
		}
		if len(s.Endpoints) == 0 {
			v.rows = append(v.rows, row{id: base})
		}
	}
	v.read, v.at = true, now
	if v.index() < 0 && len(v.rows) > 0 {
		v.cursor = v.rows[0].id
	}
}

func (v *view) index() int {
	return slices.IndexFunc(v.rows, func(r row) bool { return r.id == v.cursor })
}

func (v *view) current() (row, bool) {
	if i := v.index(); i >= 0 {
		return v.rows[i], true
	}
	return row{}, false
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: []string{cmp.Or(v.of.Namespace, "all"), "services", "traffic"}}
	if v.of.Name != "" {
		p.Crumbs = []string{v.of.Namespace, "services", v.of.Name, "traffic"}
	}
	var total, open int64
	var rate float64
	missing := 0
	for _, r := range v.rows {
		total, open, rate = total+r.total, open+r.open, rate+r.rate
		if r.endpoint == "" {
			missing++
		}
	}
	switch {
	case v.err != nil:
		p.State = screen.State{Health: screen.Poor, Text: v.err.Error()}
	case !v.read:
		p.State = screen.State{Health: screen.Unknown, Text: "reading"}
	case missing > 0:
		p.State = screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d without endpoint", missing)}
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
	r, ok := v.current()
	return keys().With(ok && r.pod != "" && v.scope.Handles(screen.Containers{}), actPod).With(ok && v.scope.Handles(screen.Describe{}), actDescribe)
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
		v.put(len(v.rows) - 1)
	case actPod:
		if r, ok := v.current(); ok && r.pod != "" {
			v.scope.Open(screen.Containers{Object: object("pods", "Pod", r.namespace, r.pod)})
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
	r, ok := v.current()
	return object("services", "Service", r.namespace, r.service), ok
}

func (v *view) put(i int) {
	if len(v.rows) > 0 {
		v.cursor = v.rows[max(0, min(i, len(v.rows)-1))].id
	}
}

// Click implements screen.Pointer.
func (v *view) Click(_, y int) {
	if i := y - 1 + v.offset; y > 0 && i < len(v.rows) {
		v.put(i)
	}
}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) { v.put(v.index() + lines) }
