package traffic

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func some(more int64) []cluster.ServiceTraffic {
	end := func(address, pod, node string, state cluster.EndpointState, total, open int64) cluster.EndpointTraffic {
		return cluster.EndpointTraffic{Address: address, Pod: pod, Node: node, State: state, Receives: state == cluster.EndpointReady, Total: total, Open: open}
	}
	http := []cluster.EndpointTraffic{
		end("10.244.1.2:8080", "web-7d9f8c6b5-2xk4p", "node-1", cluster.EndpointReady, 200+more, 3),
		end("10.244.1.9:8080", "web-7d9f8c6b5-gone2", "node-1", cluster.EndpointTerminating, 0, 0),
		end("10.244.2.2:8080", "web-7d9f8c6b5-8vq9z", "node-2", cluster.EndpointReady, 201+more, 0),
		end("10.244.3.2:8080", "web-7d9f8c6b5-zz8mn", "node-3", cluster.EndpointReady, 200+more, 1),
		end("10.244.3.7:8080", "web-7d9f8c6b5-q2w3e", "node-3", cluster.EndpointUnready, 0, 0),
	}
	http[3].Next = true
	sticky := end("10.244.2.4:5432", "db-0", "node-2", cluster.EndpointReady, 12, 2)
	sticky.Sessions, sticky.Next = 2, true
	return []cluster.ServiceTraffic{
		{Namespace: "shop", Service: "db", Port: "sql", Number: 5432, Protocol: "TCP", Address: "10.96.0.12", Type: "ClusterIP", Affinity: true, Endpoints: []cluster.EndpointTraffic{sticky}},
		{Namespace: "shop", Service: "redis", Port: "redis", Number: 6379, Protocol: "TCP", Address: "10.96.0.9", Type: "ClusterIP"},
		{Namespace: "shop", Service: "web", Port: "dns", Number: 53, Protocol: "UDP", Address: "10.96.0.7", Type: "NodePort", NodePort: 30053, Endpoints: []cluster.EndpointTraffic{end("10.244.1.2:5353", "web-7d9f8c6b5-2xk4p", "node-1", cluster.EndpointReady, 0, 0)}},
		{Namespace: "shop", Service: "web", Port: "http", Number: 80, Protocol: "TCP", Address: "10.96.0.7", Type: "NodePort", NodePort: 30080, Endpoints: http},
	}
}

func TestGoldenTraffic(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := newView(s, screen.Object{Namespace: "shop"})
	r := rand.New(rand.NewPCG(1, 2))
	var more int64
	for i := range looks + 5 { // half a minute of requests, more and less of them
		h.Time = screentest.Now.Add(time.Duration(i-looks) * period)
		v.take(some(more))
		more += r.Int64N(int64(3 + i/4))
	}
	v.Do(actBottom)
	v.Do(actUp)
	screentest.AllSizes(t, h, "traffic", v)
}

func TestRates(t *testing.T) {
	s := &series{}
	at := screentest.Now
	if s.add(at, 100); s.rate() != 0 || len(s.past()) != 0 {
		t.Errorf("after one look the rate is %g", s.rate())
	}
	for i := range int64(20) {
		s.add(at.Add(time.Duration(i+1)*period), 100+(i+1)*6)
	}
	if s.rate() != 12 || s.past()[0] != 6 {
		t.Errorf("6 in half a second are %g a second, and %v", s.rate(), s.past())
	}
	s.add(at.Add(time.Minute), 220+25)
	if r := s.rate(); r < 0.49 || r > 0.51 {
		t.Errorf("25 in 50 seconds are %g a second", r)
	}
	if s.add(at.Add(2*time.Minute), 1); len(s.totals) != 1 || s.rate() != 0 {
		t.Errorf("an endpoint that has come back has %v", s.totals)
	}
	for i := range int64(3 * looks) {
		s.add(at.Add(time.Hour+time.Duration(i)*period), i+2)
	}
	if len(s.totals) != looks {
		t.Errorf("%d totals are kept, want %d", len(s.totals), looks)
	}
}

func TestCursorAndState(t *testing.T) {
	_, s := screentest.New(t, nil)
	v := newView(s, screen.Object{Namespace: "shop", Name: "web"})
	if p := v.Place(); p.State.Text != "reading" {
		t.Errorf("before the first answer it says %q", p.State.Text)
	}
	v.take(some(0))
	if len(v.lines) != 8 { // two ports, one and five endpoints
		t.Fatalf("%d lines for one Service, want 8", len(v.lines))
	}
	if p := v.Place(); p.State.Health != screen.Busy || p.State.Text != "2 left out" {
		t.Errorf("with two endpoints that get nothing it is %+v", p.State)
	}
	for range 3 {
		v.Do(actDown)
	}
	at := v.cursor
	v.take(some(5)) // the same endpoint stays under the cursor
	if l, ok := v.current(); !ok || l.id() != at || l.row == nil || l.row.Total != 205 || l.pod() != "web-7d9f8c6b5-2xk4p" {
		t.Errorf("the cursor is on %+v", l)
	}
	if o, ok := v.Object(); !ok || o.Name != "web" || o.Kind != "Service" {
		t.Errorf("the object under the cursor is %+v", o)
	}
	v.take(some(5)[:3]) // its port is gone
	if _, ok := v.current(); !ok {
		t.Error("the cursor is on nothing")
	}
	v.of.Name = "redis"
	v.take(some(0))
	if p := v.Place(); p.State.Health != screen.Poor || !strings.Contains(p.State.Text, "1 without endpoint") {
		t.Errorf("a Service without endpoints is %+v", p.State)
	}
}

func TestFilter(t *testing.T) {
	_, s := screentest.New(t, nil)
	v := newView(s, screen.Object{})
	v.take(some(0))
	for filter, want := range map[string]int{"": 4, "redis": 1, "NODE-2": 2, "not ready": 1, "53/udp": 1, "nothing": 0} {
		if err := v.Filter(filter); err != nil {
			t.Fatal(err)
		}
		ports := 0
		for _, l := range v.lines {
			if l.row == nil {
				ports++
			}
		}
		if ports != want {
			t.Errorf("%q finds %d ports, want %d", filter, ports, want)
		}
	}
	_ = v.Filter("nothing")
	if _, ok := v.Object(); ok {
		t.Error("an object is under the cursor where nothing is shown")
	}
}
