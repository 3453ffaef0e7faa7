package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

// A startup probe keeps the others waiting, and restarts a container that does not start.
func TestStartupProbe(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "waits", `
image: shop:v1
ports: [{containerPort: 80}]
startupProbe: {exec: {command: [test, -e, /tmp/started]}, periodSeconds: 1, failureThreshold: 1000}
livenessProbe: {exec: {command: [test, -e, /tmp/started]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 30}
readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
`)
	create(t, c, ns, "never", `
image: shop:v1
startupProbe: {exec: {command: ["false"]}, periodSeconds: 1, failureThreshold: 2}
`)
	clustertest.Eventually(t, "a container that does not start to be restarted", func() bool { return status(get(t, c, ns, "never")).RestartCount > 0 })
	awaitEvents(t, c, ns, "never", "Killing", "Container c failed startup probe, will be restarted")
	awaitEvents(t, c, ns, "waits", "Unhealthy", "Startup probe failed")
	clustertest.Eventually(t, "the status of the container that is to start", func() bool { return status(get(t, c, ns, "waits")).Started != nil })
	if p := get(t, c, ns, "waits"); isReady(p) || *status(p).Started || status(p).RestartCount > 0 {
		t.Errorf("before its startup probe succeeds the container is %+v", status(p))
	}
	c.Kubectl(t, "exec", "-n", ns, "waits", "--", "touch", "/tmp/started")
	clustertest.Eventually(t, "the Pod to be ready", func() bool { return isReady(get(t, c, ns, "waits")) })
	if n := status(get(t, c, ns, "waits")).RestartCount; n != 0 {
		t.Errorf("the liveness probe restarted it %d times before it had started", n)
	}
}

// One container of a Pod has ended, the other goes on.
func TestExecInAnEndedContainer(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: half}
spec:
  restartPolicy: Never
  containers:
  - {name: done, image: busybox, command: [sh, -c, "exit 3"]}
  - {name: goes-on, image: busybox, command: [sleep, infinity]}
`)
	clustertest.Eventually(t, "a container to end and the other one to run", func() bool {
		ended, runs := false, false
		for _, s := range get(t, c, ns, "half").Status.ContainerStatuses {
			ended = ended || s.Name == "done" && s.State.Terminated != nil
			runs = runs || s.Name == "goes-on" && s.State.Running != nil
		}
		return ended && runs
	})
	_, err := c.TryKubectl(t, "exec", "-n", ns, "half", "-c", "done", "--", "ls")
	if err == nil || !strings.Contains(err.Error(), "it is finished with exit code 3") {
		t.Errorf("exec in a container that has ended: %v", err)
	}
	if out := c.Kubectl(t, "exec", "-n", ns, "half", "-c", "goes-on", "--", "echo", "hi"); out != "hi\n" {
		t.Errorf("in the other one: %q", out)
	}
}

// Hooks, a grace period, a ConfigMap that changes, logs by time, an ephemeral container, and input to a container.
func TestLifeOfAContainer(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, fmt.Sprintf(`
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {word: before}
---
apiVersion: v1
kind: Pod
metadata: {name: life}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "echo up; sleep infinity"]
    lifecycle:
      postStart: {exec: {command: [sh, -c, "echo started > /tmp/hook"]}}
      preStop: {exec: {command: [sh, -c, "echo stopped by its hook > /host/%[1]s"]}}
    volumeMounts: [{name: config, mountPath: /config}, {name: host, mountPath: /host}]
  volumes: [{name: config, configMap: {name: config}}, {name: host, hostPath: {path: /tmp/hooks, type: DirectoryOrCreate}}]
`, ns))
	clustertest.Eventually(t, "the Pod", func() bool { return isReady(get(t, c, ns, "life")) })
	exec := func(script string) string {
		return c.Kubectl(t, "exec", "-n", ns, "life", "--", "sh", "-c", script)
	}
	if out := exec("cat /tmp/hook; cat /config/word"); out != "started\nbefore" {
		t.Errorf("after postStart: %q", out)
	}
	awaitLog(t, c, func(log string) bool { return strings.HasPrefix(log, "20") && strings.HasSuffix(log, "Z up\n") }, "-n", ns, "life", "--timestamps")
	if out := c.Kubectl(t, "logs", "-n", ns, "life", "--since=1h", "--tail=1"); out != "up\n" {
		t.Errorf("logs of the last hour: %q", out)
	}
	c.Kubectl(t, "debug", "-n", ns, "life", "--image=busybox", "--container=probe", "--", "sh", "-c", "echo here is $(hostname)")
	awaitLog(t, c, is("here is life\n"), "-n", ns, "life", "-c", "probe")
	c.Kubectl(t, "patch", "configmap", "-n", ns, "config", "-p", `{"data":{"word":"after"}}`)
	c.Kubectl(t, "annotate", "pod", "-n", ns, "life", "look=again") // or the kubelet would look within a minute and a half
	clustertest.Eventually(t, "the ConfigMap's volume to follow", func() bool { return exec("cat /config/word") == "after" })
	c.Kubectl(t, "delete", "pod", "-n", ns, "life", "--wait")
	hook := filepath.Join(c.DataDir, "nodes", "node-1", "rootfs", "tmp", "hooks", ns)
	if b, err := os.ReadFile(hook); err != nil || string(b) != "stopped by its hook\n" {
		t.Errorf("preStop has left %q, %v", b, err)
	}
}

// attach follows what a container prints from then on, and with -i gives it input.
func TestAttach(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: talks}
spec:
  containers:
  - {name: echo, image: busybox, stdin: true, command: [sh, -c, "while read line; do echo got $line; done"]}
  - {name: tick, image: busybox, command: [sh, -c, "while true; do echo tick; sleep 0.1; done"]}
`)
	clustertest.Eventually(t, "the Pod", func() bool { return isReady(get(t, c, ns, "talks")) })
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	attach := func(container string, flags ...string) (io.Writer, *bufio.Scanner) {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, bin, append([]string{"--data-dir", c.DataDir, "kubectl", "attach", "-n", ns, "talks", "-c", container}, flags...)...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cancel()
			_ = cmd.Wait() // it was killed
		})
		return in, bufio.NewScanner(out)
	}
	in, out := attach("echo", "-i")
	for _, word := range []string{"one", "two"} {
		if _, err := io.WriteString(in, word+"\n"); err != nil {
			t.Fatal(err)
		}
		if !out.Scan() || out.Text() != "got "+word {
			t.Fatalf("attach -i printed %q, %v", out.Text(), out.Err())
		}
	}
	_, out = attach("tick")
	for range 3 {
		if !out.Scan() || out.Text() != "tick" {
			t.Fatalf("attach printed %q, %v", out.Text(), out.Err())
		}
	}
}

// An HorizontalPodAutoscaler follows the load, by the metrics API.
func TestAutoscaler(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}], resources: {requests: {cpu: 10m}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
`)
	s, err := c.Kubernetes().CoreV1().Services(ns).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stop := load(t, 20, version(fmt.Sprintf("127.0.0.1:%d", s.Spec.Ports[0].NodePort)))
	defer stop()
	clustertest.Eventually(t, "the Deployment to be scaled up", func() bool {
		d, err := c.Kubernetes().AppsV1().Deployments(ns).Get(t.Context(), "web", metav1.GetOptions{})
		return err == nil && *d.Spec.Replicas > 1
	})
}
