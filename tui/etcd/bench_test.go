package etcd_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
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

// millionKeys is how many keys the store of the benchmark of browsing holds.
const millionKeys = 1_000_000

// TestMillionKeys is no test but the etcd of BenchmarkBrowseMillionKeys, in a process of its own.
func TestMillionKeys(t *testing.T) {
	etcdtest.Child(t, func(client *clientv3.Client) {
		value := strings.Repeat("x", 256)
		var wg sync.WaitGroup
		const writers, perTxn = 8, 128
		for w := range writers {
			wg.Go(func() {
				for i := w * perTxn; i < millionKeys; i += writers * perTxn {
					var ops []clientv3.Op
					for j := i; j < min(millionKeys, i+perTxn); j++ {
						ops = append(ops, clientv3.OpPut(fmt.Sprintf("/registry/events/namespace-%02d/object-%07d", j%7, j), value))
					}
					if _, err := client.Txn(t.Context()).Then(ops...).Commit(); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// BenchmarkBrowseMillionKeys is the memory that the screens take beyond what there was before, while one browses, sorts
// and searches a store of a million keys, which runs in another process: the most that was in use at any time, and the
// most that the process had of the system. It fails beyond mostMemory.
func BenchmarkBrowseMillionKeys(b *testing.B) {
	const mostMemory = 200e6
	client := etcdtest.Elsewhere(b, "TestMillionKeys")
	debug.FreeOSMemory()
	peak := newPeak()
	defer peak.stop()
	for b.Loop() {
		d := tuitest.Sized(b, etcdOnly(b, client, "etcd /registry/"), 200, 60)
		d.Wait("events/", "1 000 000")
		d.Keys("enter")
		d.Wait("namespace-03/")
		d.Keys("j", "enter")
		d.Wait("object-0000")
		d.Keys("G")
		d.Idle()
		peak.log(b, "browsed")
		d.Command("list /registry/")
		d.Wait("1 000 000 keys")
		for _, order := range []string{"SIZE ↓", "MODIFIED ↓", "CREATED ↓", "VERSION ↓"} {
			d.Keys("s")
			d.Wait(order, "1 000 000 keys, at")
			d.Idle()
			peak.log(b, "sorted by "+order)
		}
		d.Command("search 99999")
		d.Wait("found", "object-0099999")
		d.Idle()
		peak.log(b, "searched")
		d.Command("space")
		d.Wait("events", "1 000 000")
		d.Idle()
		peak.log(b, "counted what fills it")
		d.Model.Close()
	}
	b.ReportMetric(peak.heap.most/1e6, "MB/most")
	b.ReportMetric(peak.resident.most/1e6, "MB-resident/most")
	b.ReportMetric(0, "ns/op")
	if peak.resident.most > mostMemory {
		b.Errorf("browsing takes %.0f MB more than there was before: no more than %.0f are meant", peak.resident.most/1e6, mostMemory/1e6)
	}
}

// peak looks every few milliseconds at the memory of the process, above what it was when it began.
type peak struct {
	done chan struct{}
	over sync.WaitGroup

	mu             sync.Mutex
	heap, resident level
}

type level struct{ idle, most float64 }

func (l *level) take(now float64) { l.most = max(l.most, now-l.idle) }

func newPeak() *peak {
	p := &peak{done: make(chan struct{})}
	p.heap.idle, p.resident.idle = memory()
	p.over.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-tick.C:
				heap, resident := memory()
				p.mu.Lock()
				p.heap.take(heap)
				p.resident.take(resident)
				p.mu.Unlock()
			}
		}
	})
	return p
}

func (p *peak) stop() {
	close(p.done)
	p.over.Wait()
}

func (p *peak) log(b *testing.B, after string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.Logf("%s: at most %.0f MB in use, %.0f MB resident, above %.0f and %.0f", after, p.heap.most/1e6, p.resident.most/1e6, p.heap.idle/1e6, p.resident.idle/1e6)
}

// memory is what objects take, live or not collected yet, and what the runtime holds of the system, in bytes.
func memory() (heap, resident float64) {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()), float64(s[1].Value.Uint64() - s[2].Value.Uint64())
}
