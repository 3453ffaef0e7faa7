package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/podarium/podarium/cluster/clustertest"
)

// benchPods and benchNodes are what every start and the idle cluster are measured with.
const (
	benchPods  = 20
	benchNodes = 3
)

// BenchmarkColdStart measures from the start of the process on an empty data directory; a Deployment of 20 Pods with an
// HTTP readiness probe is created at the first answer of the API.
func BenchmarkColdStart(b *testing.B) {
	benchmarkStart(b, func() string { return b.TempDir() })
}

// BenchmarkWarmStart measures a restart on a data directory that holds those Pods already.
func BenchmarkWarmStart(b *testing.B) {
	dir := b.TempDir()
	run := startProcess(b, dir)
	run.awaitPods(b)
	run.stop(b)
	b.ResetTimer()
	benchmarkStart(b, func() string { return dir })
}

func benchmarkStart(b *testing.B, dir func() string) {
	var first, ready, pod, pods, rss []float64
	for b.Loop() {
		run := startProcess(b, dir())
		run.awaitPods(b)
		first = append(first, run.firstAnswer.Seconds())
		pod, pods = append(pod, run.firstPod.Seconds()), append(pods, run.allPods.Seconds())
		ready = append(ready, (<-run.readyz).Seconds())
		rss = append(rss, residentMB(b, run.cmd.Process.Pid))
		run.stop(b)
	}
	report(b, first, "s-first-answer")
	report(b, ready, "s-readyz")
	report(b, pod, "s-first-pod-ready")
	report(b, pods, "s-20-pods-ready")
	report(b, rss, "MB-resident")
}

// BenchmarkIdle measures a cluster of 3 nodes and 20 Pods at rest over half a minute.
func BenchmarkIdle(b *testing.B) {
	run := startProcess(b, b.TempDir())
	run.awaitPods(b)
	var cpu, rss []float64
	for b.Loop() {
		before := processorTime(b, run.cmd.Process.Pid)
		time.Sleep(30 * time.Second) // what is measured is that nothing happens
		cpu = append(cpu, (processorTime(b, run.cmd.Process.Pid)-before).Seconds()/30*100)
		rss = append(rss, residentMB(b, run.cmd.Process.Pid))
	}
	run.stop(b)
	report(b, cpu, "%-of-one-core")
	report(b, rss, "MB-resident")
}

// report adds the median of the runs.
func report(b *testing.B, values []float64, unit string) {
	b.Helper()
	slices.Sort(values)
	b.ReportMetric(values[len(values)/2], unit)
}

// process is podarium up under measurement; durations count from its start.
type process struct {
	cmd                            *exec.Cmd
	began                          time.Time
	kube                           kubernetes.Interface
	firstAnswer, firstPod, allPods time.Duration
	readyz                         chan time.Duration
}

func startProcess(b *testing.B, dir string) *process {
	b.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		b.Fatal(err)
	}
	kubeconfig := filepath.Join(dir, "kubeconfig", "admin.conf")
	_ = os.Remove(kubeconfig) // of the last run: its port may be another's
	p := &process{cmd: exec.Command(bin, "up", "--data-dir", dir, "--nodes", strconv.Itoa(benchNodes)), began: time.Now(), readyz: make(chan time.Duration, 1)}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	clustertest.Eventually(b, "the kubeconfig", func() bool { _, err := os.Stat(kubeconfig); return err == nil })
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		b.Fatal(err)
	}
	config.QPS = -1
	if p.kube, err = kubernetes.NewForConfig(config); err != nil {
		b.Fatal(err)
	}
	for p.firstAnswer == 0 {
		if _, err := p.kube.CoreV1().Namespaces().List(b.Context(), metav1.ListOptions{}); err == nil {
			p.firstAnswer = time.Since(p.began)
		} else {
			time.Sleep(2 * time.Millisecond)
		}
	}
	go func() {
		for {
			if raw, err := p.kube.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background()); err == nil && string(raw) == "ok" {
				p.readyz <- time.Since(p.began)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return p
}

// awaitPods creates the Deployment where it is not there yet and waits until all its Pods are Ready.
func (p *process) awaitPods(b *testing.B) {
	b.Helper()
	labels := map[string]string{"app": "web"}
	replicas := int32(benchPods)
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
					Containers: []corev1.Container{{
						Name: "web", Image: "nginx:1", Ports: []corev1.ContainerPort{{ContainerPort: 80}},
						ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(80)}}},
					}},
				},
			},
		},
	}
	_, _ = p.kube.AppsV1().Deployments("default").Create(b.Context(), d, metav1.CreateOptions{}) // a warm start has it
	for p.allPods == 0 {
		list, err := p.kube.CoreV1().Pods("default").List(b.Context(), metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			b.Fatal(err)
		}
		ready := 0
		for i := range list.Items {
			for _, c := range list.Items[i].Status.Conditions {
				if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
					ready++
				}
			}
		}
		if ready > 0 && p.firstPod == 0 {
			p.firstPod = time.Since(p.began)
		}
		if ready == benchPods {
			p.allPods = time.Since(p.began)
		}
		if time.Since(p.began) > time.Minute {
			p.stop(b)
			b.Fatalf("%d of %d Pods are ready after a minute; not so: %s", ready, benchPods, notReady(list.Items))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// notReady says of each Pod that is not Ready where it is and what holds it up.
func notReady(pods []corev1.Pod) string {
	var b strings.Builder
	for i := range pods {
		pod := &pods[i]
		if slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}) {
			continue
		}
		fmt.Fprintf(&b, "\n%s on %q: %s", pod.Name, pod.Spec.NodeName, pod.Status.Phase)
		for _, c := range pod.Status.ContainerStatuses {
			fmt.Fprintf(&b, ", %s %+v", c.Name, c.State)
		}
	}
	return b.String()
}

func (p *process) stop(b *testing.B) {
	b.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// residentMB is the resident set of a process, from /proc: 0 where there is none.
func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1024
		}
	}
	return 0
}

// processorTime is what a process has used, from /proc (proc(5), utime and stime in ticks of 10 ms).
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
