package etcdview_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/etcdview/survey"
)

// millionKeys is the size of the store in the benchmarks: a registry with a million keys, most of them events.
const millionKeys = 1_000_000

// fill writes n keys: 90 % events, and Pods and ConfigMaps in a hundred namespaces.
func fill(tb testing.TB, c *clientv3.Client, n int) {
	tb.Helper()
	value := strings.Repeat("x", 256)
	var wg sync.WaitGroup
	const writers, perTxn = 8, 128
	for w := range writers {
		wg.Go(func() {
			for i := w * perTxn; i < n; i += writers * perTxn {
				var ops []clientv3.Op
				for j := i; j < min(n, i+perTxn); j++ {
					resource := "events"
					switch j % 20 {
					case 0:
						resource = "pods"
					case 1:
						resource = "configmaps"
					}
					ops = append(ops, clientv3.OpPut(fmt.Sprintf("/registry/%s/namespace-%02d/object-%07d", resource, j%97, j), value))
				}
				if _, err := c.Txn(context.Background()).Then(ops...).Commit(); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if tb.Failed() {
		tb.FailNow()
	}
}

// etcdctlEnv holds the arguments of the process that etcdctl starts.
const etcdctlEnv = "PODARIUM_TEST_ETCDCTL"

// TestEtcdctl is no test but etcd's own etcdctl, in a process of its own.
func TestEtcdctl(t *testing.T) {
	args := os.Getenv(etcdctlEnv)
	if args == "" {
		t.Skip("the etcdctl of benchmarks, which start it themselves")
	}
	os.Args = append([]string{"etcdctl"}, strings.Fields(args)...)
	ctlv3.MustStart()
	os.Exit(0)
}

// etcdctl runs etcd's own, as a user does, and counts the lines that it prints.
func etcdctl(b *testing.B, server *etcdtest.Server, args string) (lines int) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestEtcdctl$")
	cmd.Env = append(os.Environ(), etcdctlEnv+"=--endpoints "+server.Endpoint+" --command-timeout 5m "+args)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	for buf := make([]byte, 1<<20); err == nil; {
		var n int
		n, err = out.Read(buf)
		lines += bytes.Count(buf[:n], []byte("\n"))
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return lines
}

// BenchmarkMillionKeys measures what a user waits for on a store of a million keys, beside etcdctl and plain client code.
func BenchmarkMillionKeys(b *testing.B) {
	server := etcdtest.Start(b, func(cfg *embed.Config) { cfg.QuotaBackendBytes = 8 << 30 })
	c := server.Client(b)
	fill(b, c, millionKeys)
	s := etcdview.New(c)
	ctx := b.Context()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	idle := heap()
	b.Run("first-screen", func(b *testing.B) {
		for b.Loop() {
			if ch, err := s.Children(ctx, etcdview.ChildrenOptions{Dir: "/registry/"}); err != nil || len(ch.Nodes) != 3 {
				b.Fatal(ch, err)
			}
		}
	})
	b.Run("first-screen-with-counts", func(b *testing.B) {
		for b.Loop() {
			ch, err := s.Children(ctx, etcdview.ChildrenOptions{Dir: "/registry/"})
			if err != nil {
				b.Fatal(err)
			}
			var dirs []string
			for _, n := range ch.Nodes {
				dirs = append(dirs, n.Path)
			}
			if n, err := s.Counts(ctx, dirs, ch.Revision); err != nil || n[0]+n[1]+n[2] != millionKeys {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("open-namespace-of-10000", func(b *testing.B) {
		for b.Loop() {
			if ch, err := s.Children(ctx, etcdview.ChildrenOptions{Dir: "/registry/events/namespace-02/", Limit: 1000}); err != nil || len(ch.Nodes) != 1000 {
				b.Fatal(len(ch.Nodes), err)
			}
		}
	})
	b.Run("etcdctl-keys-only", func(b *testing.B) { // its way to a first screen: it has no other
		for b.Loop() {
			if n := etcdctl(b, server, "get /registry/ --prefix --keys-only"); n < millionKeys {
				b.Fatal(n)
			}
		}
	})
	b.Run("etcdctl-stream", func(b *testing.B) { // its way to all bytes, to be counted by others
		for b.Loop() {
			if n := etcdctl(b, server, "get /registry/ --prefix --stream"); n < 2*millionKeys {
				b.Fatal(n)
			}
		}
	})
	b.Run("bare-stream", func(b *testing.B) {
		for b.Loop() {
			n, bytes := 0, 0
			ch, err := c.GetStream(ctx, "/registry/", clientv3.WithPrefix())
			if err != nil {
				b.Fatal(err)
			}
			for r := range ch {
				if r.Err() != nil {
					b.Fatal(r.Err())
				}
				for _, kv := range r.Kvs {
					n, bytes = n+1, bytes+len(kv.Key)+len(kv.Value)
				}
			}
			if n != millionKeys {
				b.Fatal(n, bytes)
			}
		}
	})
	b.Run("survey", func(b *testing.B) {
		for b.Loop() {
			r, err := survey.Run(ctx, s, survey.Options{Prefix: "/registry/"})
			if err != nil || r.Total.Keys != millionKeys {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("memory-while-browsing", func(b *testing.B) {
		for b.Loop() {
			var kept []etcdview.Children
			for _, dir := range []string{"/registry/", "/registry/events/", "/registry/events/namespace-02/", "/registry/pods/", "/registry/pods/namespace-01/"} {
				ch, err := s.Children(ctx, etcdview.ChildrenOptions{Dir: dir, Limit: 10_000})
				if err != nil {
					b.Fatal(err)
				}
				kept = append(kept, ch)
			}
			b.ReportMetric(float64(int64(heap())-int64(idle))/1e6, "MB-above-idle")
			runtime.KeepAlive(kept)
		}
	})
}

// BenchmarkWatch writes 10,000 events a second for some seconds and counts what a Feed has seen of them, and how far behind
// the last one it is seen; and the same of plain client code beside it.
func BenchmarkWatch(b *testing.B) {
	c := etcdtest.Start(b).Client(b)
	s := etcdview.New(c)
	const rate, perTxn = 10_000, 100
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		started := make(chan struct{})
		f := s.Feed(ctx, etcdview.WatchOptions{Key: "/w/", Prefix: true, Started: func(int64) { close(started) }}, etcdview.FeedOptions{})
		<-started
		const events = 3 * rate
		plain := c.Watch(ctx, "/w/", clientv3.WithPrefix(), clientv3.WithPrevKV(), clientv3.WithCreatedNotify())
		<-plain
		plainBehind := make(chan time.Time, 1)
		go func() {
			for n := 0; n < events; {
				n += len((<-plain).Events)
			}
			plainBehind <- time.Now()
		}()
		begin := time.Now()
		tick := time.NewTicker(time.Second * perTxn / rate)
		for i := 0; i < events; i += perTxn {
			<-tick.C
			var ops []clientv3.Op
			for j := range perTxn {
				ops = append(ops, clientv3.OpPut(fmt.Sprintf("/w/%d", (i+j)%5000), "value"))
			}
			if _, err := c.Txn(ctx).Then(ops...).Commit(); err != nil {
				b.Fatal(err)
			}
		}
		tick.Stop()
		wrote := time.Since(begin)
		var state etcdview.FeedState
		for state.Seen < events {
			select {
			case <-f.Changed():
				_, state = f.Since(state.Seen)
			case <-time.After(30 * time.Second):
				b.Fatal(errors.New("events are missing"), state)
			}
		}
		b.ReportMetric(events/wrote.Seconds(), "events/s")
		b.ReportMetric(float64(time.Since(begin)-wrote)/1e6, "ms-behind")
		b.ReportMetric(float64((<-plainBehind).Sub(begin)-wrote)/1e6, "ms-behind/plain-client")
		b.ReportMetric(float64(events-state.Seen), "lost")
		cancel()
	}
}
