package livetable

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/cluster/clustertest"
)

var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// BenchmarkOpen is the time from Open to the first rows and to all, on a real API server in another process of the
// same machine, and the heap that the table holds then.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{5_000, 50_000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			c := clustertest.Start(b, clustertest.Options{Nodes: -1})
			fill(b, c, n)
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
	fill(b, c, 5_000)
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

// fill makes n Pods as a server would hold them. They are written to etcd, since the API takes minutes for that many;
// one goes through the API to have its defaults and managed fields.
func fill(b *testing.B, c *clustertest.Cluster, n int) {
	b.Helper()
	ctx := b.Context()
	clustertest.Eventually(b, "the service account", func() bool {
		_, err := c.Kubernetes().CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	controller := true
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: "model", Labels: map[string]string{"app": "web", "pod-template-hash": "6f9c7d"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "none", UID: "none", Controller: &controller}},
	}}
	pod.Spec.SchedulerName = "nobody" // so that it stays as it is
	pod.Spec.Containers = []corev1.Container{{Name: "app", Image: "nginx:1", Env: []corev1.EnvVar{{Name: "A", Value: "1"}}}}
	pod, err := c.Kubernetes().CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Kubernetes().CoreV1().Pods("default").Delete(ctx, "model", metav1.DeleteOptions{}); err != nil {
		b.Fatal(err)
	}
	pod.OwnerReferences = nil // the garbage collector looks for owners
	pod.ResourceVersion = ""
	pod.Status.Phase = corev1.PodPending
	pod.APIVersion, pod.Kind = "v1", "Pod"
	codec := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	write := func(ctx context.Context, from, to int) error {
		p := pod.DeepCopy()
		for ; from < to; from += 50 {
			var puts []clientv3.Op
			for i := from; i < min(from+50, to); i++ {
				p.Name, p.UID = fmt.Sprintf("pod-%05d", i), types.UID(fmt.Sprintf("7f1b6d1e-0000-4000-8000-%012d", i))
				var value bytes.Buffer
				if err := codec.Encode(p, &value); err != nil {
					return err
				}
				puts = append(puts, clientv3.OpPut("/registry/pods/default/"+p.Name, value.String()))
			}
			if _, err := c.Etcd().Txn(ctx).Then(puts...).Commit(); err != nil {
				return err
			}
		}
		return nil
	}
	var all sync.WaitGroup
	const writers = 4
	for w := range writers {
		all.Go(func() {
			if err := write(ctx, n*w/writers, n*(w+1)/writers); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	clustertest.Eventually(b, "the server's cache", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods("default").List(ctx, metav1.ListOptions{Limit: 1})
		return err == nil && p.RemainingItemCount != nil && *p.RemainingItemCount == int64(n-1)
	})
}
