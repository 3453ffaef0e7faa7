package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster/clustertest"
)

// apply creates objects from YAML, with kubectl.
func apply(t *testing.T, c *clustertest.Cluster, namespace, manifest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "apply", "-n", namespace, "-f", file)
}

func get(t *testing.T, c *clustertest.Cluster, namespace, name string) *corev1.Pod {
	t.Helper()
	p, err := c.Kubernetes().CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// create makes a Pod of one container.
func create(t *testing.T, c *clustertest.Cluster, namespace, name, container string) {
	t.Helper()
	var ct corev1.Container
	if err := yaml.UnmarshalStrict([]byte(container), &ct); err != nil {
		t.Fatal(err)
	}
	ct.Name = "c"
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}}, Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: new(int64(2)), Containers: []corev1.Container{ct},
	}}
	if strings.HasPrefix(name, "once") {
		p.Spec.RestartPolicy = corev1.RestartPolicyNever
	}
	if _, err := c.Kubernetes().CoreV1().Pods(namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func status(p *corev1.Pod) corev1.ContainerStatus {
	if len(p.Status.ContainerStatuses) == 0 {
		return corev1.ContainerStatus{}
	}
	return p.Status.ContainerStatuses[0]
}

func TestCommandsEnd(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "once-ok", `{image: busybox, command: [sh, -c, "echo hi; echo bye > /dev/termination-log"]}`)
	create(t, c, ns, "once-bad", `{image: busybox, command: [sh, -c, "echo oops >&2; exit 3"]}`)
	clustertest.Eventually(t, "both Pods to end", func() bool {
		return get(t, c, ns, "once-ok").Status.Phase == corev1.PodSucceeded && get(t, c, ns, "once-bad").Status.Phase == corev1.PodFailed
	})
	if log := c.Kubectl(t, "logs", "-n", ns, "once-ok"); log != "hi\n" {
		t.Errorf("the log is %q", log)
	}
	if end := status(get(t, c, ns, "once-ok")).State.Terminated; end.Reason != "Completed" || end.Message != "bye\n" {
		t.Errorf("it ended as %+v", end)
	}
	if end := status(get(t, c, ns, "once-bad")).State.Terminated; end.ExitCode != 3 || end.Reason != "Error" {
		t.Errorf("it ended as %+v", end)
	}
	if _, err := c.TryKubectl(t, "exec", "-n", ns, "once-ok", "--", "ls"); err == nil || !strings.Contains(err.Error(), "current phase is Succeeded") {
		t.Errorf("exec in a Pod that has ended: %v", err)
	}
}

func TestCrashLoop(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "crash", `{image: "shop:crash"}`)
	clustertest.Eventually(t, "CrashLoopBackOff", func() bool {
		s := status(get(t, c, ns, "crash"))
		return s.RestartCount > 0 && s.State.Waiting != nil && s.State.Waiting.Reason == "CrashLoopBackOff"
	})
	// While the next run ends, the kubelet has removed what the status still calls the last one.
	clustertest.Eventually(t, "the log of the last run", func() bool {
		log, err := c.TryKubectl(t, "logs", "-n", ns, "crash", "-p")
		return err == nil && strings.Contains(log, "fatal: this tag crashes")
	})
}

func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "once-oom", `{image: "shop:oom"}`)
	clustertest.Eventually(t, "OOMKilled", func() bool {
		end := status(get(t, c, ns, "once-oom")).State.Terminated
		return end != nil && end.Reason == "OOMKilled" && end.ExitCode == 137
	})
}

func TestImagesThatCannotBePulled(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "broken", `{image: "shop:broken"}`)
	seen := map[string]bool{}
	clustertest.Eventually(t, "ErrImagePull and ImagePullBackOff", func() bool {
		if w := status(get(t, c, ns, "broken")).State.Waiting; w != nil {
			seen[w.Reason] = true
		}
		return seen["ImagePullBackOff"]
	})
}

func TestVolumesEnvironmentAndOrder(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {greeting: hello}
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
stringData: {password: xyzzy}
---
apiVersion: v1
kind: Pod
metadata: {name: all, labels: {tier: web}}
spec:
  restartPolicy: Never
  initContainers:
  - name: first
    image: busybox
    command: [sh, -c, "echo first > /shared/order"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  - name: sidecar
    image: shop:v1
    restartPolicy: Always
    ports: [{containerPort: 9000}]
    startupProbe: {tcpSocket: {port: 9000}, periodSeconds: 1}
  containers:
  - name: main
    image: busybox
    command: [sh, -c]
    args: ["cat /shared/order; cat /config/greeting; echo; echo $PASSWORD $NODE $TIER; cat /info/labels; echo; cat /proj/all/greeting; echo; wget -qO- localhost:9000 | grep version; test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token"]
    env:
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: secret, key: password}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
    volumeMounts:
    - {name: shared, mountPath: /shared}
    - {name: config, mountPath: /config}
    - {name: info, mountPath: /info}
    - {name: proj, mountPath: /proj}
  volumes:
  - {name: shared, emptyDir: {}}
  - {name: config, configMap: {name: config}}
  - {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  - {name: proj, projected: {sources: [{configMap: {name: config, items: [{key: greeting, path: all/greeting}]}}]}}
`)
	clustertest.Eventually(t, "the Pod to succeed", func() bool { return get(t, c, ns, "all").Status.Phase == corev1.PodSucceeded })
	want := "first\nhello\nxyzzy node-1 web\ntier=\"web\"\nhello\nversion: v1\ntoken\n"
	if log := c.Kubectl(t, "logs", "-n", ns, "all", "-c", "main"); log != want {
		t.Errorf("the log is\n%s\nwant\n%s", log, want)
	}
}

func TestExecCopyAndPortForward(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "web", `{image: "shop:v1", ports: [{containerPort: 80}]}`)
	clustertest.Eventually(t, "the Pod to be ready", func() bool { return isReady(get(t, c, ns, "web")) })
	if out := c.Kubectl(t, "exec", "-n", ns, "web", "--", "sh", "-c", "echo $((6*7)); hostname"); out != "42\nweb\n" {
		t.Errorf("exec prints %q", out)
	}
	if _, err := c.TryKubectl(t, "exec", "-n", ns, "web", "--", "sh", "-c", "exit 5"); err == nil || !strings.Contains(err.Error(), "exit code 5") {
		t.Errorf("exec of a command that fails: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("copied"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "cp", "-n", ns, filepath.Join(dir, "a"), "web:/tmp/a")
	c.Kubectl(t, "cp", "-n", ns, "web:/tmp/a", filepath.Join(dir, "b"))
	if b, err := os.ReadFile(filepath.Join(dir, "b")); err != nil || string(b) != "copied" {
		t.Errorf("what came back is %q, %v", b, err)
	}
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, bin, "--data-dir", c.DataDir, "kubectl", "port-forward", "-n", ns, "pod/web", ":80")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }() // it was killed
	defer cancel()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(line, "Forwarding from "), " ")
	for range 3 { // each on a connection of its own
		if a, err := ask(ctx, address); err != nil || a.Pod != "web" {
			t.Errorf("by the forwarded port %s %q answers, %v", address, a.Pod, err)
		}
	}
}

// Nothing outside of the data directory may change, whatever the working directory is.
func TestNothingOutsideTheDataDirectoryIsTouched(t *testing.T) {
	t.Parallel()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	canary, data := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "0.log", "nginx", "deep/b"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(canary, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(canary, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := listing(t, canary)
	cmd := exec.Command(bin, "up", "--data-dir", data, "--nodes", "1", "-o", "json")
	cmd.Dir = canary
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 1)
	if _, err := out.Read(ready); err != nil {
		t.Fatal("it does not start: ", err)
	}
	kubectl := func(args ...string) {
		t.Helper()
		k := exec.Command(bin, append([]string{"--data-dir", data, "kubectl"}, args...)...)
		k.Dir = canary
		if out, err := k.CombinedOutput(); err != nil {
			t.Fatalf("kubectl %v: %v\n%s", args, err, out)
		}
	}
	clustertest.Eventually(t, "the default service account", func() bool {
		return exec.Command(bin, "--data-dir", data, "kubectl", "get", "serviceaccount", "default").Run() == nil
	})
	kubectl("run", "web", "--image=nginx", "--port=80")
	kubectl("run", "job", "--image=busybox", "--restart=Never", "--", "sh", "-c", "echo x > ../../../../y; rm -rf /; ls /")
	kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
	kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/job", "--timeout=60s")
	kubectl("delete", "pod", "web", "job", "--wait")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code is another test's
	if after := listing(t, canary); after != before {
		t.Errorf("the working directory has changed:\n%s\nbefore:\n%s", after, before)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s %s\n", p, info.Mode(), info.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
