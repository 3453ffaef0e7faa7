package tui_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// manyPods creates Pods that no node runs.
func manyPods(b *testing.B, c *clustertest.Cluster, ns string, n int) {
	b.Helper()
	names := make(chan int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range names {
				p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("web-%05d", i)}}
				p.Spec.Containers = []corev1.Container{{Name: "web", Image: "nginx:1.27"}}
				p.Spec.NodeSelector = map[string]string{"nowhere": "true"}
				if _, err := c.Kubernetes().CoreV1().Pods(ns).Create(context.Background(), p, metav1.CreateOptions{}); err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	for i := range n {
		names <- i
	}
	close(names)
	wg.Wait()
}

// report gives the middle and the 99th percentile in milliseconds.
func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(took[len(took)/2]), "ms/p50")
	b.ReportMetric(ms(took[len(took)*99/100]), "ms/p99")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkKeyToScreen is the time from a key to the finished frame, with 5,000 Pods of a real cluster listed.
func BenchmarkKeyToScreen(b *testing.B) {
	c, ns := clustertest.Shared(b)
	const n = 5000
	manyPods(b, c, ns, n)
	d := tuitest.Sized(b, tui.Options{Cluster: c.Cluster}, 200, 60)
	d.Command("pods " + ns)
	d.Wait(fmt.Sprintf("%s / pods  %d", ns, n))
	for name, keys := range map[string][]string{"Down": {"j"}, "Page": {"pgdown", "pgup"}, "Ends": {"G", "g"}, "Sort": {"N", "A"}} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				d.Model.Update(tuitest.Key(keys[i%len(keys)]))
				_ = d.Model.Draw()
				_ = d.Model.View()
				took = append(took, time.Since(start))
			}
			report(b, took)
		})
	}
	b.Run("Filter", func(b *testing.B) {
		var took []time.Duration
		for i := 0; b.Loop(); i++ {
			d.Keys("/")
			start := time.Now()
			d.Model.Update(tuitest.Key("7"))
			_ = d.Model.Draw()
			took = append(took, time.Since(start))
			d.Keys("esc")
		}
		report(b, took)
	})
}

// BenchmarkChangeToScreen is the time from a request to the API server to the frame that shows what it changed.
func BenchmarkChangeToScreen(b *testing.B) {
	c, ns := clustertest.Shared(b)
	d := tuitest.Sized(b, tui.Options{Cluster: c.Cluster}, 200, 60)
	d.Command("configmaps " + ns)
	d.Wait("kube-root-ca.crt")
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		name := fmt.Sprintf("change-%06d", i)
		start := time.Now()
		done := make(chan error, 1)
		go func() {
			_, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Create(context.Background(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			done <- err
		}()
		d.WaitFor(name, func(s string) bool { return strings.Contains(s, name) })
		took = append(took, time.Since(start))
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		if err := c.Kubernetes().CoreV1().ConfigMaps(ns).Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			b.Fatal(err)
		}
		d.WaitGone(name)
	}
	report(b, took)
}
