package etcd_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/tuitest"
)

func etcdOnly(b *testing.B, client *clientv3.Client, open string) tui.Options {
	b.Helper()
	c, err := cluster.New(cluster.Options{Name: "bench", Etcd: client, EtcdOnly: true, Disposable: true, Config: &rest.Config{Host: "http://127.0.0.1:1"},
		Status: func(context.Context) (cluster.Status, error) { return cluster.Status{}, nil }})
	if err != nil {
		b.Fatal(err)
	}
	return tui.Options{Cluster: c, LogDir: b.TempDir(), Open: open}
}

// storm writes events until the context ends: a hundred keys every hundredth of a second.
func storm(ctx context.Context, b *testing.B, c *clientv3.Client, value string, written *atomic.Int64) {
	b.Helper()
	const perTxn = 100
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		var ops []clientv3.Op
		for j := range perTxn {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("/registry/pods/default/web-%04d", (i*perTxn+j)%2000), value))
		}
		if _, err := c.Txn(ctx).Then(ops...).Commit(); err != nil {
			return // the end
		}
		written.Add(perTxn)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// BenchmarkKeyDuringStorm is the time from a key to the finished frame, while the screen follows 10,000 changes of Pods in
// a second. Keys come by the way of the live data, as they do from a terminal, so what they wait for counts.
func BenchmarkKeyDuringStorm(b *testing.B) {
	client := etcdtest.Start(b, func(cfg *embed.Config) { cfg.QuotaBackendBytes = 8 << 30 }).Client(b)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	m, err := tui.NewModel(ctx, etcdOnly(b, client, "watch /registry/"))
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	type pressed struct {
		tea.KeyPressMsg
		at time.Time
	}
	msgs := make(chan tea.Msg)
	send := func(msg tea.Msg) {
		select {
		case msgs <- msg:
		case <-ctx.Done():
		}
	}
	var run func(tea.Cmd)
	run = func(cmd tea.Cmd) {
		if cmd == nil {
			return
		}
		go func() {
			switch msg := cmd().(type) {
			case nil:
			case tea.BatchMsg:
				for _, c := range msg {
					run(c)
				}
			default:
				send(msg)
			}
		}()
	}
	go m.Bridge(ctx, send)
	run(m.Init())
	_, cmd := m.Update(tea.WindowSizeMsg{Width: 200, Height: 60})
	run(cmd)

	var written atomic.Int64
	go storm(ctx, b, client, fixture.Pod(b, "web", "nginx:1", "kubectl-set", time.Minute), &written)
	keys := []string{"j", "j", "j", "G", "d", "o", "o", "o", "o", "g", "p", "p", "tab", "j", "tab"}
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			send(pressed{tuitest.Key(keys[i%len(keys)]), time.Now()})
			select {
			case <-ctx.Done():
			case <-time.After(15 * time.Millisecond): // one who holds a key down
			}
		}
	}()
	start := time.Now()
	var took []time.Duration
	for b.Loop() {
		for answered := false; !answered; {
			msg := <-msgs
			key, is := msg.(pressed)
			if is {
				msg = key.KeyPressMsg
			}
			_, cmd := m.Update(msg)
			run(cmd)
			if is {
				_ = m.Draw()
				took, answered = append(took, time.Since(key.at)), true
			}
			_ = m.View()
		}
	}
	rate := float64(written.Load()) / time.Since(start).Seconds()
	screen := m.Draw().String()
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(took[len(took)/2]), "ms/p50")
	b.ReportMetric(ms(took[len(took)*99/100]), "ms/p99")
	b.ReportMetric(rate, "events/s")
	b.ReportMetric(0, "ns/op")
	if strings.Contains(screen, "dropped") {
		b.Errorf("changes were lost:\n%s", screen)
	}
}

// BenchmarkBrowseMillionKeys is the memory that the screens take beyond what there was before, while one goes through a
// store of a million keys, measured whenever a screen has all it asked for. The etcd runs in the same process, so what
// it keeps of its answers counts too.
func BenchmarkBrowseMillionKeys(b *testing.B) {
	client := etcdtest.Start(b, func(cfg *embed.Config) { cfg.QuotaBackendBytes = 8 << 30 }).Client(b)
	const n = 1_000_000
	value := strings.Repeat("x", 256)
	var wg sync.WaitGroup
	const writers, perTxn = 8, 128
	for w := range writers {
		wg.Go(func() {
			for i := w * perTxn; i < n; i += writers * perTxn {
				var ops []clientv3.Op
				for j := i; j < min(n, i+perTxn); j++ {
					ops = append(ops, clientv3.OpPut(fmt.Sprintf("/registry/events/namespace-%02d/object-%07d", j%7, j), value))
				}
				if _, err := client.Txn(b.Context()).Then(ops...).Commit(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	idle := heap()
	most := 0.0
	for b.Loop() {
		d := tuitest.Sized(b, etcdOnly(b, client, "etcd /registry/"), 200, 60)
		d.Wait("events/", "1 000 000")
		d.Keys("enter")
		d.Wait("namespace-03/")
		d.Keys("j", "enter")
		d.Wait("object-0000")
		d.Keys("G")
		d.Idle()
		most = max(most, heap()-idle)
		for _, order := range []string{"SIZE ↓", "MODIFIED ↓", "CREATED ↓"} {
			if order == "SIZE ↓" {
				d.Command("list /registry/")
				d.Wait("1 000 000 keys")
			}
			d.Keys("s")
			d.Wait(order, "the first 10 000 of 1 000 000")
			d.Idle()
			most = max(most, heap()-idle)
		}
		d.Command("search 99999")
		d.Wait("found", "object-0099999")
		d.Idle()
		most = max(most, heap()-idle)
		d.Model.Close()
	}
	b.ReportMetric(most/1e6, "MB/most")
}
