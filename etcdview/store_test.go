package etcdview_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func put(t testing.TB, c *clientv3.Client, kv ...string) int64 {
	t.Helper()
	var rev int64
	for i := 0; i < len(kv); i += 2 {
		r, err := c.Put(t.Context(), kv[i], kv[i+1])
		if err != nil {
			t.Fatal(err)
		}
		rev = r.Header.Revision
	}
	return rev
}

func TestReading(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	ctx := t.Context()
	put(t, c, "compact_rev_key", "1", "/registry/pods/a/x", "1", "/registry/pods/a/y", "2", "/registry/pods/b/x", "3",
		"/registry/minions/n", "4", "/registry/pods", "a key named like a directory", "/registry/pods-old", "5", "\xff\x00bin", "6")
	for i := range 700 {
		put(t, c, fmt.Sprintf("/registry/events/ns/%03d", i), "e")
	}
	before, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("tree", func(t *testing.T) {
		for dir, want := range map[string][]string{
			"":                  {"/", "compact_rev_key", "\xff\x00bin"},
			"/":                 {"/registry/"},
			"/registry/":        {"/registry/events/", "/registry/minions/", "/registry/pods", "/registry/pods-old", "/registry/pods/"},
			"/registry/pods/":   {"/registry/pods/a/", "/registry/pods/b/"},
			"/registry/pods/a/": {"/registry/pods/a/x", "/registry/pods/a/y"},
			"/none/":            nil,
		} {
			for limit := range 4 { // every paging gives the same
				var got []string
				for from, first := "", true; first || from != ""; first = false {
					ch, err := s.Children(ctx, etcdview.ChildrenOptions{Dir: dir, From: from, Limit: limit})
					if err != nil {
						t.Fatal(err)
					}
					for _, n := range ch.Nodes {
						got = append(got, n.Path)
						if n.Dir == (n.KV.Version > 0) {
							t.Errorf("%q: a key has metadata, a directory none: %+v", n.Path, n)
						}
					}
					from = ch.Next
				}
				if !slices.Equal(got, want) {
					t.Errorf("children of %q by %d: %q, want %q", dir, limit, got, want)
				}
			}
		}
		if d, err := s.OnlyDir(ctx, "/", 0); err != nil || d != "/registry/" {
			t.Errorf("OnlyDir: %q, %v", d, err)
		}
		n := 0
		for from, first := "", true; first || from != ""; first = false {
			ch, err := s.Children(ctx, etcdview.ChildrenOptions{Dir: "/registry/events/ns/", From: from, Limit: 300})
			if err != nil {
				t.Fatal(err)
			}
			n, from = n+len(ch.Nodes), ch.Next
		}
		if n != 700 {
			t.Errorf("700 events are listed as %d", n)
		}
	})
	t.Run("counts", func(t *testing.T) {
		got, err := s.Counts(ctx, []string{"", "/registry/pods/", "/registry/events/", "/none"}, 0)
		if err != nil || !slices.Equal(got, []int64{708, 3, 700, 0}) {
			t.Errorf("counts %v, %v", got, err)
		}
	})
	t.Run("pages and scan", func(t *testing.T) {
		var pages []string
		for from, first := "", true; first || from != ""; first = false {
			p, err := s.Page(ctx, etcdview.PageOptions{Prefix: "/registry/", From: from, Limit: 100, Revision: before})
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range p.KVs {
				pages = append(pages, kv.Key+"="+string(kv.Value))
			}
			from = p.Next
		}
		var scanned []string
		rev, err := s.Scan(ctx, etcdview.PageOptions{Prefix: "/registry/"}, func(kv etcdview.KV) error {
			scanned = append(scanned, kv.Key+"="+string(kv.Value))
			return nil
		})
		if err != nil || rev < before || len(scanned) != 706 || !slices.Equal(pages, scanned) {
			t.Errorf("scan of %d keys at %d, pages of %d, %v", len(scanned), rev, len(pages), err)
		}
		stop := errors.New("stop")
		if _, err := s.Scan(ctx, etcdview.PageOptions{}, func(etcdview.KV) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("a receiver's error: %v", err)
		}
	})
	t.Run("get", func(t *testing.T) {
		kv, err := s.Get(ctx, "\xff\x00bin", 0)
		if err != nil || string(kv.Value) != "6" || kv.Version != 1 {
			t.Errorf("%+v, %v", kv, err)
		}
		if _, err := s.Get(ctx, "/none", 0); !errors.Is(err, etcdview.ErrNotFound) {
			t.Errorf("a key that is not there: %v", err)
		}
	})
}

func TestHistory(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	ctx := t.Context()
	put(t, c, "k", "1", "other", "x", "k", "2")
	if _, err := c.Delete(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	lived := put(t, c, "k", "3", "k", "4")
	states := func(h etcdview.History) (got []string) {
		for _, r := range h.Revisions {
			if r.Deleted {
				got = append(got, "deleted")
			} else {
				got = append(got, string(r.Value))
			}
		}
		return got
	}
	h, err := s.History(ctx, "k", etcdview.HistoryOptions{})
	if err != nil || !slices.Equal(states(h), []string{"4", "3", "deleted", "2", "1"}) || !h.Complete {
		t.Errorf("history %v, %+v, %v", states(h), h, err)
	}
	h, err = s.History(ctx, "k", etcdview.HistoryOptions{Limit: 3})
	if err != nil || !slices.Equal(states(h), []string{"4", "3", "deleted"}) || h.Complete {
		t.Errorf("limited history %v, %v", states(h), err)
	}
	if _, err := c.Delete(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	h, err = s.History(ctx, "k", etcdview.HistoryOptions{})
	if err != nil || !slices.Equal(states(h), []string{"deleted", "4", "3", "deleted", "2", "1"}) {
		t.Errorf("history of a deleted key %v, %v", states(h), err)
	}
	if _, err := c.Compact(ctx, lived); err != nil {
		t.Fatal(err)
	}
	h, err = s.History(ctx, "k", etcdview.HistoryOptions{})
	if err != nil || !slices.Equal(states(h), []string{"deleted", "4"}) || h.Complete || h.CompactRevision != lived {
		t.Errorf("history behind a compaction %v, %+v, %v", states(h), h, err)
	}
	if _, err := s.Get(ctx, "k", 2); !errors.Is(err, etcdview.ErrCompacted) {
		t.Errorf("a compacted revision: %v", err)
	}
	h, err = s.History(ctx, "never", etcdview.HistoryOptions{})
	if err != nil || len(h.Revisions) != 0 {
		t.Errorf("history of nothing: %+v, %v", h, err)
	}
}

func TestWatch(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	s := etcdview.New(c)
	first := put(t, c, "/a/x", "1")
	put(t, c, "/a/x", "2")
	compacted := put(t, c, "/a/x", "3")
	if _, err := c.Compact(t.Context(), compacted); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var events []string
	var gap *etcdview.Gap
	done := errors.New("done")
	err := s.Watch(ctx, etcdview.WatchOptions{Key: "/a/", Prefix: true, Revision: first, Started: func(int64) {
		put(t, c, "/a/y", "1", "/a/y", "2")
		if _, err := c.Delete(ctx, "/a/y"); err != nil {
			t.Error(err)
		}
	}}, func(b etcdview.Batch) error {
		if b.Gap != nil {
			gap = b.Gap
		}
		for _, e := range b.Events {
			prev := ""
			if e.Prev != nil {
				prev = string(e.Prev.Value)
			}
			events = append(events, fmt.Sprintf("%s %s %q<-%q", e.Type, e.KV.Key, e.KV.Value, prev))
		}
		if len(events) >= 4 {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatalf("%v after %q", err, events)
	}
	want := []string{`put /a/x "3"<-""`, `create /a/y "1"<-""`, `put /a/y "2"<-"1"`, `delete /a/y ""<-"2"`}
	if !slices.Equal(events, want) {
		t.Errorf("events %q, want %q", events, want)
	}
	if gap == nil || gap.From != first || gap.To != compacted {
		t.Errorf("gap %+v, want %d to %d", gap, first, compacted)
	}
}
