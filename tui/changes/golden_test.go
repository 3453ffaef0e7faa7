package changes

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/drain"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func deployment(image string, replicas int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "shop"},
		"spec": map[string]any{"replicas": replicas, "template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": image}}}}},
	}}
}

func setImage() *change.Plan {
	return &change.Plan{
		Verb: "update", Summary: "set image of deployment.apps/web: web nginx:1.26 -> nginx:1.27", Command: "kubectl -n shop set image deployment/web web=nginx:1.27",
		Ref:    change.Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Namespace: "shop", Name: "web"},
		Before: deployment("nginx:1.26", 3), After: deployment("nginx:1.27", 3), Warnings: []string{"the rollout is paused: nothing happens until it is resumed"},
	}
}

func deletePlan() *change.Plan {
	return &change.Plan{Verb: "delete", Summary: "delete deployment.apps/web", Command: "kubectl -n shop delete deployment web", Before: deployment("nginx:1.27", 3),
		Effects: []string{"what it owns goes with it:", "  1 ReplicaSet, 3 Pods"}}
}

func TestGoldenPreviews(t *testing.T) {
	h, s := screentest.New(t, nil)
	screentest.Dialog(t, h, "preview", newPreview(s, []*change.Plan{setImage()}, nil))
	screentest.Dialog(t, h, "preview-delete", newPreview(s, []*change.Plan{deletePlan()}, nil))
}

func TestGoldenDone(t *testing.T) {
	h, s := screentest.New(t, nil)
	d := &done{scope: s}
	screentest.Sized(t, h, "done-none", d, 80, 24)
	d.records = []change.Record{
		{ID: 3, Time: screentest.Now.Add(-5 * time.Second), Plan: deletePlan()},
		{ID: 2, Time: screentest.Now.Add(-time.Minute), Plan: setImage(), Undid: 1},
		{ID: 1, Time: screentest.Now.Add(-time.Hour), Plan: setImage(), UndoneBy: 2},
	}
	d.id = 2
	d.show()
	screentest.AllSizes(t, h, "done", d)
}

func TestGoldenDrain(t *testing.T) {
	h, s := screentest.New(t, nil)
	pod := func(name string, state drain.State, message string) drain.Pod {
		return drain.Pod{Ref: change.Ref{Namespace: "shop", Name: name}, State: state, Message: message}
	}
	v := &drainView{scope: s, d: &draining{node: screen.Object{Name: "node-2"}, run: &drain.Run{}, began: screentest.Now.Add(-90 * time.Second)}}
	screentest.Sized(t, h, "drain-none", v, 80, 24)
	v.pods = []drain.Pod{
		pod("db-0", drain.Failed, "no such Pod"), pod("web-6f9c7d-x2k1", drain.Held, "the budget web allows no disruption: 2 of 2 are needed"),
		pod("web-6f9c7d-x2k2", drain.Leaving, ""), pod("batch-1", drain.Waiting, ""), pod("api-1", drain.Gone, ""), pod("api-2", drain.Gone, ""),
	}
	screentest.AllSizes(t, h, "drain", v)
}
