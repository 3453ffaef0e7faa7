//go:build unix

package e2e

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

// Real redis-server as a container: probed, reached by its Service's name, with its data on a volume, and gone when
// podarium is killed.
func TestProcessRuntime(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
	c := clustertest.Start(t, clustertest.Options{Nodes: 1, Args: []string{"--runtime", "process"}})
	apply(t, c, "default", `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  serviceName: redis
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: redis
        image: redis:7
        ports: [{containerPort: 6379, name: redis}]
        env: [{name: GREETING, value: hello}]
        readinessProbe: {exec: {command: [sh, -c, "redis-cli -p $PORT ping | grep PONG"]}, periodSeconds: 1}
        livenessProbe: {tcpSocket: {port: redis}, periodSeconds: 5}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {type: NodePort, selector: {app: redis}, ports: [{name: redis, port: 6379}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {runtimeClassName: standin, containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`)
	ready := func() bool {
		out, err := c.TryKubectl(t, "get", "pod", "redis-0", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}{.metadata.deletionTimestamp}")
		return err == nil && out == "True"
	}
	clustertest.Eventually(t, "redis-server to be ready", ready)
	run := func(script string) string {
		return strings.TrimSpace(c.Kubectl(t, "exec", "redis-0", "--", "sh", "-c", script))
	}
	if out := run("redis-cli -p $PORT set k v; redis-cli -p $PORT save; echo $GREETING"); out != "OK\nOK\nhello" {
		t.Errorf("redis-cli says %q", out)
	}
	awaitLog(t, c, func(log string) bool { return strings.Contains(log, "Ready to accept connections") }, "redis-0")
	if _, err := exec.LookPath("curl"); err == nil { // a process finds the cluster's names by the proxy in its environment
		clustertest.Eventually(t, "the Service web by its short name", func() bool {
			out, err := c.TryKubectl(t, "exec", "redis-0", "--", "curl", "-s", "http://web/")
			return err == nil && strings.Contains(out, "pod: default/web\n")
		})
	}
	port := c.Kubectl(t, "get", "service", "redis", "-o", "jsonpath={.spec.ports[0].nodePort}")
	clustertest.Eventually(t, "the value by the node port", func() bool {
		out, err := exec.CommandContext(t.Context(), "redis-cli", "-p", port, "get", "k").Output()
		return err == nil && string(out) == "v\n"
	})
	uid := get(t, c, "default", "redis-0").UID
	c.Kubectl(t, "delete", "pod", "redis-0")
	clustertest.Eventually(t, "another redis-server with what was saved", func() bool {
		if !ready() || get(t, c, "default", "redis-0").UID == uid {
			return false
		}
		out, err := c.TryKubectl(t, "exec", "redis-0", "--", "sh", "-c", "redis-cli -p $PORT get k")
		return err == nil && out == "v\n"
	})
	info := run("redis-cli -p $PORT info server | grep ^process_id")
	pid, err := strconv.Atoi(strings.TrimPrefix(info, "process_id:"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.Exited
	clustertest.Eventually(t, "redis-server to end with podarium", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
}
