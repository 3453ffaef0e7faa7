package e2e

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestVolumeKeepsItsData(t *testing.T) {
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  serviceName: redis
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
      - {name: redis, image: "redis:7", volumeMounts: [{name: data, mountPath: /data}], readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 1}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: too-big}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Ei}}}
---
apiVersion: v1
kind: Pod
metadata: {name: waits}
spec:
  containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, persistentVolumeClaim: {claimName: too-big}}]
`)
	clustertest.Eventually(t, "redis-0", func() bool {
		_, err := c.TryKubectl(t, "wait", "-n", ns, "--for=condition=Ready", "pod/redis-0", "--timeout=60s")
		return err == nil
	})
	c.Kubectl(t, "exec", "-n", ns, "redis-0", "--", "redis-cli", "set", "k", "v")
	uid := get(t, c, ns, "redis-0").UID
	c.Kubectl(t, "delete", "pod", "-n", ns, "redis-0")
	clustertest.Eventually(t, "redis-0 again", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods(ns).Get(t.Context(), "redis-0", metav1.GetOptions{})
		return err == nil && p.UID != uid && isReady(p)
	})
	if out := c.Kubectl(t, "exec", "-n", ns, "redis-0", "--", "redis-cli", "get", "k"); out != "v\n" {
		t.Errorf("after a new Pod the value is %q", out)
	}
	clustertest.Eventually(t, "the claim that cannot fit to be refused", func() bool {
		out, err := c.TryKubectl(t, "get", "events", "-n", ns, "--field-selector", "reason=ProvisioningFailed", "-o", "jsonpath={.items[*].message}")
		return err == nil && strings.Contains(out, "1Ei is asked for")
	})
}

func TestMetrics(t *testing.T) {
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "busy", `{image: "shop:v1", ports: [{containerPort: 80}]}`)
	clustertest.Eventually(t, "kubectl top to know the Pod", func() bool {
		out, err := c.TryKubectl(t, "top", "pod", "-n", ns, "busy", "--no-headers")
		return err == nil && strings.Contains(out, "Mi")
	})
	if out, err := c.TryKubectl(t, "top", "nodes", "--no-headers"); err != nil || !strings.Contains(out, "node-1") {
		t.Errorf("kubectl top nodes: %q, %v", out, err)
	}
}
