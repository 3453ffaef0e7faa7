package changes

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/drain"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

// standing is a drain that stands still.
type standing struct {
	pods []drain.Pod
	err  error
	done chan struct{}
}

func (s *standing) Changed() <-chan struct{} { return nil }
func (s *standing) Done() <-chan struct{}    { return s.done }
func (s *standing) Pods() []drain.Pod        { return append([]drain.Pod(nil), s.pods...) }
func (s *standing) Err() error               { return s.err }
func (s *standing) Stop()                    {}

func TestDrainGolden(t *testing.T) {
	h, s := screentest.New(t, nil)
	pod := func(name string, state drain.State, message string) drain.Pod {
		return drain.Pod{Ref: change.Ref{Kind: "Pod", Namespace: "shop", Name: name}, State: state, Message: message}
	}
	r := &standing{done: make(chan struct{}), pods: []drain.Pod{
		pod("web-1", drain.Gone, ""), pod("web-2", drain.Leaving, ""),
		pod("web-3", drain.Held, "The disruption budget web needs 3 healthy pods and has 3 currently; it is tried again every 5s"),
		pod("db-0", drain.Waiting, ""),
	}}
	v := &drainView{scope: s, d: &draining{node: screen.Object{Name: "node-1"}, run: r, began: h.Time.Add(-42 * time.Second)}}
	v.refresh()
	screentest.AllSizes(t, h, "drain", v)
	r.pods[1].State, r.pods[2] = drain.Gone, pod("web-3", drain.Failed, "evict pod/web-3: dial tcp 10.0.0.1:6443: connect: connection refused")
	r.err = errors.New("evict pod/web-3: refused")
	close(r.done)
	v.refresh()
	screentest.Sized(t, h, "drain-stopped", v, 80, 24)
}

func TestDialogGolden(t *testing.T) {
	h, s := screentest.New(t, nil)
	object := func(replicas int64) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": replicas}}}
	}
	web := change.Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: "shop", Name: "web"}
	plan := (&change.Plan{
		Verb: "delete", Summary: "delete deployment.apps/web", Command: "kubectl -n shop delete deployment.apps/web --cascade=background", Ref: web, Before: object(3),
		Warnings: []string{"it stays until its finalizers are done: example.com/guard"},
	}).WithEffects("goes with it: 1 ReplicaSet, 3 Pods", "  replicaset.apps/web-5d", "  pod/web-5d-1")
	preview := newPreview(s, []*change.Plan{plan}, func() {})
	o := screen.Object{Resource: web.Resource, Kind: web.Kind, Namespace: web.Namespace, Name: web.Name}
	Delete(s, []screen.Object{o})
	askDrain(s, screen.Object{Name: "node-1"}, []string{yes, no, no, ""})
	Scale(s, []screen.Object{o}, 3)
	askImages(s, []screen.Object{o}, []container{{name: "web", image: "nginx:1.27", before: []string{"nginx:1.26"}}, {name: "sidecar", image: "envoy:1"}})
	for i, d := range append([]screen.Dialog{preview}, h.Asked...) {
		screentest.Dialog(t, h, "dialog-"+[]string{"preview", "delete", "drain", "scale", "image"}[i], d)
	}
}
