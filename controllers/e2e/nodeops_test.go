package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

// refused runs the program, which has to fail with words.
func refused(t *testing.T, c *clustertest.Cluster, words string, args ...string) {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, append([]string{"--data-dir", c.DataDir}, args...)...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), words) {
		t.Errorf("podarium %v: %v, want an error with %q:\n%s", args, err, words, out)
	}
}

// onNodes makes Pods of one container by a template that has %d for the number, and gives the nodes they land on.
func onNodes(t *testing.T, c *clustertest.Cluster, ns, pod string, n int) map[string]int {
	t.Helper()
	for i := range n {
		apply(t, c, ns, fmt.Sprintf(pod, i))
	}
	var nodes map[string]int
	clustertest.Eventually(t, "the Pods to be bound", func() bool {
		nodes = map[string]int{}
		l, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=placed"})
		if err != nil {
			return false
		}
		for _, p := range l.Items {
			if p.Spec.NodeName != "" {
				nodes[p.Spec.NodeName]++
			}
		}
		return len(l.Items) == n && nodes != nil && sum(nodes) == n
	})
	return nodes
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func TestNodesAddedAndRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	images := filepath.Join(t.TempDir(), "images.yaml")
	if err := os.WriteFile(images, []byte("images:\n- match: '*/acme:*'\n  exit: {after: 100ms, code: 7, log: so long}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := clustertest.Start(t, clustertest.Options{Nodes: 2, DataDir: dir, Args: []string{"--catalogue", images}})
	ns := clustertest.Namespace(t, c)
	ctx := t.Context()

	t.Run("catalogue", func(t *testing.T) {
		create(t, c, ns, "once-acme", `{image: "acme:v1"}`)
		clustertest.Eventually(t, "the image to do what the catalogue says", func() bool {
			end := status(get(t, c, ns, "once-acme")).State.Terminated
			return end != nil && end.ExitCode == 7
		})
		if out := podarium(t, c, "catalogue", "acme:v1"); !strings.Contains(out, "code: 7") {
			t.Errorf("podarium catalogue acme:v1 prints\n%s", out)
		}
		if out := podarium(t, c, "catalogue"); !strings.Contains(out, "*/acme:*") || !strings.Contains(out, "*:broken*") {
			t.Errorf("podarium catalogue prints\n%s", out)
		}
	})

	t.Run("scheduler profile", func(t *testing.T) {
		n, err := c.Kubernetes().CoreV1().Nodes().Get(ctx, "node-1", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ns := clustertest.Namespace(t, c)
		nodes := onNodes(t, c, ns, `{apiVersion: v1, kind: Pod, metadata: {name: packed-%d, labels: {app: placed}}, spec: {schedulerName: bin-packing, containers: [
			{name: c, image: nginx, resources: {requests: {cpu: `+fmt.Sprintf("%dm", n.Status.Allocatable.Cpu().MilliValue()/10)+`}}}]}}`, 5)
		if len(nodes) != 1 {
			t.Errorf("bin-packing has spread the Pods over %v", nodes)
		}
	})

	t.Run("add", func(t *testing.T) {
		if out := podarium(t, c, "node", "add", "big", "--labels", "disk=ssd", "--runtime", "process"); out != "big: added\n" {
			t.Errorf("it printed %q", out)
		}
		n, err := c.Kubernetes().CoreV1().Nodes().Get(ctx, "big", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if nodeReady(t, c, "big") != corev1.ConditionTrue || n.Labels["disk"] != "ssd" || n.Labels["runtime.podarium.io/process"] != "true" {
			t.Errorf("the Node is %v, ready %s", n.Labels, nodeReady(t, c, "big"))
		}
		refused(t, c, "big is there already", "node", "add", "big")
		refused(t, c, "cannot be a node's name", "node", "add", "Big_One")
		refused(t, c, `"docker" is none of standin, process, cri`, "node", "add", "--runtime", "docker")
		refused(t, c, "podarium kubectl label node", "node", "add", "--labels", "node-restriction.kubernetes.io/x=y")
		if out := podarium(t, c, "__complete", "node", "remove", ""); !strings.Contains(out, "big\n") {
			t.Errorf("names are completed as %q", out)
		}
	})

	t.Run("runtime classes", func(t *testing.T) {
		apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: native}
spec:
  runtimeClassName: process
  restartPolicy: Never
  containers: [{name: c, image: any, command: [sh, -c, "echo $((6*7)) of process $$"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: stood-in}
spec:
  runtimeClassName: standin
  nodeSelector: {disk: ssd}
  containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}]}]
`)
		clustertest.Eventually(t, "a Pod of each runtime to run, both on the node that has both", func() bool {
			a, b := get(t, c, ns, "native"), get(t, c, ns, "stood-in")
			return a.Status.Phase == corev1.PodSucceeded && a.Spec.NodeName == "big" && isReady(b) && b.Spec.NodeName == "big"
		})
		if log := c.Kubectl(t, "logs", "-n", ns, "native"); !strings.HasPrefix(log, "42 of process ") {
			t.Errorf("the process logs %q", log)
		}
	})

	t.Run("remove", func(t *testing.T) {
		refused(t, c, "--force", "node", "remove", "big") // a Pod of no controller is on it
		refused(t, c, "there are node-1, node-2, big", "node", "remove", "nobody")
		podarium(t, c, "node", "remove", "big", "--force")
		if _, err := c.Kubernetes().CoreV1().Nodes().Get(ctx, "big", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("the Node is still there: %v", err)
		}
		if _, err := c.Kubernetes().CoreV1().Pods(ns).Get(ctx, "stood-in", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("its Pod is still there: %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "nodes", "big")); !os.IsNotExist(err) {
			t.Errorf("its directory is still there: %v", err)
		}
		if out := podarium(t, c, "status"); strings.Contains(out, "big") {
			t.Errorf("podarium status shows it:\n%s", out)
		}
	})

	t.Run("drain", func(t *testing.T) {
		c.Kubectl(t, "create", "deployment", "-n", ns, "web", "--image=nginx", "--replicas=4")
		c.Kubectl(t, "rollout", "status", "-n", ns, "deployment/web")
		c.Kubectl(t, "delete", "pod", "-A", "-l", "app=placed")
		podarium(t, c, "node", "remove", "node-2")
		clustertest.Eventually(t, "the Deployment to be whole on the other node", func() bool {
			l, err := c.Kubernetes().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
			if err != nil || len(l.Items) != 4 {
				return false
			}
			for _, p := range l.Items {
				if p.Spec.NodeName != "node-1" || !isReady(&p) {
					return false
				}
			}
			return true
		})
	})

	podarium(t, c, "node", "add", "extra")
	_ = c.Process.Signal(os.Interrupt) // it runs
	<-c.Exited
	c = clustertest.Start(t, clustertest.Options{Nodes: 2, DataDir: dir})
	var have []string
	l, err := c.Kubernetes().CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range l.Items {
		have = append(have, n.Name+" "+string(nodeReady(t, c, n.Name)))
	}
	if got := strings.Join(have, ", "); got != "extra True, node-1 True" {
		t.Errorf("after a restart there are the nodes %s", got)
	}
	if out := podarium(t, c, "node", "add"); out != "node-2: added\n" {
		t.Errorf("a node without a name is added as %q", out)
	}
}

func TestBadFilesAreRefusedAtTheDoor(t *testing.T) {
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(file, []byte("images:\n- match: a\n  pul: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"--catalogue":        `line 3: unknown field "pul"`,
		"--scheduler-config": "bad.yaml",
	} {
		cmd := exec.CommandContext(t.Context(), bin, "up", "--ephemeral", flag, file)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), want) || !strings.Contains(string(out), flag) {
			t.Errorf("%s: exit code %d: %s", flag, code, out)
		}
	}
}
