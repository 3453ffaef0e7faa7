package rollouts

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

type summary struct{ s *rollout.Summary }

func (f *summary) Changed() <-chan struct{}   { return nil }
func (f *summary) Snapshot() *rollout.Summary { return f.s }
func (f *summary) Close()                     {}

func named(p *rollout.Progress, kind, resource, namespace, name, image string, age time.Duration) *rollout.Progress {
	p.Ref = change.Ref{
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}, Kind: kind, Namespace: namespace, Name: name, UID: types.UID(namespace + name),
	}
	p.Images, p.Containers, p.Created, p.Synced = map[string]string{"c": image}, []string{"c"}, screentest.Now.Add(-age), true
	return p
}

func many() *rollout.Summary {
	stuck := &rollout.Progress{Desired: 2, Stuck: true, Waiting: []rollout.Wait{
		{Pod: "worker-1", Reason: "ImagePullBackOff", Message: `Back-off pulling image "job:broken"`, Fatal: true}, {Pod: "worker-2", Reason: "ErrImagePull"},
	}}
	return &rollout.Summary{Synced: true, Rollouts: []*rollout.Progress{
		named(&rollout.Progress{Desired: 3, Updated: 3, Ready: 3, Available: 3, Done: true}, "Deployment", "deployments", "default", "api", "api:1.4", 2*time.Hour),
		named(&rollout.Progress{Done: true}, "StatefulSet", "statefulsets", "default", "db", "postgres:17", 30*time.Hour),
		named(rolling(), "Deployment", "deployments", "default", "web", "nginx:2", 72*time.Hour),
		named(stuck, "Deployment", "deployments", "jobs", "worker", "job:broken", 4*time.Minute),
		named(&rollout.Progress{Desired: 3, Updated: 3, Ready: 3, Available: 3, Done: true}, "DaemonSet", "daemonsets", "kube-system", "proxy", "proxy:1", 90*24*time.Hour),
	}}
}

func TestGoldenRollouts(t *testing.T) {
	h, s := screentest.New(t, nil)
	f := &summary{many()}
	v, err := newList(s, List{}, f)
	if err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "rollouts", v)
	if _, ok := v.Keys().Find("s"); !ok {
		t.Error("a Deployment under the cursor cannot be scaled")
	}
	for _, b := range v.Keys() {
		if b.Action == actPauseAll && b.Keys[0] != "p" {
			t.Errorf("pause is on %v", b.Keys)
		}
	}
	if err := enabled(v.Keys()).Check(); err != nil {
		t.Error(err)
	}
	v.Do("enter")
	if len(h.Opened) != 1 || h.Opened[0].(screen.Rollout).Name != "worker" {
		t.Errorf("enter on the first row opens %+v, want the rollout that is stuck", h.Opened)
	}
}

func enabled(t key.Table) key.Table {
	var out key.Table
	for _, b := range t {
		if !b.Disabled {
			out = append(out, b)
		}
	}
	return out
}

func TestDiffOfAnyTwoRevisions(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := newView(s, web, &fixture{rolling()})
	v.Do(actDown)
	v.Do(actMark) // 3
	v.Do(actDown)
	v.Do(actDown) // 1
	if v.diffOf != [2]int64{3, 1} {
		t.Fatalf("the diff is of %v, want of 3 and 1", v.diffOf)
	}
	screentest.Sized(t, h, "compare", v, 120, 40)
	v.Do(actUp)
	v.Do(actUp)
	v.Do(actMark) // no longer
	if v.diffOf != [2]int64{4, 3} {
		t.Errorf("the diff is of %v after the mark was taken away, want what undo to 3 would change", v.diffOf)
	}
}

func TestUndoSaysWhereItLeads(t *testing.T) {
	hint := func(v *view) string {
		for _, b := range v.Keys() {
			if b.Action == actUndo && !b.Disabled {
				return b.Hint
			}
		}
		return ""
	}
	_, s := screentest.New(t, nil)
	v := newView(s, web, &fixture{rolling()})
	if got := hint(v); got != "undo to 3" {
		t.Errorf("on the current revision: %q", got)
	}
	v.Do(actBottom)
	if got := hint(v); got != "undo to 1" {
		t.Errorf("on the oldest: %q", got)
	}
	one := rolling()
	one.Revisions = one.Revisions[:1]
	if got := hint(newView(s, web, &fixture{one})); got != "" {
		t.Errorf("there is nothing to go back to, and the foot says %q", got)
	}
}
