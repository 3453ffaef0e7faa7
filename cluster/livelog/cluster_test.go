package livelog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cluster/internal/flaky"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// says puts a line of any time into a container's log file, for who reads it next: who follows it is told of what the container
// writes only.
func says(t *testing.T, c *clustertest.Cluster, pod *corev1.Pod, container string, instance int, at time.Time, text string) {
	t.Helper()
	file := filepath.Join(c.DataDir, "nodes", pod.Spec.NodeName, "logs",
		fmt.Sprintf("%s_%s_%s", pod.Namespace, pod.Name, pod.UID), container, fmt.Sprintf("%d.log", instance))
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "%s stdout F %s\n", at.UTC().Format(time.RFC3339Nano), text); err != nil {
		t.Fatal(err)
	}
}

// prints has a container print a line.
func prints(t *testing.T, c *clustertest.Cluster, pod *corev1.Pod, container, text string) {
	t.Helper()
	c.Kubectl(t, "exec", "-n", pod.Namespace, pod.Name, "-c", container, "--", "sh", "-c", "echo "+text+" > /proc/1/fd/1")
}

func until(t *testing.T, l *Log, what string, ok func(*Snapshot) bool) *Snapshot {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		s := l.Snapshot()
		if ok(s) {
			return s
		}
		select {
		case <-l.Changed():
		case <-limit:
			t.Fatalf("waited a minute for %s; now synced %v, err %v, sources %+v, lines %s", what, s.Synced, s.Err, s.Sources, texts(s))
		}
	}
}

func texts(s *Snapshot) string {
	var out []string
	for i := range s.Len() {
		out = append(out, string(s.Line(i).Text))
	}
	return strings.Join(out, " ")
}

// readyPods waits for n ready Pods with the label, and returns them.
func readyPods(t *testing.T, c *clustertest.Cluster, ns, selector string, n int) []*corev1.Pod {
	t.Helper()
	var out []*corev1.Pod
	clustertest.Eventually(t, fmt.Sprintf("%d ready Pods", n), func() bool {
		list, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			t.Fatal(err)
		}
		out = nil
		for i := range list.Items {
			for _, cond := range list.Items[i].Status.Conditions {
				if cond.Type == corev1.PodReady && cond.Status == corev1.ConditionTrue {
					out = append(out, &list.Items[i])
				}
			}
		}
		return len(out) == n
	})
	return out
}

func TestLogsOfADeployment(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx := t.Context()
	two, zero := int32(2), int64(0)
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	d.Spec.Replicas, d.Spec.Selector = &two, &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	d.Spec.Template.Labels = map[string]string{"app": "web"}
	d.Spec.Template.Spec.TerminationGracePeriodSeconds = &zero
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Image: "web:1"}, {Name: "side", Image: "side:1"}}
	if _, err := c.Kubernetes().AppsV1().Deployments(ns).Create(ctx, d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods := readyPods(t, c, ns, "app=web", 2)
	a, b := pods[0], pods[1]
	start := time.Now().Add(-time.Hour).Truncate(time.Second)
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
	says(t, c, a, "app", 0, at(1), "one")
	says(t, c, a, "app", 0, at(4), "four")
	says(t, c, a, "side", 0, at(3), "three")
	says(t, c, b, "app", 0, at(2), "two")
	says(t, c, b, "app", 0, at(2), "two-again")

	q, err := For(ctx, c.Cluster, change.Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: ns, Name: "web"})
	if err != nil || q.LabelSelector != "app=web" {
		t.Fatalf("%+v %v", q, err)
	}
	g := flaky.New(t)
	g.Lead(c.Cluster)
	l := Open(ctx, g.Cluster(c.Cluster), q)
	defer l.Close()
	s := until(t, l, "the beginning", func(s *Snapshot) bool { return s.Synced })
	if got := texts(s); got != "one two two-again three four" {
		t.Errorf("the beginning must be sorted over containers: %s", got)
	}
	if line := s.Line(3); line.Source.Pod != a.Name || line.Source.Container != "side" || !line.Time.Equal(at(3)) || line.Source.Node != "node-1" || len(s.Sources) != 4 {
		t.Errorf("line 3: %+v of %+v, %d sources", line, line.Source, len(s.Sources))
	}
	prints(t, c, b, "app", "five")
	s = until(t, l, "a line that follows", func(s *Snapshot) bool { return strings.HasSuffix(texts(s), "four five") })
	five := s.Line(s.Len() - 1).Time

	// The connection is lost, lines are written meanwhile: none is lost, none comes twice.
	g.Cut()
	until(t, l, "the loss to show", func(s *Snapshot) bool {
		for _, src := range s.Sources {
			if src.State != Retrying {
				return false
			}
		}
		return true
	})
	says(t, c, b, "app", 0, five, "five-again")
	prints(t, c, a, "app", "six")
	g.Lead(c.Cluster)
	s = until(t, l, "the lines written meanwhile", func(s *Snapshot) bool {
		return strings.Contains(texts(s), "five-again") && strings.Contains(texts(s), "six")
	})
	if got := len(strings.Fields(texts(s))); got != 8 || s.Dropped != 0 {
		t.Errorf("%d lines: %s", got, texts(s))
	}
	until(t, l, "all to be read again, those that say nothing too", func(s *Snapshot) bool {
		for _, src := range s.Sources {
			if src.State != Reading {
				return false
			}
		}
		return true
	})

	// A new Pod joins.
	c.Kubectl(t, "-n", ns, "scale", "deployment/web", "--replicas=3")
	for _, p := range readyPods(t, c, ns, "app=web", 3) {
		if p.UID != a.UID && p.UID != b.UID {
			prints(t, c, p, "app", "newcomer")
		}
	}
	until(t, l, "the new Pod's line", func(s *Snapshot) bool { return strings.HasSuffix(texts(s), "newcomer") && len(s.Sources) == 6 })
	c.Kubectl(t, "-n", ns, "delete", "deployment/web")
	s = until(t, l, "all to end", func(s *Snapshot) bool {
		for _, src := range s.Sources {
			if src.State != Ended {
				return false
			}
		}
		return true
	})
	if got := len(strings.Fields(texts(s))); got != 9 {
		t.Errorf("after the end: %s", texts(s))
	}

	l.Clear()
	if s := l.Snapshot(); s.Len() != 0 || s.Dropped != 0 {
		t.Errorf("after Clear: %d lines", s.Len())
	}
}

func TestRestartsAndPrevious(t *testing.T) {
	c, ns := clustertest.Shared(t)
	zero := int64(0)
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"app": "p"}}}
	p.Spec.TerminationGracePeriodSeconds = &zero
	p.Spec.Volumes = []corev1.Volume{{Name: "lives", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	p.Spec.Containers = []corev1.Container{{
		Name: "app", Image: "busybox", Command: []string{"sh", "-c", "echo x >> /lives/all; echo life-$(wc -l < /lives/all); sleep infinity"},
		VolumeMounts: []corev1.VolumeMount{{Name: "lives", MountPath: "/lives"}},
	}}
	if _, err := c.Kubernetes().CoreV1().Pods(ns).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	readyPods(t, c, ns, "app=p", 1)
	l := Open(t.Context(), c.Cluster, Query{Namespace: ns, FieldSelector: "metadata.name=p", Tail: 10, Since: time.Hour})
	defer l.Close()
	until(t, l, "the first life", func(s *Snapshot) bool { return texts(s) == "life-1" })
	c.Kubectl(t, "exec", "-n", ns, "p", "--", "sh", "-c", "kill 1")
	until(t, l, "the restart", func(s *Snapshot) bool { return len(s.Sources) > 1 && s.Sources[0].State == Ended })
	s := until(t, l, "the second life", func(s *Snapshot) bool { return texts(s) == "life-1 life-2" })
	if src := s.Line(1).Source; src.Instance != 1 {
		t.Errorf("source: %+v", src)
	}
	previous := Open(t.Context(), c.Cluster, Query{Namespace: ns, FieldSelector: "metadata.name=p", Previous: true})
	defer previous.Close()
	if s := until(t, previous, "the previous log", func(s *Snapshot) bool { return s.Synced }); texts(s) != "life-1" || s.Sources[0].Instance != 0 {
		t.Errorf("previous: %s %+v", texts(s), s.Sources)
	}
}
