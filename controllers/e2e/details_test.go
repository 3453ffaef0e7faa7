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

// A hook by HTTP reaches its Pod through the network, environments come whole from elsewhere, a container's last words are its
// message where it writes none, and Secrets, labels and what is projected of them follow what they show.
func TestHooksEnvironmentsMessagesAndUpdates(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {COLOR: red}
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
stringData: {word: before}
---
apiVersion: v1
kind: Pod
metadata: {name: hooked, labels: {tier: before}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: shop:v1
    ports: [{containerPort: 80, name: http}]
    lifecycle: {postStart: {httpGet: {path: /started, port: http}}}
    resources: {limits: {cpu: "2"}}
    envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: secret}, prefix: SECRET_}]
    env: [{name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: ADDRESS, value: "$(IP):80"}]
    volumeMounts: [{name: secret, mountPath: /secret}, {name: info, mountPath: /info}, {name: all, mountPath: /all}]
  volumes:
  - {name: secret, secret: {secretName: secret}}
  - {name: info, downwardAPI: {items: [{path: tier, fieldRef: {fieldPath: "metadata.labels['tier']"}}]}}
  - {name: all, projected: {sources: [{secret: {name: secret}}, {downwardAPI: {items: [{path: tier, fieldRef: {fieldPath: "metadata.labels['tier']"}}]}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: last-words}
spec:
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: [sh, -c, "echo the disk is full; exit 2"], terminationMessagePolicy: FallbackToLogsOnError}]
---
apiVersion: v1
kind: Pod
metadata: {name: bad-hook}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}], lifecycle: {postStart: {httpGet: {path: /, port: 9}}}}]
`)
	clustertest.Eventually(t, "the Pod to be ready", func() bool { return isReady(get(t, c, ns, "hooked")) })
	awaitLog(t, c, func(log string) bool { return strings.Contains(log, "GET /started 200 ") }, "-n", ns, "hooked")
	ip := get(t, c, ns, "hooked").Status.PodIP
	run := func(script string) string { return c.Kubectl(t, "exec", "-n", ns, "hooked", "--", "sh", "-c", script) }
	if out := run("echo $COLOR $SECRET_word $CPU $ADDRESS"); out != "red before 2 "+ip+":80\n" {
		t.Errorf("the environment is %q", out)
	}
	const all = "cat /secret/word /info/tier /all/word /all/tier"
	if out := run(all); out != strings.Repeat("before", 4) {
		t.Errorf("the volumes hold %q", out)
	}
	c.Kubectl(t, "patch", "secret", "-n", ns, "secret", "-p", `{"stringData":{"word":"after"}}`)
	c.Kubectl(t, "label", "pod", "-n", ns, "hooked", "--overwrite", "tier=after") // the kubelet looks at once
	printsSoon(t, c, ns, "hooked", all, strings.Repeat("after", 4))
	clustertest.Eventually(t, "the last words to be the message", func() bool {
		end := status(get(t, c, ns, "last-words")).State.Terminated
		return end != nil && end.ExitCode == 2 && end.Message == "the disk is full\n"
	})
	awaitEvents(t, c, ns, "bad-hook", "FailedPostStartHook", "PostStartHook failed")
	clustertest.Eventually(t, "a container whose hook fails to be restarted", func() bool { return status(get(t, c, ns, "bad-hook")).RestartCount > 0 })
}
