package offline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/etcdview/offline"
	"github.com/podarium/podarium/etcdview/operate"
)

// saved is a snapshot of an etcd with some history, and that etcd.
func saved(t testing.TB) (*etcdview.Store, string) {
	t.Helper()
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Put(ctx, "/registry/pods/a/early", "compacted away"))
	must(c.Put(ctx, "/registry/pods/a/early", "kept"))
	r, err := c.Put(ctx, "/registry/pods/a/x", "1")
	must(r, err)
	must(c.Put(ctx, "/registry/pods/a/x", "2"))
	must(c.Put(ctx, "/registry/pods/b/gone", "was here"))
	must(c.Delete(ctx, "/registry/pods/b/gone"))
	must(c.Put(ctx, "/registry/pods", "named like a directory"))
	must(c.Txn(ctx).Then(clientv3.OpPut("\xff\x00", "bytes"), clientv3.OpPut("plain", "text")).Commit())
	lease, err := c.Grant(ctx, 1000)
	must(lease, err)
	must(c.Put(ctx, "leased", "v", clientv3.WithLease(lease.ID)))
	must(c.Compact(ctx, r.Header.Revision))
	path := filepath.Join(t.TempDir(), "snapshot.db")
	if _, err := operate.SaveSnapshot(ctx, s, path, operate.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	return s, path
}

// TestSameAsRunning reads everything from a snapshot and from the etcd that it is of, and compares.
func TestSameAsRunning(t *testing.T) {
	s, path := saved(t)
	d, err := offline.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx := t.Context()
	now, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, stop, err := d.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	served := etcdview.New(c)
	if _, err := c.Put(ctx, "k", "v"); err == nil {
		t.Error("a file was written to")
	}
	if o, err := served.Overview(ctx); err != nil || len(o.Members) != 1 || o.Members[0].Err != "" {
		t.Errorf("overview of a file: %+v, %v", o, err)
	}
	same := func(what string, r etcdview.Reader, f func(etcdview.Reader) (any, error)) {
		t.Helper()
		want, err1 := f(s)
		got, err2 := f(r)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || (err1 == nil) != (err2 == nil) {
			t.Errorf("%s: the file has %+v, %v; etcd %+v, %v", what, got, err2, want, err1)
		}
		for _, sentinel := range []error{etcdview.ErrNotFound, etcdview.ErrCompacted} {
			if errors.Is(err1, sentinel) != errors.Is(err2, sentinel) {
				t.Errorf("%s: errors differ: %v, %v", what, err2, err1)
			}
		}
	}
	both := func(what string, f func(etcdview.Reader) (any, error)) {
		t.Helper()
		same(what, d, f)
		same(what+", served", served, f)
	}
	keys := []string{"/registry/pods/a/early", "/registry/pods/a/x", "/registry/pods/b/gone", "/registry/pods", "\xff\x00", "plain", "leased", "none"}
	for rev := int64(0); rev <= now+1; rev++ {
		for _, k := range keys {
			both(fmt.Sprintf("get %q at %d", k, rev), func(r etcdview.Reader) (any, error) { return r.Get(ctx, k, rev) })
		}
		for _, limit := range []int{1, 2, 100} {
			for _, dir := range []string{"", "/", "/registry/", "/registry/pods/", "/none/"} {
				both(fmt.Sprintf("children of %q at %d by %d", dir, rev, limit), func(r etcdview.Reader) (any, error) {
					var names []string
					for from, first := "", true; first || from != ""; first = false {
						c, err := r.Children(ctx, etcdview.ChildrenOptions{Dir: dir, From: from, Revision: rev, Limit: limit})
						if err != nil {
							return nil, err
						}
						for _, n := range c.Nodes {
							names = append(names, fmt.Sprint(n.Path, n.Dir, n.KV.Version))
						}
						from = c.Next
					}
					return names, nil
				})
			}
		}
		both(fmt.Sprint("scan at ", rev), func(r etcdview.Reader) (any, error) {
			var all []etcdview.KV
			_, err := r.Scan(ctx, etcdview.PageOptions{Revision: rev}, func(kv etcdview.KV) error { all = append(all, kv); return nil })
			return all, err
		})
		both(fmt.Sprint("counts at ", rev), func(r etcdview.Reader) (any, error) {
			return r.Counts(ctx, []string{"", "/registry/pods/", "none"}, rev)
		})
	}
	for _, k := range keys {
		both("history of "+k, func(r etcdview.Reader) (any, error) {
			h, err := r.History(ctx, k, etcdview.HistoryOptions{})
			return fmt.Sprint(h.Revisions), err
		})
	}
}

func TestRefused(t *testing.T) {
	server := etcdtest.Start(t)
	if _, err := offline.Open(t.Context(), filepath.Join(server.Dir, "member", "snap", "db")); !errors.Is(err, offline.ErrInUse) {
		t.Errorf("a database in use: %v", err)
	}
	_, path := saved(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, p := range []string{file("empty", nil), file("text", bytes.Repeat([]byte("not a database\n"), 1000)), file("short", whole[:len(whole)/3]), filepath.Join(dir, "none"), dir} {
		if d, err := offline.Open(t.Context(), p); err == nil {
			d.Close()
			t.Errorf("%s was opened", p)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(whole, after) {
		t.Errorf("the file was changed: %v", err)
	}
}

// TestDamaged overwrites parts of a file and reads all of it: errors are fine, panics are not.
func TestDamaged(t *testing.T) {
	_, path := saved(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for at := 0; at < len(whole); at += 509 {
		b := slices.Clone(whole)
		for i := at; i < min(at+64, len(b)); i++ {
			b[i] ^= 0xa5
		}
		p := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := offline.Open(t.Context(), p)
		if err != nil {
			continue
		}
		opened++
		_, _ = d.Scan(context.Background(), etcdview.PageOptions{}, func(kv etcdview.KV) error {
			_, _ = d.History(context.Background(), kv.Key, etcdview.HistoryOptions{})
			return nil
		})
		d.Close()
	}
	if opened == 0 {
		t.Error("no damage was survived: the test damages too much to show anything")
	}
}

// TestSnapshotIsCheckedByItsChecksum turns one bit of a value: the database is whole, and what it holds is not.
func TestSnapshotIsCheckedByItsChecksum(t *testing.T) {
	server := etcdtest.Start(t)
	c := server.Client(t)
	if _, err := c.Put(t.Context(), "/k", strings.Repeat("value", 100)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.db")
	if _, err := operate.SaveSnapshot(t.Context(), etcdview.New(c), path, operate.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	db, err := offline.OpenSnapshot(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("valuevalue"))] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offline.OpenSnapshot(t.Context(), path); !errors.Is(err, offline.ErrDamaged) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a changed value is not noticed: %v", err)
	}
	db, err = offline.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("as a database it cannot be read: %v", err)
	}
	db.Close()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offline.OpenSnapshot(t.Context(), path); !errors.Is(err, offline.ErrDamaged) || !strings.Contains(err.Error(), "empty") {
		t.Error(err)
	}
}
