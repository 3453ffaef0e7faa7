package churn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/churn"
)

func TestCounts(t *testing.T) {
	c := churn.New("")
	add := func(typ etcdview.EventType, key, value string) {
		c.Add(t.Context(), etcdview.Event{Type: typ, KV: etcdview.KV{Key: key, Value: []byte(value)}, Received: time.Unix(1, 0)})
	}
	thing := `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"one","namespace":"a","managedFields":[{"manager":"robot","operation":"Update","time":"2026-01-01T00:00:00Z"}]}}`
	for range 3 {
		add(etcdview.Put, "/registry/example.com/things/a/one", thing)
	}
	add(etcdview.Delete, "/registry/pods/b/p", "")
	add(etcdview.Put, "plain", "value")
	got := c.Counts(1)
	if got.Total.Writes != 5 || got.Total.Bytes != int64(3*len(thing)+5) || got.Total.PerSecond <= 0 {
		t.Errorf("%+v", got.Total)
	}
	for what, list := range map[string][]churn.Row{"things.example.com": got.Resources, "a": got.Namespaces, "/registry/example.com/things/a/one": got.Keys, "robot": got.Writers} {
		if len(list) != 1 || list[0].Name != what || list[0].Writes != 3 {
			t.Errorf("%s: %+v", what, list)
		}
	}
	if all := c.Counts(0); len(all.Resources) != 2 || len(all.Keys) != 3 || all.Sampled {
		t.Errorf("%+v", all)
	}
	for i := range 1000 {
		add(etcdview.Put, fmt.Sprint("/registry/example.com/things/a/", i), thing)
	}
	if all := c.Counts(0); !all.Sampled || all.Total.Writes != 1005 {
		t.Errorf("%+v", all.Total)
	}
}
