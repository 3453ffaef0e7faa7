package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
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
	grow := func(size string) {
		c.Kubectl(t, "patch", "pvc", "-n", ns, "data-redis-0", "-p", `{"spec":{"resources":{"requests":{"storage":"`+size+`"}}}}`)
	}
	grow("5Mi")
	clustertest.Eventually(t, "the volume to grow", func() bool {
		claim := c.Kubectl(t, "get", "pvc", "-n", ns, "data-redis-0", "-o", "jsonpath={.status.capacity.storage} {.spec.volumeName}")
		size, pv, _ := strings.Cut(claim, " ")
		return size == "5Mi" && c.Kubectl(t, "get", "pv", pv, "-o", "jsonpath={.spec.capacity.storage}") == "5Mi"
	})
	grow("2Ei")
	clustertest.Eventually(t, "the claim that cannot grow so much to be refused", func() bool {
		return strings.Contains(events(t, c, ns, "data-redis-0", "VolumeResizeFailed"), "2Ei is asked for, and the disk of")
	})
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

// volumeDir is where a dynamic volume of node-1 is on this machine.
func volumeDir(c *clustertest.Cluster, pv string) string {
	return filepath.Join(c.DataDir, "nodes", "node-1", "rootfs", "var", "lib", "podarium", "volumes", pv)
}

const reclaim = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: NAMESPACE-retain}
provisioner: podarium.io/local
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: deleted}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: retained}
spec: {storageClassName: NAMESPACE-retain, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`

const writer = `
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: [sh, -c, "echo kept > /a/file; echo kept > /b/file"], volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]}]
  volumes: [{name: a, persistentVolumeClaim: {claimName: deleted}}, {name: b, persistentVolumeClaim: {claimName: retained}}]
`

// Volumes wait for their first consumer; with their claim they go or stay, as their class says.
func TestReclaim(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, strings.ReplaceAll(reclaim, "NAMESPACE", ns))
	clustertest.Eventually(t, "the claims to wait for a consumer", func() bool {
		return strings.Contains(events(t, c, ns, "deleted", "WaitForFirstConsumer"), "waiting for first consumer") && events(t, c, ns, "retained", "WaitForFirstConsumer") != ""
	})
	apply(t, c, ns, writer)
	clustertest.Eventually(t, "the Pod to write", func() bool { return get(t, c, ns, "writer").Status.Phase == corev1.PodSucceeded })
	volume := func(claim string) string {
		return c.Kubectl(t, "get", "pvc", "-n", ns, claim, "-o", "jsonpath={.spec.volumeName}")
	}
	deleted, retained := volume("deleted"), volume("retained")
	for _, pv := range []string{deleted, retained} {
		if b, err := os.ReadFile(filepath.Join(volumeDir(c, pv), "file")); err != nil || string(b) != "kept\n" {
			t.Errorf("%s holds %q, %v", pv, b, err)
		}
	}
	c.Kubectl(t, "delete", "pod", "-n", ns, "writer")
	c.Kubectl(t, "delete", "pvc", "-n", ns, "deleted", "retained")
	clustertest.Eventually(t, "the volume to be deleted with its claim", func() bool {
		_, gone := os.Stat(volumeDir(c, deleted))
		_, err := c.TryKubectl(t, "get", "pv", deleted)
		return os.IsNotExist(gone) && err != nil
	})
	clustertest.Eventually(t, "the other volume to be released", func() bool {
		return c.Kubectl(t, "get", "pv", retained, "-o", "jsonpath={.status.phase}") == string(corev1.VolumeReleased)
	})
	if b, err := os.ReadFile(filepath.Join(volumeDir(c, retained), "file")); err != nil || string(b) != "kept\n" {
		t.Errorf("what was to be retained is %q, %v", b, err)
	}
}

// hostPath and local volumes are on the node's file system, which is not this machine's.
func TestHostPathAndLocalVolumes(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, strings.ReplaceAll(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: NAMESPACE}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: NAMESPACE
  claimRef: {namespace: NAMESPACE, name: local}
  local: {path: /mnt/disk-NAMESPACE}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-1]}]}]}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: local}
spec: {storageClassName: NAMESPACE, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: once-writes}
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "echo a > /host/file; echo b > /local/file; echo c > /sub/file; echo d > /expr/file; echo e > /any/file; echo f > /own/file; ls -d /log"]
    env: [{name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    volumeMounts:
    - {name: h, mountPath: /host}
    - {name: l, mountPath: /local}
    - {name: l, mountPath: /sub, subPath: deep/er}
    - {name: l, mountPath: /expr, subPathExpr: of-$(ME)}
    - {name: any, mountPath: /any}
    - {name: own, mountPath: /own}
    - {name: log, mountPath: /log, readOnly: true}
  volumes:
  - {name: h, hostPath: {path: /srv/NAMESPACE, type: DirectoryOrCreate}}
  - {name: l, persistentVolumeClaim: {claimName: local}}
  - {name: any, hostPath: {path: /opt/NAMESPACE}}
  - {name: own, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}}}
  - {name: log, hostPath: {path: /var/log, type: Directory}}
`, "NAMESPACE", ns))
	clustertest.Eventually(t, "the Pod to write", func() bool { return get(t, c, ns, "once-writes").Status.Phase == corev1.PodSucceeded })
	root := filepath.Join(c.DataDir, "nodes", "node-1", "rootfs")
	own := c.Kubectl(t, "get", "pvc", "-n", ns, "once-writes-own", "-o", "jsonpath={.spec.volumeName}")
	for file, want := range map[string]string{
		"srv/" + ns + "/file": "a\n", "mnt/disk-" + ns + "/file": "b\n", "mnt/disk-" + ns + "/deep/er/file": "c\n", "mnt/disk-" + ns + "/of-once-writes/file": "d\n",
		"opt/" + ns + "/file": "e\n", "var/lib/podarium/volumes/" + own + "/file": "f\n",
	} {
		if b, err := os.ReadFile(filepath.Join(root, file)); err != nil || string(b) != want {
			t.Errorf("%s holds %q, %v", file, b, err)
		}
	}
	c.Kubectl(t, "delete", "pod", "-n", ns, "once-writes")
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: missing}
spec:
  containers: [{name: c, image: busybox, volumeMounts: [{name: h, mountPath: /h}]}]
  volumes: [{name: h, hostPath: {path: /no/such/directory, type: Directory}}]
`)
	clustertest.Eventually(t, "an event about a directory that is missing", func() bool {
		return strings.Contains(events(t, c, ns, "missing", "FailedMount"), "is not a directory")
	})
	c.Kubectl(t, "delete", "pv", ns, "--wait=false")
}

// What a StatefulSet has written is there after the cluster has been stopped and started again.
func TestVolumesOutliveTheCluster(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := clustertest.Start(t, clustertest.Options{Nodes: 1, DataDir: dir})
	apply(t, c, "default", `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  serviceName: redis
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: c, image: "redis:7", volumeMounts: [{name: data, mountPath: /data}], readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 1}}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`)
	ready := func(c *clustertest.Cluster) func() bool {
		return func() bool {
			p, err := c.Kubernetes().CoreV1().Pods("default").Get(t.Context(), "redis-0", metav1.GetOptions{})
			return err == nil && isReady(p)
		}
	}
	clustertest.Eventually(t, "redis-0", ready(c))
	for _, command := range []string{"set k v", "rpush l a b", "hset h f 1"} {
		c.Kubectl(t, append([]string{"exec", "redis-0", "--", "redis-cli"}, strings.Fields(command)...)...)
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-c.Exited
	c = clustertest.Start(t, clustertest.Options{Nodes: 1, DataDir: dir})
	clustertest.Eventually(t, "redis-0 with what it had", func() bool {
		out, err := c.TryKubectl(t, "exec", "redis-0", "--", "sh", "-c", "redis-cli get k; redis-cli lrange l 0 -1; redis-cli hget h f")
		return err == nil && out == "v\na\nb\n1\n"
	})
}
