package operate_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/etcdview/operate"
)

// fill writes keys until there is no space for any more, and says how many there were.
func fill(t *testing.T, c *clientv3.Client, key func(i int) string) int {
	t.Helper()
	value := strings.Repeat("x", 20_000)
	for i := range 10_000 {
		if _, err := c.Put(t.Context(), key(i), value); errors.Is(err, rpctypes.ErrNoSpace) {
			return i
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("it does not fill")
	return 0
}

// TestReclaim fills a database to its quota: with old revisions, which compacting frees, and then with keys, which must be
// deleted first.
func TestReclaim(t *testing.T) {
	c := etcdtest.StartCluster(t, 1, func(cfg *embed.Config) { cfg.QuotaBackendBytes = 4 << 20 }).Client(t)
	s := etcdview.New(c)
	fill(t, c, func(int) string { return "/app/same" })
	reclaim := func() (string, error) {
		t.Helper()
		op, err := operate.PlanReclaim(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(op.Preview, "\n"); op.Confirm != "yes" || !strings.Contains(text, "1. compact") || !strings.Contains(text, "take NOSPACE back") {
			t.Errorf("the preview says\n%s", text)
		}
		return op.Do(t.Context(), "", nil)
	}
	result, err := reclaim()
	if err != nil || !strings.Contains(result, "alarms taken back") {
		t.Fatalf("%s, %v", result, err)
	}
	if _, err := c.Put(t.Context(), "/app/after", "v"); err != nil {
		t.Fatal(err)
	}

	n := fill(t, c, func(i int) string { return fmt.Sprintf("/flood/%05d", i) })
	if _, err := reclaim(); err == nil || !strings.Contains(err.Error(), "see what fills it") {
		t.Fatalf("full of keys: %v", err)
	}
	op, example, err := operate.PlanPurge(t.Context(), s, "", "/flood/")
	if err != nil || example != "/flood/00000" || op.Confirm != fmt.Sprint(n) {
		t.Fatalf("%+v, %s, %v", op, example, err)
	}
	undo := filepath.Join(t.TempDir(), "undo")
	if result, err = op.Do(t.Context(), undo, nil); err != nil || result != fmt.Sprintf("deleted %d keys", n) {
		t.Fatalf("%s, %v", result, err)
	}
	if result, err = reclaim(); err != nil {
		t.Fatalf("%s, %v", result, err)
	}
	p, err := operate.PlanUndo(t.Context(), s, undo)
	if err != nil || len(p.Changes) != n || p.Changes[0].Key != "/flood/00000" || len(p.Changes[0].New) != 20_000 {
		t.Errorf("%d are in the undo file, %v", len(p.Changes), err)
	}
}

// TestPurgeLeavesWhatWasWrittenSince deletes more keys than fit into a transaction, of which some are written after it was
// planned.
func TestPurgeLeavesWhatWasWrittenSince(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	put := func(i int, v string) {
		t.Helper()
		if _, err := c.Put(t.Context(), fmt.Sprintf("/k/%03d", i), v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 250 {
		put(i, "old")
	}
	op, _, err := operate.PlanPurge(t.Context(), s, "", "/k/")
	if err != nil {
		t.Fatal(err)
	}
	put(7, "new")
	put(249, "new")
	put(300, "new")
	result, err := op.Do(t.Context(), filepath.Join(t.TempDir(), "undo"), nil)
	if err != nil || result != "deleted 248 keys; 3 keys written meanwhile stay" {
		t.Errorf("%s, %v", result, err)
	}
	p, err := s.Page(t.Context(), etcdview.PageOptions{Prefix: "/k/"})
	if err != nil || len(p.KVs) != 3 {
		t.Errorf("%d stay, %v", len(p.KVs), err)
	}
	for key, want := range map[string]string{"/registry/pods/a/b": "/registry/pods/a/b", "/custom/pods/a/b": "/custom/pods/a/b"} {
		if _, err := c.Put(t.Context(), key, "x"); err != nil {
			t.Fatal(err)
		}
		if _, example, err := operate.PlanPurge(t.Context(), s, "/custom", "/"); err != nil || example != want {
			t.Errorf("%s goes too, and the example is %s, %v", key, example, err)
		}
		if _, err := c.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := operate.PlanPurge(t.Context(), s, "", ""); !errors.Is(err, operate.ErrRefused) {
		t.Errorf("without a prefix: %v", err)
	}
}
