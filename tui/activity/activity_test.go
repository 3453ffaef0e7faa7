package activity

import (
	"testing"
	"time"

	"github.com/podarium/podarium/etcdview"
)

func event(key string, at time.Time) etcdview.Event {
	return etcdview.Event{Type: etcdview.Delete, KV: etcdview.KV{Key: key}, Received: at}
}

func TestCountsMoveWithTime(t *testing.T) {
	st := newStore()
	t0 := time.Unix(1000, 0)
	for i := range 5 {
		st.count(t.Context(), "/registry", event("/registry/pods/default/a", t0.Add(time.Duration(i/3)*time.Second)))
	}
	st.count(t.Context(), "/registry", event("/registry/leases/kube-node-lease/node-1", t0.Add(time.Second)))
	s := st.Snapshot(t0.Add(time.Second))
	if len(s.Resources) != 2 || s.Resources[0].Name != "pods" || s.Resources[0].Sum != 5 {
		t.Fatalf("got %+v", s.Resources)
	}
	if c := s.Resources[0].Counts; c[Seconds-2] != 3 || c[Seconds-1] != 2 {
		t.Errorf("the last seconds are %d, %d; want 3, 2", c[Seconds-2], c[Seconds-1])
	}
	if len(s.Lately) != 5 || s.Lately[0].Object.Name != "a" || s.Lately[0].Type != etcdview.Delete || s.Lately[0].At.Before(s.Lately[4].At) {
		t.Errorf("the last writes are %+v, want the five of the Pod and not the lease's", s.Lately)
	}
	if s = st.Snapshot(t0.Add(11 * time.Second)); s.Resources[0].Counts[Seconds-11] != 2 {
		t.Error("ten seconds later the counts have not moved by ten")
	}
	if s = st.Snapshot(t0.Add(2 * time.Minute)); len(s.Resources) != 0 {
		t.Errorf("after two minutes there is still %+v", s.Resources)
	}
}

func TestManyWritesAreSampledAndItSaysSo(t *testing.T) {
	st := newStore()
	t0 := time.Unix(1000, 0)
	for range decodesPerSecond + 1 {
		e := event("/registry/configmaps/default/a", t0)
		e.Type = etcdview.Put
		st.count(t.Context(), "/registry", e)
	}
	if s := st.Snapshot(t0); !s.Sampled || s.Resources[0].Sum != decodesPerSecond+1 {
		t.Errorf("got %+v", s)
	}
}

func TestTheLastWritesAreBounded(t *testing.T) {
	st := newStore()
	for i := range 1000 {
		st.count(t.Context(), "/registry", event("/registry/pods/default/"+string(rune('a'+i%26)), time.Unix(int64(1000+i), 0)))
	}
	if s := st.Snapshot(time.Unix(2000, 0)); len(s.Lately) != kept || s.Lately[0].At != time.Unix(1999, 0) || s.Lately[kept-1].At != time.Unix(2000-kept, 0) {
		t.Errorf("of 1,000 writes %d are kept, the first of %v", len(s.Lately), s.Lately[0].At)
	}
}
