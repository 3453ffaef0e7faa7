package manage

import (
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screen"
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

// TestMembersComeAndGo adds a fourth member to a cluster of three, starts it with what is said then, lets it vote, and
// removes it again; meanwhile an alarm is taken back and all files are defragmented, the leader's last.
func TestMembersComeAndGo(t *testing.T) {
	c := etcdtest.StartCluster(t, 3, func(cfg *embed.Config) { cfg.StrictReconfigCheck = false }) // else all must have been connected for five seconds
	h, s := fixture.New(t, func(o *cluster.Options) {
		o.Etcd, o.Disposable, o.EtcdOnly, o.EtcdWrites, o.EtcdOperations = c.Client(t), false, true, true, t.TempDir()
	})
	opened, err := openOverview(s, access.Overview{})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*overview)
	// until reads the state until it is as it should be, with the cursor on the member that is meant.
	until := func(what string, is func(*etcdview.Member) bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; v.ask(false) {
			for i := range v.data.Members {
				if is(&v.data.Members[i]) {
					v.grid.Cursor.At = i
					return
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("no member is %s: %+v", what, v.data)
			}
		}
	}
	fill := func(values ...string) screen.Dialog {
		t.Helper()
		form := h.Asked[len(h.Asked)-1]
		for _, text := range values {
			for range 10 { // what is offered
				form.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
			}
			form.Update(tea.PasteMsg{Content: text})
			form.Update(tea.KeyPressMsg{Code: tea.KeyTab})
		}
		return form
	}

	peer := etcdtest.FreePeer(t)
	v.Do(actAdd)
	form := fill("m3", peer)
	h.Asked = nil
	press(form, "enter")
	end := confirm(t, h, "y")
	initial := regexp.MustCompile(`ETCD_INITIAL_CLUSTER=(\S+)`).FindStringSubmatch(strings.ReplaceAll(end, "\n", ""))
	if !strings.Contains(end, "added m3") || !strings.Contains(end, "ETCD_NAME=m3") || initial == nil {
		t.Fatalf("it does not say how to start the member:\n%s", end)
	}
	until("not started", func(m *etcdview.Member) bool { return m.Name == "" && m.Learner })
	if text := screentest.Draw(h, v, 120, 30).String(); !strings.Contains(text, "not started") {
		t.Error(text)
	}
	var all []string
	for _, m := range c.Members {
		for _, p := range m.Etcd.Peers {
			all = append(all, m.Etcd.Config().Name+"=http://"+p.Addr().String())
		}
	}
	c.Join(t, "m3", peer, strings.Join(append(all, "m3="+peer), ","))
	until("a learner that runs", func(m *etcdview.Member) bool { return m.Name == "m3" && m.Err == "" })
	for deadline := time.Now().Add(time.Minute); ; { // it must have caught up
		h.Asked = nil
		v.Do(actPromote)
		if end = confirm(t, h, "y"); strings.Contains(end, "m3 votes") {
			break
		}
		if !strings.Contains(end, "try again when it has caught up") || time.Now().After(deadline) {
			t.Fatal(end)
		}
	}
	until("voting", func(m *etcdview.Member) bool { return m.Name == "m3" && !m.Learner })
	if text := screentest.Draw(h, v, 120, 30).String(); strings.Contains(text, "learner") {
		t.Error(text)
	}

	first := c.Members[0].Etcd.Server
	if _, err := first.Alarm(t.Context(), &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: uint64(first.MemberID()), Alarm: pb.AlarmType_NOSPACE}); err != nil {
		t.Fatal(err)
	}
	v.ask(false)
	if text := screentest.Draw(h, v, 120, 30).String(); !strings.Contains(text, "✗ NOSPACE") || !strings.Contains(text, "R compacts, defragments, disarms") || !strings.Contains(text, "NOSPACE (m0)") {
		t.Errorf("the alarm is not shown:\n%s", text)
	}
	h.Asked = nil
	v.Do(actDisarm)
	if end = confirm(t, h, "y"); !strings.Contains(end, "●") {
		t.Error(end)
	}
	if len(v.data.Alarms) != 0 {
		t.Errorf("still there: %+v", v.data.Alarms)
	}

	until("led by one", func(m *etcdview.Member) bool { return m.Leader })
	leader := v.member().Name
	h.Asked = nil
	v.Do(actDefragment)
	end = confirm(t, h, "y")
	if lines := strings.Split(end, " → "); !strings.Contains(end, "defragmented 4 members") || len(lines) != 5 || !strings.Contains(lines[3], leader+": ") {
		t.Errorf("%s leads, and should be the last:\n%s", leader, end)
	}

	until("voting", func(m *etcdview.Member) bool { return m.Name == "m3" })
	h.Asked = nil
	v.Do(actRemove)
	if end = confirm(t, h, "m", "3", "enter"); !strings.Contains(end, "m3 is removed") {
		t.Error(end)
	}
	until("one of three", func(*etcdview.Member) bool { return len(v.data.Members) == 3 })
}
