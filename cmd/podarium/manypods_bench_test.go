//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

// changesPerSecond is how many Pods change while the UI is measured.
const changesPerSecond = 200

// BenchmarkManyPods is the UI as its user has it, in a terminal and a process of its own, on a cluster of many Pods:
// what it takes to list them, and then, with 200 of them changing each second, its processor time and how long a key and
// a change take to be seen on the terminal. The terminal's own part is in it.
func BenchmarkManyPods(b *testing.B) {
	for _, n := range []int{10_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := clustertest.Start(b, clustertest.Options{Nodes: -1})
			pods := clustertest.FillPods(b, c, n)
			settle(b, c.Process.Pid)
			ui := ptytest.Open(b, ptytest.Options{Columns: 200, Rows: 60, Args: []string{"--data-dir", c.DataDir}})
			ui.Wait("all up")
			var first, all, memory, cpu []float64
			var keys, changes []float64
			for b.Loop() {
				start := time.Now()
				ui.Command("pods default")
				ui.Wait("pod-00000")
				first = append(first, float64(time.Since(start).Milliseconds()))
				ui.Wait(fmt.Sprintf("default / pods  %d ", n))
				all = append(all, float64(time.Since(start).Milliseconds()))

				settle(b, ui.PID()) // what the list left to be collected is not what the changes cost
				ctx, stop := context.WithCancel(b.Context())
				done := make(chan error, 1)
				go func() { done <- churn(ctx, pods, n) }()
				before, began := processorTime(b, ui.PID()), time.Now()
				for time.Since(began) < 15*time.Second { // a rate takes time to measure
					time.Sleep(time.Second)
				}
				cpu = append(cpu, float64(processorTime(b, ui.PID())-before)/float64(time.Since(began))*100)
				memory = append(memory, residentMB(b, ui.PID()))
				for i := range 500 {
					keys = append(keys, keyToScreen(ui, i))
				}
				for i := range 300 {
					start := time.Now()
					if err := pods.Restart(ctx, 1+i%40, 5000+i); err != nil {
						b.Fatal(err)
					}
					ui.Wait(fmt.Sprint(" ", 5000+i, " "))
					changes = append(changes, float64(time.Since(start).Microseconds())/1000)
				}
				stop()
				if err := <-done; err != nil && ctx.Err() == nil {
					b.Fatal(err)
				}
				ui.Keys("esc")
				ui.WaitGone("default / pods")
			}
			report(b, first, "ms-to-first-rows")
			report(b, all, "ms-to-all-rows")
			report(b, cpu, "%-of-one-core")
			report(b, memory, "MB-resident")
			for unit, took := range map[string][]float64{"ms-key": keys, "ms-change": changes} {
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2], unit+"-p50")
				b.ReportMetric(took[(len(took)*99+99)/100-1], unit+"-p99") // the nearest rank
			}
		})
	}
}

// settle waits until a process has done with what came at once: the server with what the new Pods mean to its controllers.
func settle(b *testing.B, pid int) {
	last := processorTime(b, pid)
	clustertest.Eventually(b, "the server to be at rest", func() bool {
		time.Sleep(time.Second) // a rate takes time to measure
		now := processorTime(b, pid)
		rest := now-last < 200*time.Millisecond
		last = now
		return rest
	})
}

// churn gives 200 of the Pods a second another number of restarts, all but the first page of them.
func churn(ctx context.Context, pods *clustertest.Pods, n int) error {
	t := time.NewTicker(time.Second / changesPerSecond)
	defer t.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := pods.Restart(ctx, 60+rand.IntN(n-60), 1+i%4000); err != nil {
			return err
		}
	}
}

// keyToScreen moves the cursor and waits until it is seen there, in milliseconds.
func keyToScreen(ui *ptytest.Terminal, i int) float64 {
	key, want := "j", "pod-00001"
	if i%2 == 1 {
		key, want = "k", "pod-00000"
	}
	at := func(screen string) bool {
		_, line, ok := strings.Cut(screen, "▸")
		return ok && strings.HasPrefix(strings.TrimLeftFunc(line, func(r rune) bool { return r != 'p' }), want)
	}
	start := time.Now()
	ui.Type(key)
	ui.WaitFor(want, at)
	return float64(time.Since(start).Microseconds()) / 1000
}
