package home

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/vitals"
)

type fixture struct{ snap *livetable.Snapshot }

func (f *fixture) Changed() <-chan struct{}      { return nil }
func (f *fixture) Snapshot() *livetable.Snapshot { return f.snap }
func (f *fixture) Close()                        {}

// table makes a source of columns and rows; a row begins with its namespace, its name and its age.
func table(columns []string, rows ...[]any) *fixture {
	s := &livetable.Snapshot{Synced: true}
	for _, c := range columns {
		s.Columns = append(s.Columns, livetable.Column{Name: c})
	}
	for _, r := range rows {
		row := &livetable.Row{UID: types.UID(fmt.Sprint(r[0], "/", r[1])), Namespace: r[0].(string), Name: r[1].(string), Created: screentest.Now.Add(-r[2].(time.Duration))}
		for _, cell := range r[3:] {
			row.Cells = append(row.Cells, livetable.Cell{Text: cell.(string)})
		}
		s.Rows = append(s.Rows, row)
	}
	return &fixture{s}
}

func some() sources {
	pods := [][]any{}
	for i := range 12 {
		status, ready := "Running", "1/1"
		switch i {
		case 3:
			status, ready = "ImagePullBackOff", "0/1"
		case 4:
			status, ready = "ContainerCreating", "0/1"
		}
		pods = append(pods, []any{"default", fmt.Sprintf("web-%d", i), time.Hour, fmt.Sprintf("web-%d", i), ready, status, fmt.Sprintf("node-%d", i%3+1)})
	}
	return sources{
		nodes: table([]string{"Name", "Status"}, []any{"", "node-1", time.Hour, "node-1", "Ready"}, []any{"", "node-2", time.Hour, "node-2", "Ready"},
			[]any{"", "node-3", time.Hour, "node-3", "NotReady"}),
		pods: table([]string{"Name", "Ready", "Status", "Node"}, pods...),
		events: table([]string{"Reason", "Object", "Message"},
			[]any{"default", "e1", 4 * time.Minute, "Failed", "pod/web-3", "Failed to pull image \"nginx:broken\": manifest unknown"},
			[]any{"default", "e3", 9 * time.Minute, "BackOff", "pod/web-3", "Back-off pulling image"},
			[]any{"default", "e2", 12 * time.Minute, "NodeNotReady", "node/node-3", "Node node-3 status is now: NodeNotReady"}),
		workloads: []workloads{
			{deployGVR, "Deployment", table([]string{"Name", "Ready", "Up-To-Date"}, []any{"default", "api", time.Hour, "api", "3/3", "3"}, []any{"default", "web", time.Minute, "web", "7/10", "10"})},
			{statefulGVR, "StatefulSet", table([]string{"Name", "Ready"}, []any{"default", "db", time.Hour, "db", "0/0"})},
			{daemonGVR, "DaemonSet", table([]string{"Name", "Desired", "Ready"}, []any{"kube-system", "proxy", time.Hour, "proxy", "3", "3"})},
		},
	}
}

func TestGoldenHome(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := newView(s, vitals.Of(s), some())
	for _, name := range []string{"etcd", "apiserver", "controller-manager", "scheduler"} {
		v.groups[components].items = append(v.groups[components].items, item{id: "component/" + name, health: screen.Good, name: name, detail: "ready after 640 ms"})
	}
	screentest.AllSizes(t, h, "home", v)
	v.Do(actDown)
	v.Do(actDown)
	screentest.Sized(t, h, "home-component", v, 80, 24)
}

func TestEverythingCanBeEntered(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := newView(s, vitals.Of(s), some())
	seen := map[string]bool{}
	for range 30 {
		v.Do(actDown)
		v.Do(actEnter)
		seen[v.cursor] = true
	}
	if len(seen) != 3+4+2 {
		t.Errorf("the cursor reached %d items, want 9", len(seen))
	}
	if first, ok := h.Opened[0].(screen.Resources); !ok || first.FieldSelector != "spec.nodeName=node-3" {
		t.Errorf("enter on the first node, which is not ready, opens %+v", h.Opened[0])
	}
	rollouts := 0
	for _, r := range h.Opened {
		if _, ok := r.(screen.Rollout); ok {
			rollouts++
		}
	}
	if rollouts != 4 {
		t.Errorf("%d rollouts were opened, want 4", rollouts)
	}
	v.Do(actNext)
	if g, _, _ := v.find(); v.groups[g].title != titleNodes {
		t.Errorf("tab from the last group leads to %s, want the first with items", v.groups[g].title)
	}
}

func TestWarningsAreOneForEachObject(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := newView(s, vitals.Of(s), some())
	items := v.groups[warnings].items
	if len(items) != 2 || items[0].name != "pod/web-3" || !strings.HasPrefix(items[0].detail, "×2  Failed: ") {
		t.Fatalf("the warnings are %+v", items)
	}
	v.cursor = items[0].id
	v.Do(actEnter)
	if r, ok := h.Opened[0].(screen.Resources); !ok || r.FieldSelector != "involvedObject.name=web-3" {
		t.Errorf("enter opens %+v, want the events of the Pod", h.Opened)
	}
}

func TestAStuckRolloutSaysWhy(t *testing.T) {
	_, s := screentest.New(t, nil)
	from := some()
	broken := from.pods.(*fixture).snap.Rows[3]
	broken.Owner = &metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-68b8496877"}
	broken.Labels = map[string]string{"pod-template-hash": "68b8496877"}
	v := newView(s, vitals.Of(s), from)
	first := v.groups[working].items[0]
	if first.name != "web" || first.health != screen.Bad || !strings.Contains(first.detail, "ImagePullBackOff") {
		t.Errorf("the first workload is %q with health %v and says %q, want web, broken, with its Pod's status", first.name, first.health, first.detail)
	}
	if p := v.Place(); p.State.Health != screen.Poor {
		t.Errorf("the screen says %q of itself", p.State.Text)
	}
}
