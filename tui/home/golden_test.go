package home

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/usage"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/activity"
	"github.com/podarium/podarium/tui/etcd/access"
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

// minute is a minute's activity.
type minute struct{ wrote activity.Snapshot }

func (m minute) Snapshot(time.Time) activity.Snapshot { return m.wrote }

// busy is a view of a cluster on which things happen.
func busy(t *testing.T) (*screentest.Host, *view) {
	t.Helper()
	c, err := cluster.New(cluster.Options{Name: "test", Config: &rest.Config{Host: "https://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	h, s := screentest.New(t, c)
	sample := &vitals.Sample{At: screentest.Now, Revision: 4711, DBSize: 8.4e6, InUse: 3.1e6, Rate: 12, Leads: true, Term: 2, EtcdTook: 400 * time.Microsecond, APITook: 3 * time.Millisecond}
	for i := range 60 {
		sample.Rates = append(sample.Rates, float64((i*i)%17)*float64(i%4))
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		sample.Status.Components = append(sample.Status.Components, cluster.Component{Name: name, State: cluster.Ready, SinceStart: 640})
	}
	st := vitals.Of(s)
	st.Put(sample)
	v := newView(s, st, some())
	var wrote activity.Snapshot
	for i, name := range []string{"kubelet", "kube-controller-manager", "kube-scheduler", "kubectl-client-side-apply"} {
		r := activity.Row{Name: name}
		for j := range r.Counts {
			r.Counts[j] = uint32((j * (i + 3)) % 7 * (j % (i + 2)))
			r.Sum += r.Counts[j]
		}
		wrote.Writers = append(wrote.Writers, r)
		r.Name = []string{"pods", "replicasets", "deployments", "endpointslices"}[i]
		wrote.Resources = append(wrote.Resources, r)
	}
	for i, typ := range []etcdview.EventType{etcdview.Put, etcdview.Create, etcdview.Delete, etcdview.Put} {
		o := registry.Object{Namespace: "default", Name: fmt.Sprintf("web-68b8496877-x2k1%d", i)}
		o.Resource = "pods"
		w := activity.Write{At: screentest.Now.Add(-time.Duration(i) * 3 * time.Second), Revision: int64(4711 - i), Type: typ, Object: o}
		if typ != etcdview.Delete {
			w.Writer = "kubelet"
		}
		wrote.Lately = append(wrote.Lately, w)
	}
	v.activity = minute{wrote}
	v.usage = &usage.Snapshot{Served: true, Of: map[types.NamespacedName]usage.Use{
		{Name: "node-1"}: {Used: usage.Amount{CPU: 240, Memory: 3 << 30}, Limit: usage.Amount{CPU: 2000, Memory: 16 << 30}},
		{Name: "node-2"}: {Used: usage.Amount{CPU: 1860, Memory: 12 << 30}, Limit: usage.Amount{CPU: 2000, Memory: 16 << 30}},
	}}
	v.Tick()
	return h, v
}

func TestGoldenHome(t *testing.T) {
	h, v := busy(t)
	screentest.AllSizes(t, h, "home", v)
	v.Do(actDown)
	v.Do(actDown)
	screentest.Sized(t, h, "home-component", v, 80, 24)
}

func TestEverythingCanBeEntered(t *testing.T) {
	h, v := busy(t)
	seen := map[string]bool{}
	for range 40 {
		v.Do(actDown)
		if opened := len(h.Opened); !seen[v.cursor] {
			v.Do(actEnter)
			if len(h.Opened) == opened && !strings.HasPrefix(v.cursor, "resource/") && !strings.HasPrefix(v.cursor, "lately/") { // their kinds are not known here
				t.Errorf("enter on %s opens nothing", v.cursor)
			}
		}
		seen[v.cursor] = true
	}
	if want := 1 + 4 + 3 + 4 + 2 + 4 + 4 + 4; len(seen) != want {
		t.Errorf("the cursor reached %d items, want %d", len(seen), want)
	}
	if _, ok := h.Opened[0].(access.Changes); !ok {
		t.Errorf("enter on the writes opens %+v", h.Opened[0])
	}
	if node, ok := h.Opened[5].(screen.Resources); !ok || node.FieldSelector != "spec.nodeName=node-3" {
		t.Errorf("enter on the first node, which is not ready, opens %+v", h.Opened[5])
	}
	rolls := 0
	for _, r := range h.Opened {
		if _, ok := r.(screen.Rollout); ok {
			rolls++
		}
	}
	if rolls != 4 {
		t.Errorf("%d rollouts were opened, want 4", rolls)
	}
	v.Do(actNext)
	if g, _, _ := v.find(); v.groups[g].title != titleWrites {
		t.Errorf("tab from the last group leads to %s, want the first with items", v.groups[g].title)
	}
}

func TestWarningsAreOneForEachObject(t *testing.T) {
	h, s := screentest.New(t, nil)
	v := newView(s, vitals.Of(s), some())
	items := v.groups[warnings].items
	if len(items) != 2 || items[0].name != "pod/web-3" || items[0].detail != "×2  Failed" || !strings.HasPrefix(items[0].told, "Failed to pull") {
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
	if first.name != "web" || first.health != screen.Bad || first.news != "ImagePullBackOff" {
		t.Errorf("the first workload is %q with health %v and says %q, want web, broken, with its Pod's status", first.name, first.health, first.news)
	}
	if p := v.Place(); p.State.Health != screen.Poor {
		t.Errorf("the screen says %q of itself", p.State.Text)
	}
}
