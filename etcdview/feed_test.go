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
