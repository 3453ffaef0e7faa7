package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/examples"
)

// placed gives the nodes of the Pods that a selector finds, once there are n that run.
func placed(t *testing.T, c *clustertest.Cluster, selector string, n int) map[string]int {
	t.Helper()
	var nodes map[string]int
	clustertest.Eventually(t, "the Pods of "+selector, func() bool {
		list, err := c.Kubernetes().CoreV1().Pods("").List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return false
		}
		nodes = map[string]int{}
		running := 0
		for i := range list.Items {
			if p := &list.Items[i]; p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
				running++
				nodes[p.Spec.NodeName]++
			}
		}
		return running == n
	})
	return nodes
}

func pending(t *testing.T, c *clustertest.Cluster, name string) {
	t.Helper()
	clustertest.Eventually(t, name+" to be refused a node", func() bool {
		return strings.Contains(events(t, c, "default", name, "FailedScheduling"), "didn't match Pod's node affinity/selector")
	})
}

// Each demonstration shows what it says, by the commands that it tells to try.
func TestSchedulingDemos(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Nodes: 2})
	for _, name := range []string{"node-selector", "node-name", "node-restriction", "node-affinity", "pod-affinity", "spread"} {
		podarium(t, c, "demo", "scheduling-"+name)
	}

	// nodeName, nodeSelector, and a label that a kubelet may not set.
	pending(t, c, "picky")
	pending(t, c, "trusted")
	_, err := c.TryKubectl(t, "label", "node", "node-2", "node-restriction.kubernetes.io/vetted=true", "--as=system:node:node-2", "--as-group=system:nodes")
	if err == nil || !strings.Contains(err.Error(), "is not allowed to modify labels: node-restriction.kubernetes.io/vetted") {
		t.Errorf("a kubelet vets its own node: %v", err)
	}
	c.Kubectl(t, "label", "node", "node-1", "disk=ssd")
	c.Kubectl(t, "label", "node", "node-2", "node-restriction.kubernetes.io/vetted=true")
	for pod, node := range map[string]string{"named": "node-1", "picky": "node-1", "trusted": "node-2"} {
		clustertest.Eventually(t, pod+" to run", func() bool { return get(t, c, "default", pod).Status.Phase == corev1.PodRunning })
		if n := get(t, c, "default", pod).Spec.NodeName; n != node {
			t.Errorf("%s is on %s, want %s", pod, n, node)
		}
	}

	// Node affinity: the hard one waits for a label, the soft one goes by what weighs most.
	if n := placed(t, c, "app=nice-to-have", 1); n["node-2"] != 1 {
		t.Errorf("nice-to-have is on %v", n)
	}
	clustertest.Eventually(t, "must-have to wait", func() bool {
		out := c.Kubectl(t, "get", "events", "--field-selector", "reason=FailedScheduling", "-o", "jsonpath={.items[*].involvedObject.name}")
		return strings.Contains(out, "must-have-")
	})
	c.Kubectl(t, "label", "node", "node-1", "gpu=large")
	c.Kubectl(t, "rollout", "restart", "deployment", "nice-to-have")
	c.Kubectl(t, "rollout", "status", "deployment", "nice-to-have", "--timeout=180s")
	for _, app := range []string{"must-have", "nice-to-have"} {
		if n := placed(t, c, "app="+app, 1); n["node-1"] != 1 {
			t.Errorf("%s is on %v", app, n)
		}
	}

	// Pod affinity: one cache a node, and a front beside each; a third cache has no room.
	if n := placed(t, c, "app=cache", 2); n["node-1"] != 1 || n["node-2"] != 1 {
		t.Errorf("the caches are on %v", n)
	}
	placed(t, c, "app=front", 2)
	placed(t, c, "app=fan", 1)
	c.Kubectl(t, "scale", "deployment", "cache", "--replicas=3")
	clustertest.Eventually(t, "the third cache to wait", func() bool {
		out := c.Kubectl(t, "get", "events", "--field-selector", "reason=FailedScheduling", "-o", "jsonpath={.items[*].message}")
		return strings.Contains(out, "didn't match pod anti-affinity rules")
	})

	// Topology spread.
	if n := placed(t, c, "app=spread", 6); n["node-1"] != 3 || n["node-2"] != 3 {
		t.Errorf("the Pods are spread as %v", n)
	}

	// Taints: who does not tolerate stays away, and is put out.
	c.Kubectl(t, "taint", "node", "node-1", "team=blue:NoSchedule")
	podarium(t, c, "demo", "scheduling-taints")
	if n := placed(t, c, "app=anyone", 3); n["node-1"] != 0 {
		t.Errorf("Pods that do not tolerate the taint are on %v", n)
	}
	if n := placed(t, c, "app=blue", 3); n["node-1"] == 0 {
		t.Errorf("Pods that tolerate the taint are on %v", n)
	}
	c.Kubectl(t, "taint", "node", "node-2", "broken=true:NoExecute")
	clustertest.Eventually(t, "node-2 to be left by those that do not tolerate it", func() bool {
		list, err := c.Kubernetes().CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.nodeName=node-2", LabelSelector: "app in (anyone, spread)"})
		return err == nil && len(list.Items) == 0
	})
	c.Kubectl(t, "taint", "node", "node-1", "team-")
	c.Kubectl(t, "taint", "node", "node-2", "broken-")
}

func TestPriorityDemo(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Nodes: 1})
	podarium(t, c, "demo", "scheduling-priority")
	clustertest.Eventually(t, "no room for the second patient", func() bool {
		out := c.Kubectl(t, "get", "events", "--field-selector", "reason=FailedScheduling", "-o", "jsonpath={.items[*].message}")
		return strings.Contains(out, "didn't have free ports")
	})
	placed(t, c, "app=patient", 1)
	c.Kubectl(t, "scale", "deployment", "urgent", "--replicas=1")
	placed(t, c, "app=urgent", 1)
	clustertest.Eventually(t, "an event about a patient Pod that was preempted", func() bool {
		out := c.Kubectl(t, "get", "events", "--field-selector", "reason=Preempted", "-o", "jsonpath={.items[*].involvedObject.name}")
		return strings.Contains(out, "patient-")
	})
}

func TestApplicationDemos(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Nodes: 2})
	for _, name := range []string{"daemonset", "job", "cronjob", "statefulset", "replicationcontroller", "zookeeper", "shop", "trouble"} {
		podarium(t, c, "demo", name)
	}
	for selector, n := range map[string]int{"app=agent": 2, "app=ordered": 3, "app=old-style": 2, "app=zookeeper": 3, "app=test-service": 3, "app=test-web": 2, "app=redis": 1} {
		placed(t, c, selector, n)
	}
	clustertest.Eventually(t, "one Job to be complete, and the other to have failed as often as it may", func() bool {
		return c.Kubectl(t, "get", "jobs", "pi", "futile", "-o", "jsonpath={.items[*].status.succeeded} {.items[*].status.failed} {.items[1].status.conditions[?(@.type=='Failed')].reason}") == "5 2 BackoffLimitExceeded"
	})
	c.Kubectl(t, "create", "job", "--from=cronjob/tick", "now") // rather than wait for the minute
	clustertest.Eventually(t, "the CronJob's Job", func() bool {
		return c.Kubectl(t, "get", "job", "now", "-o", "jsonpath={.status.succeeded}") == "1"
	})
	clustertest.Eventually(t, "one of the ZooKeepers to lead", func() bool {
		out, err := c.TryKubectl(t, "-n", "middleware", "exec", "zookeeper-0", "--", "sh", "-c", "for i in 0 1 2; do echo srvr | nc zookeeper-$i.zookeeper 2181 | grep Mode; done")
		return err == nil && strings.Count(out, "leader") == 1 && strings.Count(out, "follower") == 2
	})
	ip := c.Kubectl(t, "get", "service", "-n", "shop", "test-web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
	proxied := proxyClient(t, c)
	clustertest.Eventually(t, "test-web to call test-service, which counts in redis, by "+ip, func() bool {
		resp, err := proxied.Get("http://test-web.shop:8080/")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body := make([]byte, 4096)
		n, _ := resp.Body.Read(body)
		return strings.Contains(string(body[:n]), "visits: ")
	})
	for pod, want := range map[string]string{"missing-image": "ImagePullBackOff", "crash-loop": "CrashLoopBackOff", "missing-config": "CreateContainerConfigError"} {
		clustertest.Eventually(t, pod+" to be in "+want, func() bool {
			w := status(get(t, c, "trouble", pod)).State.Waiting
			return w != nil && w.Reason == want
		})
	}
}

// The commands that the demonstrations tell to try work as they are written, in a shell.
func TestDemoCommands(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	c := clustertest.Start(t, clustertest.Options{Nodes: 3, Args: []string{"--simulated-nodes", "3"}})
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' --data-dir '%s' \"$@\"\n", bin, c.DataDir)
	if err := os.WriteFile(filepath.Join(dir, "podarium"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	all, err := examples.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		podarium(t, c, "demo", e.Name)
		for _, try := range e.Try {
			line := strings.ReplaceAll(try.Line, "--replicas 5000", "--replicas 20") // it is the command that is tried
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			var out []byte
			for { // a Pod may not be there yet, for a reader a moment later it is
				cmd := exec.CommandContext(ctx, "sh", "-c", line)
				cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
				cmd.WaitDelay = time.Second
				var err error
				if out, err = cmd.CombinedOutput(); err == nil {
					break
				}
				if ctx.Err() != nil {
					t.Errorf("%s: %s: %v: %s", e.Name, line, err, out)
					break
				}
			}
			cancel()
			if testing.Verbose() {
				t.Logf("%s: %s\n%s", e.Name, line, out)
			}
		}
		podarium(t, c, "demo", e.Name, "--delete")
	}
}
