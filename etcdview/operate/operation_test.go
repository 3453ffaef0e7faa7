package operate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/etcdview/operate"
)

func do(t *testing.T, op *operate.Operation, err error) (string, []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	result, err := op.Do(t.Context(), filepath.Join(t.TempDir(), "undo"), func(s string) { steps = append(steps, s) })
	if err != nil {
		t.Fatal(err)
	}
	return result, steps
}

func refused(t *testing.T, why string, op *operate.Operation, err error) {
	t.Helper()
	if !errors.Is(err, operate.ErrRefused) || !strings.Contains(err.Error(), why) {
		t.Errorf("not refused for %q: %v, %v", why, op, err)
	}
}

// TestMembers takes a cluster of three to four and back, and sees every change that would cost the quorum refused.
func TestMembers(t *testing.T) {
	t.Parallel()
	c := etcdtest.StartCluster(t, 3, func(c *embed.Config) { c.StrictReconfigCheck = false }) // it wants members to be connected for 5 s
	client := c.Client(t)
	s := etcdview.New(client)
	ctx := t.Context()
	const peer = "http://127.0.0.1:1"

	o, err := operate.PlanMemberAdd(ctx, s, "m1", []string{peer}, true)
	refused(t, "already", o, err)
	o, err = operate.PlanMemberAdd(ctx, s, "m3", []string{"127.0.0.1"}, true)
	refused(t, "peer URL", o, err)
	o, err = operate.PlanMemberAdd(ctx, s, "m3", []string{peer}, true)
	result, steps := do(t, o, err)
	if !strings.Contains(result, "added m3") || !slices.Contains(steps, "ETCD_INITIAL_CLUSTER_STATE=existing") || !strings.Contains(strings.Join(steps, "\n"), "m3="+peer) {
		t.Errorf("%s\n%s", result, strings.Join(steps, "\n"))
	}
	overview, err := s.Overview(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(overview.Members, func(m etcdview.Member) bool { return m.Learner })
	if i < 0 {
		t.Fatalf("no learner: %+v", overview.Members)
	}
	learner := overview.Members[i].ID
	o, err = operate.PlanMemberPromote(ctx, s, learner)
	refused(t, "does not answer", o, err)
	o, err = operate.PlanMemberPromote(ctx, s, "m0")
	refused(t, "votes already", o, err)
	o, err = operate.PlanMoveLeader(ctx, s, learner)
	refused(t, "is a learner", o, err)
	o, err = operate.PlanMemberUpdate(ctx, s, learner, []string{peer})
	refused(t, "already", o, err)
	o, err = operate.PlanMemberUpdate(ctx, s, learner, []string{"http://127.0.0.1:2"})
	if result, _ = do(t, o, err); !strings.Contains(result, "http://127.0.0.1:2") {
		t.Error(result)
	}
	o, err = operate.PlanMemberRemove(ctx, s, learner)
	if o != nil && o.Confirm != learner {
		t.Errorf("confirmed by %q", o.Confirm)
	}
	do(t, o, err)
	if _, err = operate.PlanMemberRemove(ctx, s, learner); err == nil || !strings.Contains(err.Error(), "there are m0, m1, m2") {
		t.Errorf("the removed one is there: %v", err)
	}

	// Of two that are left of three, none may go, and no voter may come.
	c.Members[2].Stop()
	o, err = operate.PlanMemberRemove(ctx, s, "m0")
	refused(t, "nothing could be written", o, err)
	o, err = operate.PlanMemberAdd(ctx, s, "m3", []string{peer}, false)
	refused(t, "learner", o, err)
	o, err = operate.PlanDefragment(ctx, s)
	refused(t, "m2 does not answer", o, err)
	o, err = operate.PlanMemberRemove(ctx, s, "m2")
	do(t, o, err)
}

// TestDefragmentation does the followers first, whoever leads by then, and stops where a member does not come back.
func TestDefragmentation(t *testing.T) {
	t.Parallel()
	c := etcdtest.StartCluster(t, 3)
	s := etcdview.New(c.Client(t))
	ctx := t.Context()
	leader := func() (name string) {
		t.Helper()
		o, err := s.Overview(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range o.Members {
			if m.Leader {
				name = m.Name
			}
		}
		return name
	}
	op, err := operate.PlanDefragment(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	next := "m0"
	if leader() == next {
		next = "m1"
	}
	move, err := operate.PlanMoveLeader(ctx, s, next) // while somebody reads the preview
	do(t, move, err)
	result, steps := do(t, op, nil)
	if result != "defragmented 3 members" || len(steps) != 3 || !strings.HasPrefix(steps[2], next+": ") {
		t.Errorf("%s leads: %s, %q", next, result, steps)
	}

	op, err = operate.PlanDefragment(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	steps = nil
	_, err = op.Do(ctx, "", func(step string) {
		steps = append(steps, step)
		for i, m := range c.Members { // the other follower goes
			if name := fmt.Sprint("m", i); name != leader() && !strings.HasPrefix(step, name+":") {
				m.Stop()
				return
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "1 of 3 done") || len(steps) != 1 {
		t.Errorf("a member has gone: %v, %q", err, steps)
	}
}

func TestOnlyMember(t *testing.T) {
	t.Parallel()
	s := etcdview.New(etcdtest.Start(t).Client(t))
	o, err := operate.PlanMemberRemove(t.Context(), s, "default")
	refused(t, "only voting member", o, err)
	o, err = operate.PlanMemberAdd(t.Context(), s, "second", []string{"http://127.0.0.1:1"}, false)
	refused(t, "learner", o, err)
}

func TestLeases(t *testing.T) {
	t.Parallel()
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	ctx := t.Context()
	o, err := operate.PlanLeaseGrant(s, time.Millisecond)
	refused(t, "a second", o, err)
	o, err = operate.PlanLeaseGrant(s, 1000*time.Second)
	result, _ := do(t, o, err)
	id, _, _ := strings.Cut(strings.TrimPrefix(result, "lease "), " ")
	leases, _, err := s.Leases(ctx, 10)
	if err != nil || len(leases) != 1 || leases[0].ID != id || leases[0].TTL != 1000 {
		t.Fatalf("%+v %v, not %s", leases, err, id)
	}
	o, err = operate.PlanLeaseKeepAlive(ctx, s, id, true)
	if result, _ = do(t, o, err); !strings.Contains(result, "renewed once") {
		t.Error(result)
	}
	o, err = operate.PlanLeaseKeepAlive(ctx, s, id, false)
	if err != nil {
		t.Fatal(err)
	}
	until, cancel := context.WithCancel(ctx)
	if result, err = o.Do(until, "", func(string) { cancel() }); err != nil || !strings.Contains(result, "renewed") {
		t.Error(result, err)
	}
	list, _, _ := s.Leases(ctx, 10)
	n := mustLease(t, list[0].ID)
	for _, k := range []string{"a", "b\x00"} {
		if _, err := c.Put(ctx, k, "value of "+k, clientv3.WithLease(n)); err != nil {
			t.Fatal(err)
		}
	}
	if o, err = operate.PlanLeaseRevoke(ctx, s, id); err != nil || o.Confirm != "2" || len(o.Deletes) != 2 {
		t.Fatalf("%+v, %v", o, err)
	}
	undo := filepath.Join(t.TempDir(), "undo")
	if _, err := c.Put(ctx, "c", "", clientv3.WithLease(n)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Do(ctx, undo+"0", nil); !errors.Is(err, operate.ErrChanged) {
		t.Errorf("another key on it: %v", err)
	}
	if o, err = operate.PlanLeaseRevoke(ctx, s, id); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(undo+"1", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Do(ctx, undo+"1", nil); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("without an undo file: %v", err)
	}
	if _, err := o.Do(ctx, undo, nil); err != nil {
		t.Fatal(err)
	}
	if kvs, _ := s.Counts(ctx, []string{""}, 0); kvs[0] != 0 {
		t.Errorf("%d keys are left", kvs[0])
	}
	if _, err := operate.PlanLeaseRevoke(ctx, s, id); !errors.Is(err, etcdview.ErrNotFound) {
		t.Errorf("a lease that has ended: %v", err)
	}
	p, err := operate.PlanUndo(ctx, s, undo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operate.Apply(ctx, s, p, undo+"2"); err != nil {
		t.Fatal(err)
	}
	if kv, err := s.Get(ctx, "b\x00", 0); err != nil || string(kv.Value) != "value of b\x00" {
		t.Errorf("%+v, %v", kv, err)
	}
	for _, bad := range []string{"", "0", "xyz", "-1", "ffffffffffffffff0"} {
		if _, err := operate.PlanLeaseRevoke(ctx, s, bad); err == nil || !strings.Contains(err.Error(), "no lease") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func mustLease(t *testing.T, id string) clientv3.LeaseID {
	t.Helper()
	n, err := operate.LeaseID(id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestJournal(t *testing.T) {
	t.Parallel()
	j := operate.Journal{File: filepath.Join(t.TempDir(), "d", operate.JournalName)}
	if list, err := j.Entries(); err != nil || list != nil {
		t.Fatal(list, err)
	}
	if r, err := j.Record(operate.Entry{Operation: "put", Target: "/k"}, func() (string, error) {
		list, err := j.Entries()
		if err != nil || len(list) != 1 || list[0].State != operate.Begun {
			t.Errorf("while it is done: %+v, %v", list, err)
		}
		return "fine", nil
	}); r != "fine" || err != nil {
		t.Fatal(r, err)
	}
	bad := errors.New("bad luck")
	if _, err := j.Record(operate.Entry{Operation: "defrag"}, func() (string, error) { return "", bad }); !errors.Is(err, bad) {
		t.Fatal(err)
	}
	f, err := os.OpenFile(j.File, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("{\"torn"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	list, err := j.Entries()
	if err != nil || len(list) != 2 || list[0].State != operate.Done || list[0].Result != "fine" || list[1].State != operate.Failed || list[1].Error != "bad luck" || list[0].User == "" {
		t.Errorf("%+v, %v", list, err)
	}
	if st, err := os.Stat(j.File); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st, err)
	}
	nowhere := operate.Journal{File: filepath.Join(j.File, "x")}
	if _, err := nowhere.Record(operate.Entry{}, func() (string, error) {
		t.Error("done without a record")
		return "", nil
	}); err == nil {
		t.Error("recorded nowhere")
	}
}

// FuzzFiles reads any bytes as an undo file and as a journal.
func FuzzFiles(f *testing.F) {
	f.Add([]byte(`{"key":"YQ==","existed":true,"value":"Yg==","lease":7,"time":"2026-01-01T00:00:00Z"}` + "\n"))
	f.Add([]byte(`{"id":"1","operation":"put","state":"begun"}` + "\n" + `{"id":"1","state":"done"}` + "\n{\"torn"))
	f.Add([]byte("null\n[]\n7\n"))
	e := etcdtest.Start(f)
	s := etcdview.New(e.Client(f))
	file := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j := operate.Journal{File: file}
		if _, err := j.Entries(); err != nil {
			t.Error(err)
		}
		p, err := operate.PlanUndo(t.Context(), s, file)
		if err == nil && p == nil {
			t.Error("neither a plan nor an error")
		}
	})
}
