package traffic

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster"
)

// id names a row: an endpoint of a port of a Service, or the port itself where endpoint is empty.
type id struct {
	namespace, service, port, protocol string
	number                             int32
	endpoint                           string
}

// port is one port of a Service and its endpoints.
type port struct {
	id
	cluster.ServiceTraffic
	total, open int64
	rate        float64
	most        int64 // connections of an endpoint between two looks, at least 4: one is no mountain
	rows        []row
}

// row is one endpoint.
type row struct {
	id
	cluster.EndpointTraffic
	share float64 // of the port's connections, 0 to 1
	part  float64 // of those of the endpoint that has most, 0 to 1
	rate  float64 // connections a second
	fresh bool    // it has got one since the look before
	past  []int64 // connections between looks, the newest last
}

// receiving counts the endpoints that get new connections.
func (p *port) receiving() int {
	n := 0
	for i := range p.rows {
		if p.rows[i].Receives {
			n++
		}
	}
	return n
}

// series are the last totals of one endpoint.
type series struct {
	at     []time.Time
	totals []int64
}

const (
	// looks is how many totals are kept of an endpoint.
	looks = 61
	// window is what a rate is the mean of.
	window = 3 * time.Second
)

func (s *series) add(at time.Time, total int64) {
	if n := len(s.totals); n > 0 && total < s.totals[n-1] {
		*s = series{} // it was gone in between
	}
	s.at, s.totals = append(s.at, at), append(s.totals, total)
	if over := len(s.totals) - looks; over > 0 {
		s.at, s.totals = s.at[over:], s.totals[over:]
	}
}

// rate is how many a second there were of late.
func (s *series) rate() float64 {
	last := len(s.at) - 1
	first := last
	for first > 0 && s.at[last].Sub(s.at[first-1]) <= window {
		first--
	}
	if first == last && last > 0 {
		first-- // the last look was long ago
	}
	span := s.at[last].Sub(s.at[first]).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(s.totals[last]-s.totals[first]) / span
}

func (s *series) past() []int64 {
	out := make([]int64, 0, len(s.totals))
	for i := 1; i < len(s.totals); i++ {
		out = append(out, s.totals[i]-s.totals[i-1])
	}
	return out
}

// take makes rows of what was counted.
func (v *view) take(all []cluster.ServiceTraffic) {
	now := v.scope.Now()
	v.ports = v.ports[:0]
	seen := make(map[id]bool, len(v.series))
	for _, t := range all {
		if v.of.Namespace != "" && t.Namespace != v.of.Namespace || v.of.Name != "" && t.Service != v.of.Name {
			continue
		}
		p := port{id: id{namespace: t.Namespace, service: t.Service, port: t.Port, protocol: t.Protocol, number: t.Number}, ServiceTraffic: t}
		var most int64
		p.most = 4
		for _, e := range t.Endpoints {
			p.total, p.open, most = p.total+e.Total, p.open+e.Open, max(most, e.Total)
		}
		for _, e := range t.Endpoints {
			r := row{id: p.id, EndpointTraffic: e}
			r.endpoint = e.Address
			if most > 0 {
				r.share, r.part = float64(e.Total)/float64(p.total), float64(e.Total)/float64(most)
			}
			s := v.series[r.id]
			if s == nil {
				s = &series{}
				v.series[r.id] = s
			}
			s.add(now, e.Total)
			seen[r.id] = true
			r.rate, r.past = s.rate(), s.past()
			r.fresh = len(r.past) > 0 && r.past[len(r.past)-1] > 0
			p.rate += r.rate
			for _, n := range r.past {
				p.most = max(p.most, n)
			}
			p.rows = append(p.rows, r)
		}
		v.ports = append(v.ports, p)
	}
	for k := range v.series {
		if !seen[k] {
			delete(v.series, k)
		}
	}
	v.read = true
	v.arrange()
}

// arrange makes the lines: the ports that the filter lets through, each with its endpoints.
func (v *view) arrange() {
	v.lines = v.lines[:0]
	for i := range v.ports {
		p := &v.ports[i]
		if !p.matches(v.filter) {
			continue
		}
		v.lines = append(v.lines, line{port: p})
		for j := range p.rows {
			v.lines = append(v.lines, line{port: p, row: &p.rows[j]})
		}
	}
	if v.index() < 0 && len(v.lines) > 0 {
		v.cursor = v.lines[0].id()
	}
}

func (p *port) matches(filter string) bool {
	if filter == "" {
		return true
	}
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(filter)) }
	return has(p.Namespace+"/"+p.Service) || has(p.label()) || has(p.Address) || slices.ContainsFunc(p.rows, func(r row) bool {
		return has(r.Pod) || has(r.Node) || has(r.EndpointTraffic.Address) || has(string(r.State))
	})
}

// line is a port, or one of its endpoints.
type line struct {
	port *port
	row  *row
}

func (l line) id() id {
	if l.row != nil {
		return l.row.id
	}
	return l.port.id
}

// pod is the Pod of an endpoint; empty where the line has none.
func (l line) pod() string {
	if l.row == nil {
		return ""
	}
	return l.row.Pod
}

// name is what an endpoint is called: its Pod, or its address where it is none.
func (r *row) name() string { return cmp.Or(r.Pod, r.EndpointTraffic.Address) }
