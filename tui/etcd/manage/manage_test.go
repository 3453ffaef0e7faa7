package manage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/etcd/gate"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func newOverview(t *testing.T) (*screentest.Host, *overview) {
	t.Helper()
	h, s := fixture.New(t)
	v, err := openOverview(s, access.Overview{})
	if err != nil {
		t.Fatal(err)
	}
	return h, v.(*overview)
}

// TestOverview draws a cluster of three, of which one is a learner that lags and one does not answer.
func TestOverview(t *testing.T) {
	h, v := newOverview(t)
	member := func(name string, lag uint64) etcdview.Member {
		return etcdview.Member{ID: "8e9e05c52164694d", Name: name, Version: "3.7.3", StorageVersion: "3.7.0", Size: 84_000_000, InUse: 61_000_000, Quota: 2_147_483_648,
			Term: 4, Index: 48_300, Applied: 48_300 - lag, Latency: 420 * time.Microsecond}
	}
	v.data = &etcdview.Overview{ClusterID: "cdf818194e3a8c32", Revision: 48_211, CompactRevision: 46_900, Members: []etcdview.Member{member("m0", 0), member("m1", 0), member("m2", 120)},
		Alarms: []etcdview.Alarm{{Member: "8e9e05c52164694d", Type: "NOSPACE"}}}
	v.data.Members[0].Leader, v.data.Members[2].Learner = true, true
	v.data.Members[1] = etcdview.Member{ID: "91bc3c398fb3c146", Name: "m1", Err: "connection refused"}
	v.read, v.samples = screentest.Now, nil
	for i := range int64(90) { // an hour in which much was written, and compacted twice
		v.samples = append(v.samples, sample{screentest.Now.Add(time.Duration(i-90) * 40 * time.Second), 60_000_000 + i*266_000, 55_000_000 + i%31*200_000 + i*40_000})
	}
	v.fills = fills{bytes: true, total: fill{keys: 18_290, bytes: 58_400_000}, list: []fill{{"events", 14_200, 41_200_000}, {"pods", 1_210, 9_100_000},
		{"ephemeralreports.reports.kyverno.io", 2_400, 7_000_000}, {"secrets", 310, 800_000}, {"leases.coordination.k8s.io", 170, 300_000}}}
	v.leases = []etcdview.Lease{{ID: "694d1", TTL: 15, Remaining: 9, Keys: []string{"/registry/masterleases/10.0.0.1"}}, {ID: "694d2", TTL: 3660, Remaining: 1200, Keys: []string{"/registry/events/default/web.1", "/registry/events/default/web.2"}}}
	v.all = 2
	v.meter = &meter{}
	for i := range 90 {
		names := [dimensions]string{"leases.coordination.k8s.io", "kube-node-lease", fmt.Sprintf("leases/kube-node-lease/node-%d", i%3), "kubelet"}
		if i%4 == 0 {
			names = [dimensions]string{"pods", "default", "pods/default/web-6c4c55c5b9-2x7zk", "kube-scheduler"}
		}
		v.meter.count(screentest.Now.Add(-time.Duration(i)*time.Second/2), 1, names)
	}
	screentest.AllSizes(t, h, "overview", v)
}

func TestMeterCountsAMinute(t *testing.T) {
	h, v := newOverview(t)
	store := v.store
	for i := range 3 {
		if _, err := store.Client().Put(t.Context(), "/registry/pods/default/new", fixture.Pod(t, "new", fmt.Sprint("i:", i), "kubectl-set", 0)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Client().Delete(t.Context(), "/registry/pods/default/new"); err != nil {
		t.Fatal(err)
	}
	h.Time = time.Now() // a meter counts by the times of the events
	for deadline := time.After(30 * time.Second); ; {
		if _, total := v.meter.top(byResource, h.Time); total >= 4 {
			break
		}
		select {
		case <-v.meter.changed:
		case <-deadline:
			t.Fatal("the writes are not counted")
		}
	}
	for d, want := range map[dimension]string{byResource: "pods", byNamespace: "default", byKey: "pods/default/new", byWriter: "kubectl-set"} {
		if list, _ := v.meter.top(d, h.Time); list[0].name != want {
			t.Errorf("%s: %+v, want %s first", d, list, want)
		}
	}
	if list, total := v.meter.top(byKey, h.Time.Add(2*span*time.Second)); total != 0 || len(list) != 0 {
		t.Errorf("after two minutes there are still %d: %v", total, list)
	}
}

func press(d screen.Dialog, names ...string) {
	for _, n := range names {
		if n == "enter" {
			d.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
		} else {
			d.Update(tea.KeyPressMsg{Code: []rune(n)[0], Text: n})
		}
	}
}

func drawn(h *screentest.Host, d screen.Dialog) string {
	w, height := d.Size(110, 30)
	c := canvas.New(w, height, h.Styles().Raised)
	d.Draw(c)
	return c.String()
}

// confirm answers the last preview and returns what came of it.
func confirm(t *testing.T, h *screentest.Host, keys ...string) string {
	t.Helper()
	if len(h.Asked) == 0 {
		t.Fatalf("nothing is asked; said %v", h.Said)
	}
	h.Time = h.Time.Add(time.Second)
	d := h.Asked[len(h.Asked)-1]
	h.Asked = nil
	press(d, keys...)
	if len(h.Asked) == 0 {
		t.Fatalf("%v does nothing:\n%s", keys, drawn(h, d))
	}
	return drawn(h, h.Asked[0])
}

func TestCompactAndDefragment(t *testing.T) {
	h, v := newOverview(t)
	v.Do(actCompact)
	form := h.Asked[0]
	h.Asked = nil
	press(form, "enter") // the newest revision is offered
	if end := confirm(t, h, "y"); !strings.Contains(end, "the oldest revision is 20") {
		t.Error(end)
	}
	if v.data.CompactRevision != 20 {
		t.Errorf("after it revisions are kept from %d", v.data.CompactRevision)
	}
	h.Asked = nil
	v.Do(actDefragment)
	if end := confirm(t, h, "y"); !strings.Contains(end, "defragmented 1 member") || !strings.Contains(end, "→") {
		t.Error(end)
	}
	h.Asked = nil
	v.Do(actRemove)
	if len(h.Asked) != 0 || !strings.Contains(h.Said[len(h.Said)-1].Text, "only voting member") {
		t.Errorf("to remove the only member asks %v and says %v", h.Asked, h.Said)
	}
	done, err := openDone(v.scope, access.Done{})
	if err != nil {
		t.Fatal(err)
	}
	text := screentest.Draw(h, done, 120, 30).String()
	for _, want := range []string{"compact", "defrag", "● done", "2 entries"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
}

func TestOperations(t *testing.T) {
	h, s := fixture.New(t)
	opened, err := openDone(s, access.Done{})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*done)
	if text := screentest.Draw(h, v, 80, 24).String(); !strings.Contains(text, "nothing was done to etcd from here") {
		t.Error(text)
	}
	v.journal = &operate.Journal{File: "/data/etcd-operations.jsonl"}
	v.entries = []operate.Entry{
		{Time: screentest.Now.Add(-time.Minute), User: "jane", Etcd: "prod", Operation: "member remove", Target: "m2", State: operate.Failed, Error: "etcd: remove m2: unhealthy cluster", Preview: []string{"remove m2 (8e9e05c52164694d) for good"}},
		{Time: screentest.Now.Add(-time.Hour), User: "jane", Etcd: "prod", Operation: "defrag", State: operate.Done, Result: "defragmented 3 members"},
		{Time: screentest.Now.Add(-48 * time.Hour), User: "ci", Etcd: "prod", Operation: "compact", Target: "46900", State: operate.Begun},
	}
	v.show()
	screentest.AllSizes(t, h, "operations", v)
}

func TestSnapshotIsSavedAndChecked(t *testing.T) {
	h, v := newOverview(t)
	file := filepath.Join(t.TempDir(), "s.db")
	v.Do(actSnapshot)
	form := h.Asked[0]
	h.Asked = nil
	for range 40 {
		form.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	form.Update(tea.PasteMsg{Content: file})
	press(form, "enter")
	if end := drawn(h, h.Asked[0]); !strings.Contains(end, "its checksum is right") {
		t.Error(end)
	}
	if st, err := os.Stat(file); err != nil || st.Size() < 1000 {
		t.Errorf("%v, %v", st, err)
	}
	j, err := gate.Journal(v.scope)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := j.Entries(); err != nil || len(list) == 0 || list[len(list)-1].Operation != "snapshot save" || list[len(list)-1].Target != file || list[len(list)-1].State != operate.Done {
		t.Errorf("it is recorded as %+v, %v", list, err)
	}
}

func TestLeases(t *testing.T) {
	h, s := fixture.New(t)
	client := s.Cluster().Etcd()
	for i, ttl := range []int64{600, 60} {
		l, err := client.Grant(t.Context(), ttl)
		if err != nil {
			t.Fatal(err)
		}
		for k := range i + 1 {
			if _, err := client.Put(t.Context(), fmt.Sprintf("/leased/%d-%d", i, k), "x", clientv3.WithLease(l.ID)); err != nil {
				t.Fatal(err)
			}
		}
	}
	opened, err := openLeases(s, access.Leases{})
	if err != nil {
		t.Fatal(err)
	}
	v := opened.(*leases)
	v.list[0].ID, v.list[1].ID, v.list[0].Remaining, v.list[1].Remaining = "694d8e1", "694d8e2", 58, 597
	screentest.AllSizes(t, h, "leases", v)
	h.Time = h.Time.Add(56 * time.Second)
	if text := screentest.Draw(h, v, 100, 10).String(); !strings.Contains(text, "2s") {
		t.Errorf("it does not count down:\n%s", text)
	}
	if err := v.Filter("0-0"); err != nil || len(v.shown) != 1 {
		t.Errorf("%d leases have 0-0", len(v.shown))
	}
	v.Do(actOpen)
	if k, ok := h.Opened[0].(access.Key); !ok || k.Path != "/leased/0-0" {
		t.Errorf("enter leads to %v", h.Opened)
	}
	v.ask(false)
	if err := v.Filter("1-1"); err != nil {
		t.Fatal(err)
	}
	v.Do(actRevoke)
	if end := confirm(t, h, "2", "enter"); !strings.Contains(end, "has ended, with 2 keys") {
		t.Error(end)
	}
	if n, err := v.store.Counts(t.Context(), []string{"/leased/"}, 0); err != nil || n[0] != 1 {
		t.Errorf("%v keys are left, %v", n, err)
	}
}

func TestUsersAndRoles(t *testing.T) {
	h, s := fixture.New(t)
	c := s.Cluster().Etcd()
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	do(c.RoleAdd(ctx, "reader"))
	do(c.RoleGrantPermission(ctx, "reader", "/config/", clientv3.GetPrefixRangeEnd("/config/"), clientv3.PermissionType(clientv3.PermRead)))
	do(c.UserAdd(ctx, "jane", "secret"))
	do(c.UserGrantRole(ctx, "jane", "reader"))
	v, err := openUsers(s, access.Users{})
	if err != nil {
		t.Fatal(err)
	}
	screentest.AllSizes(t, h, "users", v)
}

func TestKeyTables(t *testing.T) {
	for name, table := range Module().Keys {
		if err := table.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
