package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

// cniPlugins are where distributions have the plugins of CNI.
var cniPlugins = []string{"/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"}

// serveContainerd starts a containerd of the test's own, with an image, and gives its endpoint. It skips the test, with what
// is missing, where that cannot be.
func serveContainerd(t *testing.T, image string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("containerd is started by root only")
	}
	for _, name := range []string{"containerd", "runc", "ctr", "ip"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: apt-get install containerd runc containernetworking-plugins iproute2", name)
		}
	}
	plugins := ""
	for _, dir := range cniPlugins {
		if _, err := os.Stat(filepath.Join(dir, "bridge")); err == nil {
			plugins = dir
		}
	}
	if plugins == "" {
		t.Skipf("the plugin bridge is in none of %s: apt-get install containernetworking-plugins", cniPlugins)
	}
	dir, err := os.MkdirTemp("", "ctr-") // short: the path of a socket may not be long
	if err != nil {
		t.Fatal(err)
	}
	n := os.Getpid()
	bridge := fmt.Sprintf("pod%d", n%100000)
	config := fmt.Sprintf(`version = 2
root = "%[1]s/root"
state = "%[1]s/state"
[grpc]
  address = "%[1]s/c.sock"
[ttrpc]
  address = "%[1]s/c.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[3]s"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%[2]s"
    conf_dir = "%[1]s/cni"
`, dir, plugins, image)
	network := fmt.Sprintf(`{"cniVersion": "0.4.0", "name": "%s", "plugins": [{"type": "bridge", "bridge": "%s", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "%s/addresses", "ranges": [[{"subnet": "10.199.%d.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}`, bridge, bridge, dir, n%256)
	if err := os.MkdirAll(filepath.Join(dir, "cni"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config.toml": config, "cni/10-test.conflist": network} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("containerd", "--config", filepath.Join(dir, "config.toml"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it was interrupted
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("containerd's log ends with\n%s", b[max(0, len(b)-4000):])
		}
		_ = log.Close()
		_ = exec.Command("ip", "link", "del", bridge).Run() // there is none where no Pod has run
		_ = os.RemoveAll(dir)
	})
	archive := filepath.Join(dir, "image.tar")
	writeImage(t, archive, image)
	socket := filepath.Join(dir, "c.sock")
	clustertest.Eventually(t, "containerd to take the image", func() bool {
		return exec.Command("ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", "--snapshotter", "native", archive).Run() == nil
	})
	return "unix://" + socket
}

// writeImage builds testdata/incontainer and writes an archive of an image with it alone, as docker save does.
func writeImage(t *testing.T, archive, image string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/incontainer")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	layer := archived(t, map[string][]byte{"program": b})
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/program"}, "Cmd": []string{"pause"}, "Env": []string{"PATH=/"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{image}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		t.Fatal(err)
	}
	all := archived(t, map[string][]byte{"layer.tar": layer, "config.json": config, "manifest.json": manifest})
	if err := os.WriteFile(archive, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

func archived(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, b := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(b)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Real containers: containerd and runc run a node's Pods, which the cluster reaches and which reach the cluster.
func TestContainerd(t *testing.T) {
	t.Parallel()
	const image = "localhost/podarium/incontainer:test"
	endpoint := serveContainerd(t, image)
	c := clustertest.Start(t, clustertest.Options{Nodes: 2, Args: []string{"--cri-endpoint", endpoint}})
	ns := clustertest.Namespace(t, c)
	apply(t, c, ns, strings.ReplaceAll(`
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: hello}
---
apiVersion: v1
kind: Pod
metadata: {name: real, labels: {app: real}}
spec:
  runtimeClassName: cri
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: IMAGE
    imagePullPolicy: Never
    args: [serve, "8080"]
    ports: [{containerPort: 8080}]
    volumeMounts: [{name: settings, mountPath: /settings}]
    readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
    livenessProbe: {exec: {command: [/program, cat, /settings/greeting]}, periodSeconds: 1, timeoutSeconds: 10}
    resources: {limits: {memory: 64Mi, cpu: 500m}}
  volumes: [{name: settings, configMap: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: real}
spec: {selector: {app: real}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: standin, labels: {app: standin}}
spec:
  containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}], readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}}]
---
apiVersion: v1
kind: Service
metadata: {name: standin}
spec: {selector: {app: standin}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec:
  runtimeClassName: cri
  restartPolicy: Never
  containers: [{name: c, image: IMAGE, imagePullPolicy: Never, args: [exit, "3"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: nothing}
spec:
  runtimeClassName: cri
  containers: [{name: c, image: IMAGE, imagePullPolicy: Never, command: [nosuch]}]
`, "IMAGE", image))
	clustertest.Eventually(t, "the Pods to be as they should", func() bool {
		end := status(get(t, c, ns, "once")).State.Terminated
		failed := status(get(t, c, ns, "nothing")).LastTerminationState.Terminated
		return isReady(get(t, c, ns, "real")) && isReady(get(t, c, ns, "standin")) && end != nil && end.ExitCode == 3 &&
			failed != nil && failed.Reason == "StartError" && strings.Contains(failed.Message, `"nosuch": executable file not found`)
	})
	awaitLog(t, c, is("serving on 8080\n"), "-n", ns, "real")
	if out := c.Kubectl(t, "exec", "-n", ns, "real", "--", "/program", "cat", "/settings/greeting"); out != "hello" {
		t.Errorf("exec printed %q", out)
	}
	if out, err := c.TryKubectl(t, "exec", "-n", ns, "real", "--", "/program", "exit", "7"); err == nil || !strings.Contains(out+err.Error(), "exit code 7") {
		t.Errorf("exec printed %q, %v", out, err)
	}
	// From the Pod into the cluster, by the proxy in its environment, and by the Pod's search path; and back by the Service.
	if out := c.Kubectl(t, "exec", "-n", ns, "real", "--", "/program", "get", "http://standin"); !strings.Contains(out, "image: shop") {
		t.Errorf("from the container to a stand-in: %q", out)
	}
	if out := c.Kubectl(t, "exec", "-n", ns, "standin", "--", "wget", "-qO-", "http://real"); out != "real\n" {
		t.Errorf("from the stand-in to the container: %q", out)
	}
	if out := c.Kubectl(t, "exec", "-n", ns, "real", "--", "/program", "cat", "/proc/1/cmdline"); out != "/program\x00serve\x008080\x00" {
		t.Errorf("the container's process 1 is %q", out)
	}
	c.Kubectl(t, "delete", "pod", "-n", ns, "real", "once", "nothing", "--grace-period=1")
}
