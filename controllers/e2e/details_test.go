package e2e

import (
	"bufio"
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

// Sub-paths are made where they are missing, a file of a ConfigMap mounted by its sub-path stays as it was, and a container
// writes and runs as its Pod says.
func TestSubPathsAndUsers(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {greeting: hello}
---
apiVersion: v1
kind: Pod
metadata: {name: paths}
spec:
  terminationGracePeriodSeconds: 30
  securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000}
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "stop() { echo stopped; exit 0; }; trap stop TERM; echo up; while true; do sleep 1000; done"]
    securityContext: {readOnlyRootFilesystem: true}
    env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    volumeMounts:
    - {name: config, mountPath: /config}
    - {name: config, mountPath: /etc/greeting, subPath: greeting}
    - {name: data, mountPath: /all}
    - {name: data, mountPath: /data, subPathExpr: logs/$(POD)}
  volumes: [{name: config, configMap: {name: config}}, {name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: root}
spec:
  securityContext: {runAsNonRoot: true}
  containers: [{name: c, image: nginx}]
---
apiVersion: v1
kind: Pod
metadata: {name: missing}
spec:
  containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, configMap: {name: none}}]
`)
	clustertest.Eventually(t, "the Pod to be up", func() bool { return isReady(get(t, c, ns, "paths")) })
	run := func(script string) string { return c.Kubectl(t, "exec", "-n", ns, "paths", "--", "sh", "-c", script) }
	if out := run("echo x > /data/f; cat /all/logs/paths/f; id; echo y > /etc/new || echo refused; readlink /config/greeting"); out != "x\nuid=1000 gid=3000 groups=3000,2000\nrefused\n..data/greeting\n" {
		t.Errorf("in the container: %q", out)
	}
	c.Kubectl(t, "patch", "configmap", "-n", ns, "config", "-p", `{"data":{"greeting":"changed"}}`)
	c.Kubectl(t, "annotate", "pod", "-n", ns, "paths", "look=again") // the kubelet looks at once
	clustertest.Eventually(t, "the volume to follow", func() bool { return run("cat /config/greeting") == "changed" })
	if out := run("cat /etc/greeting"); out != "hello" {
		t.Errorf("the file mounted by its sub-path is %q, and should be what it was", out)
	}
	clustertest.Eventually(t, "an image of root's to be refused", func() bool {
		w := status(get(t, c, ns, "root")).State.Waiting
		return w != nil && w.Reason == "CreateContainerConfigError" && strings.Contains(w.Message, "image will run as root")
	})
	clustertest.Eventually(t, "a volume that is missing to be told of each time", func() bool {
		out := c.Kubectl(t, "get", "events", "-n", ns, "--field-selector", "involvedObject.name=missing,reason=FailedMount", "-o", "jsonpath={.items[*].count}")
		return out != "" && out != "1"
	})
	var log sync.WaitGroup
	var last string
	follow, err := c.Kubernetes().CoreV1().Pods(ns).GetLogs("paths", &corev1.PodLogOptions{Follow: true}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log.Go(func() {
		defer func() { _ = follow.Close() }()
		b, _ := io.ReadAll(follow) // it ends with the container
		last = string(b)
	})
	c.Kubectl(t, "delete", "pod", "-n", ns, "paths", "root", "missing")
	if log.Wait(); last != "up\nstopped\n" {
		t.Errorf("the log is %q", last)
	}
}

// A user of Linux has 128 inotify instances, for all that they run; logs are followed without.
func TestManyFollowers(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `{apiVersion: v1, kind: Pod, metadata: {name: talker}, spec: {containers: [{name: c, image: busybox, command: [sh, -c, "while ! test -e /go; do sleep 0.1; done; echo spoken; sleep 1000"]}]}}`)
	clustertest.Eventually(t, "the Pod to be up", func() bool { return isReady(get(t, c, ns, "talker")) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const n = 150
	lines := make(chan string, n)
	for range n {
		s, err := c.Kubernetes().CoreV1().Pods(ns).GetLogs("talker", &corev1.PodLogOptions{Follow: true}).Stream(ctx)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer func() { _ = s.Close() }()
			line, _ := bufio.NewReader(s).ReadString('\n')
			lines <- line
		}()
	}
	c.Kubectl(t, "exec", "-n", ns, "talker", "--", "touch", "/go")
	for range n {
		if line := <-lines; line != "spoken\n" {
			t.Fatalf("a follower reads %q", line)
		}
	}
}
