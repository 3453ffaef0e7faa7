package home

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
	"github.com/podarium/podarium/tui/vitals"
)

// TestGoldenAttached looks at a cluster whose etcd is out of reach.
func TestGoldenAttached(t *testing.T) {
	h, s := screentest.New(t, nil)
	st := vitals.Of(s)
	sample := &vitals.Sample{At: screentest.Now}
	sample.Status.Components = []cluster.Component{{Name: "kube-apiserver", State: cluster.Ready, Message: "https://10.0.0.1:6443"}}
	st.Put(sample)
	from := some()
	pods := from.pods.(*fixture)
	for _, name := range []string{"etcd", "kube-apiserver", "kube-scheduler"} {
		r := *pods.snap.Rows[0]
		r.Namespace, r.Name, r.Labels = "kube-system", name+"-node-1", map[string]string{"component": name}
		pods.snap.Rows = append(pods.snap.Rows, &r)
	}
	v := newView(s, st, from)
	for n := range 30 {
		h.Time = h.Time.Add(time.Second)
		next := *pods.snap
		next.Generation, next.Incremental, next.Changes = uint64(n+1), true, make([]livetable.Change, n%5)
		pods.snap = &next
		v.Tick()
	}
	var names []string
	for _, it := range v.groups[components].items {
		names = append(names, it.name)
	}
	if got := strings.Join(names, " "); got != "apiserver etcd scheduler" {
		t.Errorf("components %s", got)
	}
	screentest.AllSizes(t, h, "attached", v)
}

func TestWarningsOfAWorkloadsPodsAreOne(t *testing.T) {
	h, s := screentest.New(t, nil)
	from := some()
	pods := from.pods.(*fixture).snap.Rows
	for _, i := range []int{3, 5} {
		pods[i].Owner = &metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-68b"}
	}
	events := from.events.(*fixture).snap
	other := *events.Rows[0]
	other.UID, other.Name = "e9", "e9"
	other.Cells = []livetable.Cell{{Text: "Failed"}, {Text: "pod/web-5"}, {Text: "the same"}}
	events.Rows = append(events.Rows, &other)
	v := newView(s, vitals.Of(s), from)
	items := v.groups[warnings].items
	if len(items) != 2 || items[0].name != "2 Pods of web-68b" || items[0].detail != "×3  Failed" {
		t.Fatalf("warnings %+v", items)
	}
	v.cursor = items[0].id
	v.Do(actEnter)
	if r, ok := h.Opened[0].(screen.Resources); !ok || r.Filter != "OBJECT:pod/web-68b" {
		t.Errorf("enter opens %+v", h.Opened)
	}
}

func TestARolloutThatIsRefusedIsStuck(t *testing.T) {
	_, s := screentest.New(t, nil)
	from := some()
	events := from.events.(*fixture).snap
	refused := *events.Rows[0]
	refused.UID, refused.Name = "e9", "e9"
	refused.Cells = []livetable.Cell{{Text: "FailedCreate"}, {Text: "replicaset/web-68b8496877"}, {Text: "exceeded quota"}}
	events.Rows = append(events.Rows, &refused)
	v := newView(s, vitals.Of(s), from)
	if first := v.groups[working].items[0]; first.name != "web" || first.health != screen.Bad || first.news != "FailedCreate" {
		t.Errorf("the first workload is %+v", first)
	}
}

func TestWarningsOfPodsThatAreGoneAreQuietAndTogether(t *testing.T) {
	_, s := screentest.New(t, nil)
	from := some()
	events := from.events.(*fixture).snap
	for _, name := range []string{"pod/old-5bdb54bd75-4jt5z", "pod/old-5bdb54bd75-8d8dt"} {
		gone := *events.Rows[0]
		gone.UID, gone.Name = types.UID(name), name
		gone.Cells = []livetable.Cell{{Text: "Failed"}, {Text: name}, {Text: "no such image"}}
		events.Rows = append(events.Rows, &gone)
	}
	v := newView(s, vitals.Of(s), from)
	items := v.groups[warnings].items
	if last := items[len(items)-1]; len(items) != 3 || last.name != "2 Pods of old-5bdb54bd75" || last.health != screen.Idle {
		t.Errorf("the warnings are %+v", items)
	}
}
