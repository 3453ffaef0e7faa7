package etcdview_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

func TestFeedKeepsTheNewestAndCountsTheRest(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	started := make(chan struct{})
	f := etcdview.New(c).Feed(t.Context(), etcdview.WatchOptions{Key: "/", Prefix: true, Started: func(int64) { close(started) }}, etcdview.FeedOptions{Keep: 10})
	<-started
	for i := range 25 {
		put(t, c, "/k", fmt.Sprint(i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		all, state := f.Since(0)
		if state.Seen == 25 {
			if len(all) != 10 || state.Dropped != 15 || string(all[9].KV.Value) != "24" || all[0].Seq != 16 {
				t.Errorf("%d kept, %+v, %+v", len(all), all[0], state)
			}
			if later, _ := f.Since(23); len(later) != 2 || string(later[0].KV.Value) != "23" {
				t.Errorf("after 23: %+v", later)
			}
			if none, _ := f.Since(99); len(none) != 0 {
				t.Errorf("after the end: %+v", none)
			}
			return
		}
		select {
		case <-f.Changed():
		case <-ctx.Done():
			t.Fatalf("%+v", state)
		}
	}
}

func TestDistinctWatches(t *testing.T) {
	w := func(key string, prefix bool) etcdview.WatchOptions {
		return etcdview.WatchOptions{Key: key, Prefix: prefix}
	}
	got := etcdview.Distinct([]etcdview.WatchOptions{w("/a/b/", true), w("/a/", true), w("/a/x", false), w("/a/", true), w("/b", false), w("/b", false), w("/b/c", false)})
	if want := fmt.Sprint([]etcdview.WatchOptions{w("/a/", true), w("/b", false), w("/b/c", false)}); fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	later := etcdview.WatchOptions{Key: "/a/b/", Prefix: true, Revision: 7}
	if got := etcdview.Distinct([]etcdview.WatchOptions{w("/a/", true), later}); len(got) != 2 {
		t.Errorf("one from an earlier revision is left out: %v", got)
	}
}

func TestFeedOfOverlappingWatchesReportsOnce(t *testing.T) {
	c := etcdtest.Start(t).Client(t)
	put(t, c, "/a/b/1", "x")
	put(t, c, "/a/2", "x")
	f := etcdview.New(c).FeedAll(t.Context(), []etcdview.WatchOptions{{Key: "/a/b/", Prefix: true, Revision: 1}, {Key: "/a/", Prefix: true, Revision: 1}, {Key: "/a/b/1", Revision: 1}, {Key: "/end", Revision: 1}}, etcdview.FeedOptions{})
	put(t, c, "/a/b/1", "y")
	put(t, c, "/end", "x")
	for deadline := time.After(30 * time.Second); ; {
		all, state := f.Since(0)
		seen := map[string]int{}
		for _, e := range all {
			seen[fmt.Sprint(e.KV.Key, "@", e.Revision())]++
		}
		if len(seen) == 4 {
			if state.Seen != 4 {
				t.Errorf("%d are reported: %v", state.Seen, seen)
			}
			return
		}
		select {
		case <-f.Changed():
		case <-deadline:
			t.Fatalf("%v", seen)
		}
	}
}
