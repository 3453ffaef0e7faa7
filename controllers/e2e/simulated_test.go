package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

// crowd makes a Deployment of n Pods on simulated nodes.
func crowd(tb testing.TB, c *clustertest.Cluster, namespace string, n int32) {
	tb.Helper()
	labels := map[string]string{"app": "crowd"}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "crowd"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{RuntimeClassName: new("kwok"), Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
			},
		},
	}
	if _, err := c.Kubernetes().AppsV1().Deployments(namespace).Create(tb.Context(), d, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
}

func simulatedNodes(tb testing.TB, c *clustertest.Cluster) []corev1.Node {
	tb.Helper()
	l, err := c.Kubernetes().CoreV1().Nodes().List(tb.Context(), metav1.ListOptions{LabelSelector: "type=kwok"})
	if err != nil {
		tb.Fatal(err)
	}
	return l.Items
}

func TestSimulatedNodes(t *testing.T) {
	t.Parallel()
	const nodes, pods = 50, 200
	dir := filepath.Join(t.TempDir(), "data")
	c := clustertest.Start(t, clustertest.Options{Nodes: 1, DataDir: dir, Args: []string{"--simulated-nodes", "50"}})
	ns := clustertest.Namespace(t, c)
	ctx := t.Context()
	if have := simulatedNodes(t, c); len(have) != nodes {
		t.Fatalf("there are %d simulated nodes", len(have))
	}

	// A Pod that does not ask for them stays away from them, be there ever so many.
	create(t, c, ns, "plain", `{image: nginx}`)
	crowd(t, c, ns, pods)
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "sums"}, Spec: batchv1.JobSpec{
		Completions: new(int32(5)), Parallelism: new(int32(5)),
		Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RuntimeClassName: new("kwok"), RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "c", Image: "busybox"}},
		}},
	}}
	if _, err := c.Kubernetes().BatchV1().Jobs(ns).Create(ctx, job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "every Pod of the crowd to be ready and the Job to complete", func() bool {
		d, err := c.Kubernetes().AppsV1().Deployments(ns).Get(ctx, "crowd", metav1.GetOptions{})
		j, jerr := c.Kubernetes().BatchV1().Jobs(ns).Get(ctx, "sums", metav1.GetOptions{})
		return err == nil && jerr == nil && d.Status.ReadyReplicas == pods && j.Status.Succeeded == 5
	})
	clustertest.Eventually(t, "the plain Pod to be ready", func() bool { return isReady(get(t, c, ns, "plain")) })
	if on := get(t, c, ns, "plain").Spec.NodeName; on != "node-1" {
		t.Errorf("a Pod that asked for no simulated node is on %s", on)
	}
	l, err := c.Kubernetes().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "app=crowd"})
	if err != nil {
		t.Fatal(err)
	}
	addresses, used := map[string]bool{}, map[string]bool{}
	for _, p := range l.Items {
		addresses[p.Status.PodIP], used[p.Spec.NodeName] = true, true
		if !strings.HasPrefix(p.Spec.NodeName, "kwok-node-") || !strings.HasPrefix(p.Status.PodIP, "10.22") {
			t.Fatalf("%s is on %s at %s", p.Name, p.Spec.NodeName, p.Status.PodIP)
		}
	}
	if len(addresses) != pods || len(used) < nodes/2 {
		t.Errorf("%d Pods have %d addresses, on %d nodes", pods, len(addresses), len(used))
	}
	if _, err := c.TryKubectl(t, "logs", "-n", ns, l.Items[0].Name); err == nil || !strings.Contains(err.Error(), "simulated by kwok") {
		t.Errorf("logs of a Pod that nothing is behind: %v", err)
	}

	// Its Lease is what keeps a node Ready.
	renewed := func() time.Time {
		l, err := c.Kubernetes().CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, "kwok-node-0001", metav1.GetOptions{})
		if err != nil || l.Spec.RenewTime == nil {
			return time.Time{}
		}
		return l.Spec.RenewTime.Time
	}
	first := renewed()
	if first.IsZero() {
		t.Error("a simulated node has no Lease")
	}
	if err := c.Kubernetes().AppsV1().Deployments(ns).Delete(ctx, "crowd", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "the crowd to be gone", func() bool {
		l, err := c.Kubernetes().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "app=crowd"})
		return err == nil && len(l.Items) == 0
	})

	// They are there after a restart that does not mention them, and go with one that says how many.
	restart := func(args ...string) {
		_ = c.Process.Signal(os.Interrupt) // it runs
		<-c.Exited
		c = clustertest.Start(t, clustertest.Options{Nodes: 1, DataDir: dir, Args: args})
	}
	restart()
	clustertest.Eventually(t, "the Lease of a simulated node to be renewed", func() bool { return renewed().After(first) })
	if have := simulatedNodes(t, c); len(have) != nodes {
		t.Errorf("after a restart there are %d simulated nodes", len(have))
	}
	restart("--simulated-nodes", "2")
	clustertest.Eventually(t, "all but two simulated nodes to be gone", func() bool { return len(simulatedNodes(t, c)) == 2 })
	if s := nodeReady(t, c, "kwok-node-0002"); s != corev1.ConditionTrue {
		t.Errorf("a simulated node is Ready: %s", s)
	}
}

func TestTooManySimulatedNodes(t *testing.T) {
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, "up", "--ephemeral", "--simulated-nodes", "5000").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--simulated-nodes: 5000 is not between 0 and 4096") {
		t.Errorf("%v: %s", err, out)
	}
}

// BenchmarkThousandSimulatedNodes is what 1,000 simulated nodes with 5,000 Pods take.
func BenchmarkThousandSimulatedNodes(b *testing.B) {
	const pods, rest, span = 5000, 30 * time.Second, 30 * time.Second
	for b.Loop() {
		began := time.Now()
		c := clustertest.Start(b, clustertest.Options{Nodes: 1, Args: []string{"--simulated-nodes", "1000"}})
		b.ReportMetric(time.Since(began).Seconds(), "s-nodes-ready")
		empty, _ := resident(b, c.Process.Pid)
		ns := clustertest.Namespace(b, c)
		began = time.Now()
		crowd(b, c, ns, pods)
		awaitReady(b, c, ns, pods)
		b.ReportMetric(pods/time.Since(began).Seconds(), "pods/s")
		time.Sleep(rest) // what is measured is a span of time in which nothing happens
		_, before := resident(b, c.Process.Pid)
		time.Sleep(span)
		memory, after := resident(b, c.Process.Pid)
		b.ReportMetric((after-before)/span.Seconds()*100, "%cpu-idle")
		b.ReportMetric(empty/(1<<20), "MB-nodes")
		b.ReportMetric(memory/(1<<20), "MB-pods")
	}
}
