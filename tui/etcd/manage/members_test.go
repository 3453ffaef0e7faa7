package manage

import (
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screentest"
)

// TestMembersOfAnotherCluster operates an external cluster of three by mutual TLS: it is left alone until writes are
// allowed, and then the leader is moved, and a member removed only by its name.
func TestMembersOfAnotherCluster(t *testing.T) {
	client := etcdtest.StartCluster(t, 3).Client(t)
	open := func(writes bool) (*screentest.Host, *overview) {
		h, s := fixture.New(t, func(o *cluster.Options) {
			o.Etcd, o.Disposable, o.EtcdOnly, o.EtcdWrites, o.EtcdOperations = client, false, true, writes, t.TempDir()
		})
		v, err := openOverview(s, access.Overview{})
		if err != nil {
			t.Fatal(err)
		}
		return h, v.(*overview)
	}
	h, v := open(false)
	v.grid.Cursor.At = 1
	v.Do(actLeader)
	text := screentest.Draw(h, v, 120, 30).String()
	if len(h.Asked) != 0 || !strings.Contains(h.Said[len(h.Said)-1].Text, "--allow-writes") || !strings.Contains(text, "read-only") || !strings.Contains(text, "not counted: w") {
		t.Fatalf("a read-only etcd is operated: asks %v, says %v\n%s", h.Asked, h.Said, text)
	}

	h, v = open(true)
	follower := func() *etcdview.Member {
		for deadline := time.Now().Add(time.Minute); ; v.ask(false) {
			for i := range v.data.Members {
				if m := &v.data.Members[i]; !m.Leader && m.Err == "" && health(v.data).Text == "healthy" {
					v.grid.Cursor.At = i
					return m
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("no member follows: %+v", v.data)
			}
		}
	}
	m := follower()
	v.Do(actLeader)
	if end := confirm(t, h, "y"); !strings.Contains(end, m.Name+" leads") {
		t.Error(end)
	}
	h.Asked = nil
	m = follower()
	v.Do(actRemove)
	h.Time = h.Time.Add(time.Second)
	d := h.Asked[0]
	if text := drawn(h, d); !strings.Contains(text, "type "+m.Name+" to do it") || !strings.Contains(text, "3 voting members, of which 2 must agree, become 2 voting members") {
		t.Errorf("the preview says\n%s", text)
	}
	if press(d, "y", "enter"); len(h.Asked) != 1 { // etcd itself refuses it until all have been connected for five seconds
		t.Error("y is enough to remove a member")
	}
}
