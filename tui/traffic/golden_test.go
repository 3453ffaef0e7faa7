package traffic

import (
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func some(more int64) []cluster.ServiceTraffic {
	return []cluster.ServiceTraffic{
		{Namespace: "shop", Service: "redis", Port: "redis", Number: 6379, Protocol: "TCP", Address: "10.96.0.9"},
		{Namespace: "shop", Service: "web", Port: "dns", Number: 53, Protocol: "UDP", Address: "10.96.0.7", Endpoints: []cluster.EndpointTraffic{{Address: "10.244.1.2:5353", Pod: "web-7d9f8c6b5-2xk4p"}}},
		{Namespace: "shop", Service: "web", Port: "http", Number: 80, Protocol: "TCP", Address: "10.96.0.7", Endpoints: []cluster.EndpointTraffic{
			{Address: "10.244.1.2:8080", Pod: "web-7d9f8c6b5-2xk4p", Total: 200 + more, Open: 3},
			{Address: "10.244.2.2:8080", Pod: "web-7d9f8c6b5-8vq9z", Total: 201 + more},
			{Address: "10.244.3.2:8080", Pod: "web-7d9f8c6b5-zz8mn", Total: 200 + more, Open: 1},
		}},
	}
}

func TestGoldenTraffic(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := &view{scope: s, of: screen.Object{Namespace: "shop"}, at: screentest.Now.Add(-time.Second)}
	v.take(some(0))
	v.at = screentest.Now.Add(-2 * time.Second) // two seconds between the looks
	v.take(some(24))
	v.Do(actBottom)
	screentest.AllSizes(t, h, "traffic", v)
}

func TestCursorAndState(t *testing.T) {
	_, s := screentest.New(t, nil)
	v := &view{scope: s, of: screen.Object{Namespace: "shop", Name: "web"}}
	if p := v.Place(); p.State.Text != "reading" {
		t.Errorf("before the first answer it says %q", p.State.Text)
	}
	v.take(some(0))
	if len(v.rows) != 4 {
		t.Fatalf("%d rows for one Service, want 4", len(v.rows))
	}
	v.Do(actDown)
	at := v.cursor
	v.take(some(5)) // the same endpoint stays under the cursor
	if r, ok := v.current(); !ok || r.id != at || r.total != 205 {
		t.Errorf("the cursor is on %+v", r)
	}
	v.take(some(5)[:2]) // its Service's port is gone
	if _, ok := v.current(); !ok {
		t.Error("the cursor is on nothing")
	}
	if o, ok := v.Object(); !ok || o.Name != "web" || o.Kind != "Service" {
		t.Errorf("the object under the cursor is %+v", o)
	}
	v.of.Name = "redis"
	v.take(some(0))
	if p := v.Place(); p.State.Health != screen.Poor || !strings.Contains(p.State.Text, "1 without endpoint") {
		t.Errorf("a Service without endpoints is %+v", p.State)
	}
}
