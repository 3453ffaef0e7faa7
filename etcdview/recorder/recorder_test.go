package recorder

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

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

// record runs a recorder until it has reached a revision.
func record(t *testing.T, s *etcdview.Store, dir string, o Options, upTo func() int64) {
	t.Helper()
	r, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, s) }()
	want := upTo()
	for deadline := time.Now().Add(30 * time.Second); ; {
		r.mu.Lock()
		last := r.last
		r.mu.Unlock()
		if last >= want {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("recorded up to %d, not %d", last, want)
		}
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestHistoryBeyondCompaction(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	ctx := t.Context()
	put := func(v string) int64 {
		r, err := c.Put(ctx, "k", v)
		if err != nil {
			t.Fatal(err)
		}
		return r.Header.Revision
	}
	dir := filepath.Join(t.TempDir(), "history")
	put("0")
	record(t, s, dir, Options{}, func() int64 { put("1"); return put("2") })
	missed := put("3")
	kept := put("4")
	if _, err := c.Compact(ctx, kept); err != nil {
		t.Fatal(err)
	}
	record(t, s, dir, Options{}, func() int64 {
		if _, err := c.Delete(ctx, "k"); err != nil {
			t.Fatal(err)
		}
		return put("5")
	})
	if _, err := c.Compact(ctx, put("6")); err != nil {
		t.Fatal(err)
	}

	r, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.History(ctx, "k", etcdview.HistoryOptions{})
	if err != nil || len(h.Revisions) != 1 {
		t.Fatalf("etcd alone has %+v, %v", h, err)
	}
	if err := r.Extend(&h, etcdview.HistoryOptions{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range h.Revisions {
		v := string(x.Value)
		if x.Deleted {
			v = "deleted"
		}
		got = append(got, v)
	}
	if want := []string{"6", "5", "deleted", "4", "2", "1", "0"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !slices.Equal(h.Gaps, []etcdview.Gap{{From: missed, To: kept}}) {
		t.Errorf("gaps %+v, want %d to %d", h.Gaps, missed, kept)
	}
	for _, f := range glob(t, dir) {
		if st, err := os.Stat(f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, st, err)
		}
	}
}

func TestBoundedAndTorn(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	dir := filepath.Join(t.TempDir(), "history")
	const limit = 3 * segmentSize
	record(t, s, dir, Options{Bytes: limit}, func() int64 {
		var rev int64
		for i := range 40 {
			r, err := c.Put(t.Context(), fmt.Sprint("k", i%2), strings.Repeat("x", 1<<20))
			if err != nil {
				t.Fatal(err)
			}
			rev = r.Header.Revision
		}
		return rev
	})
	r, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, bytes := r.Stats()
	if bytes > limit+segmentSize || n < 10 || n >= 40 {
		t.Errorf("%d changes of %d bytes are kept", n, bytes)
	}
	newest := glob(t, dir)
	last := newest[len(newest)-1]
	st, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, st.Size()-10); err != nil {
		t.Fatal(err)
	}
	torn, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := torn.Stats(); m != n-1 {
		t.Errorf("%d changes are left of %d after the last was torn", m, n)
	}
	if h, err := torn.History("k0", 0, 1); err != nil || len(h) != 1 || len(h[0].Value) != 1<<20 {
		t.Errorf("%d, %v", len(h), err)
	}
}

func glob(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.rec"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

// TestAnotherStore records an etcd in the place of another: nothing of the first is mixed in.
func TestAnotherStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "history")
	first := etcdtest.Start(t).Client(t)
	record(t, etcdview.New(first), dir, Options{}, func() int64 {
		var rev int64
		for range 5 {
			r, err := first.Put(t.Context(), "k", "first")
			if err != nil {
				t.Fatal(err)
			}
			rev = r.Header.Revision
		}
		return rev
	})
	reader, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	second := etcdtest.Start(t).Client(t)
	s := etcdview.New(second)
	if same, err := reader.Matches(t.Context(), etcdview.New(first)); !same || err != nil {
		t.Errorf("the recorded etcd does not match: %v", err)
	}
	if same, err := reader.Matches(t.Context(), s); same || err != nil {
		t.Errorf("an empty etcd matches: %v", err)
	}
	var rev int64
	for _, k := range []string{"x", "x", "x", "k", "x", "x", "x"} {
		r, err := second.Put(t.Context(), k, "second")
		if err != nil {
			t.Fatal(err)
		}
		rev = r.Header.Revision
	}
	record(t, s, dir, Options{}, func() int64 { return rev })
	if err := reader.Refresh(); err != nil {
		t.Fatal(err)
	}
	if h, err := reader.History("k", 0, 10); err != nil || len(h) != 1 || string(h[0].Value) != "second" {
		t.Errorf("%+v, %v", h, err)
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "of-another-etcd", "*.rec")); err != nil || len(aside) != 1 {
		t.Errorf("what was recorded of the first is not kept: %v, %v", aside, err)
	}
}

// TestPrefix leaves no gap where only other keys have changed.
func TestPrefix(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	dir := filepath.Join(t.TempDir(), "history")
	put := func(k string) int64 {
		r, err := c.Put(t.Context(), k, "v")
		if err != nil {
			t.Fatal(err)
		}
		return r.Header.Revision
	}
	record(t, s, dir, Options{Prefix: "/a/"}, func() int64 { put("/b/1"); return put("/a/1") })
	r, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if sum := r.Summary(); sum.Keys != 1 || sum.Changes != 1 || len(sum.Gaps) != 0 || sum.Since.IsZero() {
		t.Errorf("%+v", sum)
	}
}

func FuzzChange(f *testing.F) {
	f.Add((&change{time: time.UnixMilli(1), kv: etcdview.KV{Key: "k", Value: []byte("v"), ModRevision: 3}}).encode())
	f.Add((&change{gap: &etcdview.Gap{From: 1, To: 9}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := decodeChange(b)
		if !ok {
			return
		}
		again, ok := decodeChange(c.encode())
		if !ok || again.kv.Key != c.kv.Key || string(again.kv.Value) != string(c.kv.Value) || again.rev() != c.rev() || again.deleted != c.deleted {
			t.Errorf("%+v became %+v", c, again)
		}
	})
}
