package livetable

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/clustertest"
)

var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// BenchmarkOpen is the time from Open to the first rows and to all, on a real API server in another process of the
// same machine, and the heap that the table holds then.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{5_000, 50_000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			c := clustertest.Start(b, clustertest.Options{Nodes: -1})
			clustertest.FillPods(b, c, n)
			warm := Open(b.Context(), c.Cluster, Query{Resource: pods, Namespace: "default"}) // the server's own cache catches up
			until(b, warm, "all rows", func(s *Snapshot) bool { return s.Synced })
			warm.Close()
			var first, all time.Duration
			var heap uint64
			for b.Loop() {
				before := heapInUse()
				start := time.Now()
				table := Open(b.Context(), c.Cluster, Query{Resource: pods, Namespace: "default"})
				until(b, table, "the first rows", func(s *Snapshot) bool { return len(s.Rows) > 0 })
				first += time.Since(start)
				s := until(b, table, "all rows", func(s *Snapshot) bool { return s.Synced })
				all += time.Since(start)
				heap = heapInUse() - before
				if len(s.Rows) != n {
					b.Fatalf("%d rows", len(s.Rows))
				}
				table.Close()
			}
			b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms-to-first-rows")
			b.ReportMetric(float64(all.Milliseconds())/float64(b.N), "ms-to-all-rows")
			b.ReportMetric(float64(heap)/1e6, "MB-held")
		})
	}
}

// BenchmarkChangeToSnapshot is the time from the answer to a write until a snapshot shows it, with 5,000 Pods listed.
func BenchmarkChangeToSnapshot(b *testing.B) {
	c := clustertest.Start(b, clustertest.Options{Nodes: -1})
	clustertest.FillPods(b, c, 5_000)
	table := open(b, c.Cluster, Query{Resource: pods, Namespace: "default"})
	until(b, table, "all rows", func(s *Snapshot) bool { return s.Synced })
	i := 0
	for b.Loop() {
		i++
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"step":"%d"}}}`, i)
		got, err := c.Kubernetes().CoreV1().Pods("default").Patch(b.Context(), "pod-00000", types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			b.Fatal(err)
		}
		until(b, table, "the change", func(s *Snapshot) bool { return has(s, "pod-00000").ResourceVersion == got.ResourceVersion })
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
