package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/podarium/podarium/cluster/clustertest"
)

// resident is a process's resident memory in bytes, and its processor time in seconds.
func resident(b *testing.B, pid int) (memory, cpu float64) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("needs /proc: ", err)
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	pages, _ := strconv.ParseFloat(f[21], 64)
	return pages * float64(os.Getpagesize()), (user + system) / 100
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// awaitReady counts the Ready Pods of a namespace by watches, and returns when there are n. The server ends the watch of a
// client that does not keep up, so that there may be more than one.
func awaitReady(tb testing.TB, c *clustertest.Cluster, namespace string, n int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		w, err := c.Kubernetes().CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{})
		if err != nil {
			tb.Fatal(err)
		}
		ready := map[string]bool{} // a watch begins with what there is
		for e := range w.ResultChan() {
			p, ok := e.Object.(*corev1.Pod)
			if !ok {
				continue
			}
			if e.Type != watch.Deleted && isReady(p) {
				ready[p.Name] = true
			} else {
				delete(ready, p.Name)
			}
			if len(ready) == n {
				w.Stop()
				return
			}
		}
	}
	tb.Fatalf("not all of %d Pods are Ready", n)
}

// BenchmarkPodReady is the time from the creation of a Pod to its being Ready, one Pod at a time.
func BenchmarkPodReady(b *testing.B) {
	c, ns := clustertest.Shared(b)
	ctx := b.Context()
	for i := 0; b.Loop(); i++ {
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod-%d", i), Namespace: ns},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
		}
		if _, err := c.Kubernetes().CoreV1().Pods(ns).Create(ctx, p, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
		awaitReady(b, c, ns, 1)
		b.StopTimer()
		if err := c.Kubernetes().CoreV1().Pods(ns).Delete(ctx, p.Name, metav1.DeleteOptions{}); err != nil {
			b.Fatal(err)
		}
		clustertest.Eventually(b, "the Pod to be gone", func() bool {
			l, err := c.Kubernetes().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
			return err == nil && len(l.Items) == 0
		})
		b.StartTimer()
	}
}

// BenchmarkThreeHundredPods is the time from the creation of a Deployment of 300 Pods on three nodes to all being Ready.
func BenchmarkThreeHundredPods(b *testing.B) {
	const pods = 300
	c := clustertest.Start(b, clustertest.Options{Nodes: 3})
	ns := clustertest.Namespace(b, c)
	ctx := b.Context()
	for b.Loop() {
		before, cpu := resident(b, c.Process.Pid)
		began := time.Now()
		labels := map[string]string{"app": "web"}
		d := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "web"},
			Spec: appsv1.DeploymentSpec{
				Replicas: new(int32(pods)), Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx", Ports: []corev1.ContainerPort{{ContainerPort: 80}}}}},
				},
			},
		}
		if _, err := c.Kubernetes().AppsV1().Deployments(ns).Create(ctx, d, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
		awaitReady(b, c, ns, pods)
		took := time.Since(began)
		b.StopTimer()
		after, cpuAfter := resident(b, c.Process.Pid)
		b.ReportMetric(pods/took.Seconds(), "pods/s")
		b.ReportMetric((after-before)/pods/1024, "KB-resident/pod")
		b.ReportMetric(cpuAfter-cpu, "cpu-s")
		foreground := metav1.DeletePropagationForeground
		if err := c.Kubernetes().AppsV1().Deployments(ns).Delete(ctx, "web", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
			b.Fatal(err)
		}
		clustertest.Eventually(b, "the Deployment to be gone, which is after its Pods", func() bool {
			_, err := c.Kubernetes().AppsV1().Deployments(ns).Get(ctx, "web", metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
		b.StartTimer()
	}
}

// BenchmarkIdle is the share of a processor that three nodes without Pods take, with the control plane.
func BenchmarkIdle(b *testing.B) {
	c := clustertest.Start(b, clustertest.Options{Nodes: 3})
	const rest, span = 20 * time.Second, 20 * time.Second
	time.Sleep(rest) // what is measured is a span of time in which nothing happens
	for b.Loop() {
		_, before := resident(b, c.Process.Pid)
		time.Sleep(span)
		memory, after := resident(b, c.Process.Pid)
		b.ReportMetric((after-before)/span.Seconds()*100, "%cpu")
		b.ReportMetric(memory/(1<<20), "MB-resident")
	}
}
