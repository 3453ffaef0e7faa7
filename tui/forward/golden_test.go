package forward

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/jobs"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func TestGoldenForwards(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := &view{scope: s, store: of(s)}
	screentest.Sized(t, h, "none", v, 80, 24)
	object := func(resource, kind, name string) screen.Object {
		return screen.Object{Resource: schema.GroupVersionResource{Version: "v1", Resource: resource}, Kind: kind, Namespace: "shop", Name: name}
	}
	v.list.Take([]jobs.Job[forward]{
		{ID: 1, Value: forward{target: object("pods", "Pod", "web-6f9c7d-x2k1"), local: 8080, remote: 80, state: listening, pod: "web-6f9c7d-x2k1", since: screentest.Now.Add(-time.Hour)}},
		{ID: 2, Value: forward{target: object("services", "Service", "redis"), local: 6379, remote: 6379, state: waiting, err: errors.New("no Pod of it is ready"), again: 2, since: screentest.Now.Add(-time.Minute)}},
		{ID: 3, Value: forward{target: object("deployments", "Deployment", "api"), local: 9090, remote: 9090, state: failed, err: errors.New("listen tcp 127.0.0.1:9090: bind: address already in use"), since: screentest.Now}},
		{ID: 4, Value: forward{target: object("pods", "Pod", "db-0"), remote: 5432, since: screentest.Now}},
	})
	v.list.Move(grid.Down)
	screentest.AllSizes(t, h, "forwards", v)
}
