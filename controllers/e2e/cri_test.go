package e2e

import (
	"bufio"
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

// serveCRI runs a container runtime in a process of its own and gives its endpoint.
func serveCRI(t *testing.T) string {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "cri-") // short: the path of a socket may not be long
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "unix://" + filepath.Join(dir, "cri.sock")
	cmd := exec.CommandContext(t.Context(), bin, "cri", "--listen", endpoint)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // it was interrupted
		_ = os.RemoveAll(dir)
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, endpoint) {
		t.Fatalf("podarium cri printed %q: %v", line, err)
	}
	return endpoint
}

// A kubelet's Pods run in a runtime outside of the process, over its socket, beside those that run in it.
func TestCRI(t *testing.T) {
	t.Parallel()
	endpoint := serveCRI(t)
	c := clustertest.Start(t, clustertest.Options{Nodes: 2, Args: []string{"--cri-endpoint", endpoint}})
	ns := clustertest.Namespace(t, c)
	ctx := t.Context()
	apply(t, c, ns, `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: hello}
---
apiVersion: v1
kind: Pod
metadata: {name: outside}
spec:
  runtimeClassName: cri
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "echo $GREETING from $HOSTNAME; sleep 1000"]
    env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: settings, key: greeting}}}]
    volumeMounts: [{name: settings, mountPath: /settings}]
    readinessProbe: {exec: {command: [cat, /settings/greeting]}, periodSeconds: 1}
  volumes: [{name: settings, configMap: {name: settings}}]
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec:
  runtimeClassName: cri
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: [sh, -c, "echo bye; exit 3"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: crash}
spec:
  runtimeClassName: cri
  containers: [{name: c, image: busybox, command: [sh, -c, "echo try >> /tries/log; cat /tries/log; exit 4"], volumeMounts: [{name: tries, mountPath: /tries}]}]
  volumes: [{name: tries, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: broken}
spec:
  runtimeClassName: cri
  containers: [{name: c, image: "nginx:broken"}]
---
apiVersion: v1
kind: Pod
metadata: {name: inside}
spec:
  containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}], readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}}]
`)
	clustertest.Eventually(t, "the Pods of both runtimes to be as they should", func() bool {
		end := status(get(t, c, ns, "once")).State.Terminated
		waiting := status(get(t, c, ns, "broken")).State.Waiting
		return isReady(get(t, c, ns, "outside")) && isReady(get(t, c, ns, "inside")) && end != nil && end.ExitCode == 3 &&
			waiting != nil && strings.HasPrefix(waiting.Reason, "ErrImage")
	})
	awaitLog(t, c, is("hello from outside\n"), "-n", ns, "outside")
	if out := c.Kubectl(t, "exec", "-n", ns, "outside", "--", "sh", "-c", "echo $((6*7))"); out != "42\n" {
		t.Errorf("exec printed %q", out)
	}
	clustertest.Eventually(t, "the crashing container to be started again with the Pod's volume", func() bool {
		out, err := c.TryKubectl(t, "logs", "-n", ns, "crash") // of the last run; the kubelet need not keep the one before
		return err == nil && strings.HasPrefix(out, "try\ntry\n") && status(get(t, c, ns, "crash")).RestartCount > 0
	})
	clustertest.Eventually(t, "the status to tell how it ended", func() bool {
		last := status(get(t, c, ns, "crash")).LastTerminationState.Terminated
		return last != nil && last.ExitCode == 4
	})
	c.Kubectl(t, "delete", "pod", "-n", ns, "outside", "crash", "--grace-period=1")
	if _, err := c.Kubernetes().CoreV1().Pods(ns).Get(ctx, "outside", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the deleted Pod: %v", err)
	}

	if out := podarium(t, c, "status"); !strings.Contains(out, "RUNTIME cri at "+endpoint+" on node-1, node-2\n") || !strings.Contains(out, "past NetworkPolicies") {
		t.Errorf("the limits of the runtime are not told:\n%s", out)
	}
	// A node whose own runtime it is, which shares it with the others and leaves theirs alone.
	podarium(t, c, "node", "add", "far", "--runtime", "cri")
	n, err := c.Kubernetes().CoreV1().Nodes().Get(ctx, "far", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v := n.Status.NodeInfo.ContainerRuntimeVersion; !strings.HasPrefix(v, "podarium-cri://") {
		t.Errorf("the node's runtime is %s", v)
	}
	apply(t, c, ns, `{apiVersion: v1, kind: Pod, metadata: {name: there}, spec: {nodeName: far, containers: [{name: c, image: nginx}]}}`)
	clustertest.Eventually(t, "a Pod of no RuntimeClass to run there", func() bool { return isReady(get(t, c, ns, "there")) })
	if end := get(t, c, ns, "once"); end.Status.Phase != corev1.PodFailed {
		t.Errorf("the Pod of another node is %s", end.Status.Phase)
	}
	refused(t, c, "there is no such socket: start the container runtime", "node", "add", "lost", "--runtime", "cri", "--cri-endpoint", "unix:///nowhere.sock")
	refused(t, c, "it is written as unix:///run/containerd/containerd.sock", "node", "add", "lost", "--cri-endpoint", "tcp://127.0.0.1:1")
	refused(t, c, "--runtime cri needs the socket of a container runtime", "up", "--runtime", "cri")
}
