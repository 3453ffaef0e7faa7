package e2e

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/podarium/podarium/cluster/clustertest"
)

const system = metav1.NamespaceSystem

// components are the static Pods of the control-plane node, and what is in the log of each.
var components = map[string]string{
	"etcd":                    `"msg":"ready to serve client requests"`,
	"kube-apiserver":          "Adding GroupVersion",
	"kube-controller-manager": `"Starting" logger="kube-controller-manager"`,
	"kube-scheduler":          `"Starting Kubernetes Scheduler"`,
}

func TestControlPlaneShowsItself(t *testing.T) {
	c, _ := clustertest.Shared(t)
	for name, line := range components {
		pod := name + "-node-1"
		clustertest.Eventually(t, pod+" to be ready", func() bool {
			p, err := c.Kubernetes().CoreV1().Pods(system).Get(t.Context(), pod, metav1.GetOptions{})
			return err == nil && isReady(p)
		})
		p := get(t, c, system, pod)
		if p.Annotations["kubernetes.io/config.source"] != "file" || p.Annotations["kubernetes.io/config.mirror"] == "" ||
			p.Labels["component"] != name || p.Labels["tier"] != "control-plane" {
			t.Errorf("%s is no mirror of a static Pod as kubeadm's: %v %v", pod, p.Annotations, p.Labels)
		}
		if o := metav1.GetControllerOf(p); o == nil || o.Kind != "Node" || o.Name != "node-1" {
			t.Errorf("%s belongs to %+v", pod, o)
		}
		if p.Spec.PriorityClassName != "system-node-critical" || !p.Spec.HostNetwork || p.Status.PodIP != p.Status.HostIP {
			t.Errorf("%s: priority %s, host network %t at %s", pod, p.Spec.PriorityClassName, p.Spec.HostNetwork, p.Status.PodIP)
		}
		for _, v := range p.Spec.Volumes {
			if !strings.HasPrefix(v.HostPath.Path, "/etc/kubernetes/") {
				t.Errorf("%s shows the path %s of this machine", pod, v.HostPath.Path)
			}
		}
		clustertest.Eventually(t, "the log of "+name, func() bool {
			out, err := c.TryKubectl(t, "logs", "-n", system, pod)
			return err == nil && strings.Contains(out, line)
		})
		if out := c.Kubectl(t, "exec", "-n", system, pod, "--", "sh", "-c", "hostname && ls /etc/kubernetes"); !strings.HasPrefix(out, "node-1\n") {
			t.Errorf("a shell in %s says %q", pod, out)
		}
	}
	for _, secret := range []string{"ca.key", "sa.key", "front-proxy-ca.key"} {
		if _, err := c.TryKubectl(t, "exec", "-n", system, "kube-apiserver-node-1", "--", "cat", "/etc/kubernetes/pki/"+secret); err == nil {
			t.Errorf("a Pod can read %s", secret)
		}
	}
	flags := strings.Join(get(t, c, system, "kube-apiserver-node-1").Spec.Containers[0].Command, "\n")
	for _, f := range []string{"--client-ca-file=/etc/kubernetes/pki/ca.crt", "--etcd-servers=" + c.EtcdEndpoint, "--authorization-mode=Node,RBAC"} {
		if !strings.Contains(flags, f+"\n") {
			t.Errorf("kube-apiserver is not said to run with %s:\n%s", f, flags)
		}
	}
	// Each log is the component's own.
	if out := c.Kubectl(t, "logs", "-n", system, "kube-scheduler-node-1"); strings.Contains(out, "kube-controller-manager") || strings.Contains(out, "Adding GroupVersion") {
		t.Errorf("the scheduler's log has lines of others:\n%s", out)
	}
}

func TestControlPlaneNode(t *testing.T) {
	c, _ := clustertest.Shared(t)
	clustertest.Eventually(t, "the node's role", func() bool {
		out, err := c.TryKubectl(t, "get", "node", "node-1")
		return err == nil && strings.Contains(out, "control-plane")
	})
	n, err := c.Kubernetes().CoreV1().Nodes().Get(t.Context(), "node-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Spec.Taints) > 0 {
		t.Errorf("the control-plane node takes no Pods: %v", n.Spec.Taints)
	}
	_, version, ok := strings.Cut(n.Status.NodeInfo.ContainerRuntimeVersion, "://")
	if _, err := utilversion.ParseSemantic(version); !ok || err != nil {
		t.Errorf("the node's runtime is %s: %v", n.Status.NodeInfo.ContainerRuntimeVersion, err)
	}
}

func TestKubeProxyIsADaemonSet(t *testing.T) {
	c, _ := clustertest.Shared(t)
	clustertest.Eventually(t, "kube-proxy on the node", func() bool {
		ds, err := c.Kubernetes().AppsV1().DaemonSets(system).Get(t.Context(), "kube-proxy", metav1.GetOptions{})
		return err == nil && ds.Status.NumberReady == 1 && ds.Status.DesiredNumberScheduled == 1
	})
	clustertest.Eventually(t, "its log", func() bool {
		out, err := c.TryKubectl(t, "logs", "-n", system, "daemonset/kube-proxy")
		return err == nil && strings.Contains(out, "connections to Services are balanced")
	})
}

// What looks like a component and was not written by the node's kubelet is an ordinary stand-in.
func TestNobodyElseIsAComponent(t *testing.T) {
	c, ns := clustertest.Shared(t)
	apply(t, c, system, `
apiVersion: v1
kind: Pod
metadata: {name: etcd-of-`+ns+`, annotations: {kubernetes.io/config.source: file}}
spec:
  containers: [{name: etcd, image: "registry.k8s.io/etcd:3.7.3-0"}]
`)
	t.Cleanup(func() {
		_ = c.Kubernetes().CoreV1().Pods(system).Delete(context.WithoutCancel(t.Context()), "etcd-of-"+ns, metav1.DeleteOptions{})
	})
	clustertest.Eventually(t, "the Pod to run", func() bool { return isReady(get(t, c, system, "etcd-of-"+ns)) })
	if out, err := c.TryKubectl(t, "exec", "-n", system, "etcd-of-"+ns, "--", "etcdctl", "get", "/"); err == nil {
		t.Errorf("its etcdctl says %q", out)
	}
}

func TestMirrorPodComesBack(t *testing.T) {
	c, _ := clustertest.Shared(t)
	const name = "kube-scheduler-node-1"
	clustertest.Eventually(t, "the mirror", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods(system).Get(t.Context(), name, metav1.GetOptions{})
		return err == nil && isReady(p)
	})
	before := get(t, c, system, name)
	c.Kubectl(t, "delete", "pod", "-n", system, name, "--wait=false")
	clustertest.Eventually(t, "another mirror of the same container", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods(system).Get(t.Context(), name, metav1.GetOptions{})
		return err == nil && p.UID != before.UID && isReady(p) && status(p).ContainerID == status(before).ContainerID
	})
}

// inEtcd runs a script in the shell of etcd's container.
func inEtcd(t *testing.T, c *clustertest.Cluster, script string) string {
	t.Helper()
	clustertest.Eventually(t, "etcd's Pod", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods(system).Get(t.Context(), "etcd-node-1", metav1.GetOptions{})
		return err == nil && isReady(p)
	})
	return c.Kubectl(t, "exec", "-n", system, "etcd-node-1", "--", "sh", "-c", script)
}

const kubeadmEnv = `export ETCDCTL_API=3 ETCDCTL_CACERT=/etc/kubernetes/pki/etcd/ca.crt ETCDCTL_CERT=/etc/kubernetes/pki/etcd/server.crt ETCDCTL_KEY=/etc/kubernetes/pki/etcd/server.key
`

func TestEtcdctlInThePod(t *testing.T) {
	c, ns := clustertest.Shared(t)
	if _, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "cm"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	key := "/registry/configmaps/" + ns + "/cm"
	if out := inEtcd(t, c, kubeadmEnv+"etcdctl get / --prefix --keys-only"); !slices.Contains(strings.Split(out, "\n"), key) {
		t.Errorf("%s is not among the keys:\n%s", key, out)
	}
	var answer struct{ Kvs []struct{ Key, Value string } }
	if err := json.Unmarshal([]byte(inEtcd(t, c, kubeadmEnv+"etcdctl get "+key+" -w=json")), &answer); err != nil || len(answer.Kvs) != 1 {
		t.Fatalf("get -w=json: %v, %+v", err, answer)
	}
	if out := inEtcd(t, c, "echo "+answer.Kvs[0].Key+" | base64 -d"); out != key {
		t.Errorf("base64 -d gives %q", out)
	}
	if raw, err := base64.StdEncoding.DecodeString(answer.Kvs[0].Value); err != nil || !strings.HasPrefix(string(raw), "k8s\x00") {
		t.Errorf("the value is %q", raw)
	}
	for _, flags := range []string{
		"", // etcd's own, where nothing is said
		"--endpoints https://127.0.0.1:2379 --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key",
		"--endpoints=localhost:2379", "--cluster",
	} {
		if out := c.Kubectl(t, "exec", "-n", system, "etcd-node-1", "--", "sh", "-c", "etcdctl endpoint status -w table "+flags); !strings.Contains(out, "3.7.3") {
			t.Errorf("endpoint status %s:\n%s", flags, out)
		}
	}
	if out := c.Kubectl(t, "exec", "-n", system, "etcd-node-1", "--", "etcdctl", "endpoint", "status", "-w", "table"); !strings.Contains(out, "https://127.0.0.1:2379") {
		t.Errorf("endpoint status without a shell:\n%s", out)
	}
	if out := inEtcd(t, c, "cd /tmp && etcdctl snapshot save backup.db >/dev/null 2>&1 && wc -c < backup.db"); strings.TrimSpace(out) == "0" || out == "" {
		t.Errorf("the snapshot has %q bytes", out)
	}
	for _, bad := range []string{
		"etcdctl --cert=/nowhere.crt get /",                                                                                          // a file that the container has not
		"etcdctl --cacert=/etc/kubernetes/pki/ca.crt get / --command-timeout=1s",                                                     // not etcd's authority
		"etcdctl watch / -- sh -c id", "etcdctl lock a sh", "etcdctl --endpoints=unix:///run/docker.sock get / --command-timeout=1s", // this machine's
	} {
		if out, err := c.TryKubectl(t, "exec", "-n", system, "etcd-node-1", "--", "sh", "-c", bad); err == nil {
			t.Errorf("%s is done: %s", bad, out)
		}
	}
	// A certificate of the cluster's authority, which any user of the API may have, opens nothing.
	script := "etcdctl --cert=/etc/kubernetes/pki/apiserver-kubelet-client.crt --key=/etc/kubernetes/pki/apiserver-kubelet-client.key --cacert=/etc/kubernetes/pki/etcd/ca.crt get / --command-timeout=1s"
	if out, err := c.TryKubectl(t, "exec", "-n", system, "etcd-node-1", "--", "sh", "-c", script); err == nil {
		t.Errorf("etcd lets a user of the API in: %s", out)
	}
}

func TestEtcdctlWatch(t *testing.T) {
	c, ns := clustertest.Shared(t)
	inEtcd(t, c, "true")
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "--data-dir", c.DataDir, "kubectl", "exec", "-n", system, "etcd-node-1", "--", "etcdctl", "watch", "/registry/configmaps/"+ns+"/", "--prefix")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }() // it is killed
	defer cancel()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	n := 0
	clustertest.Eventually(t, "the watch to show a change", func() bool {
		// The watch may begin later than the first change.
		_, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "watched-"}}, metav1.CreateOptions{})
		if n++; err != nil {
			t.Fatal(err)
		}
		select {
		case l := <-lines:
			return l == "PUT"
		default:
			return false
		}
	})
}

// Ctrl-C ends what runs in a shell, and not the shell.
func TestShellOnATerminal(t *testing.T) {
	c, _ := clustertest.Shared(t)
	inEtcd(t, c, "true")
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("no script(1) to have a terminal by")
	}
	cmd := exec.CommandContext(t.Context(), script, "-qec", bin+" --data-dir '"+c.DataDir+"' kubectl exec -it -n kube-system etcd-node-1 -- sh", "/dev/null")
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
	parts := make(chan string)
	go func() {
		defer close(parts)
		buf := make([]byte, 4<<10)
		for {
			n, err := out.Read(buf)
			select {
			case parts <- string(buf[:n]):
			case <-t.Context().Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	shown := ""
	wait := func(what string) {
		t.Helper()
		clustertest.Eventually(t, what+" on the terminal", func() bool {
			select {
			case part, ok := <-parts:
				if shown += part; !ok && !strings.Contains(shown, what) {
					t.Fatalf("the terminal ended before %q:\n%s", what, shown)
				}
			default:
			}
			return strings.Contains(shown, what)
		})
		shown = shown[strings.Index(shown, what)+len(what):]
	}
	send := func(s string) {
		t.Helper()
		if _, err := io.WriteString(in, s); err != nil {
			t.Fatal(err)
		}
	}
	wait("node-1:/# ")
	send("etcdctl watch /registry/leases/ --prefix\r")
	wait("PUT") // leases are renewed
	send("\x03")
	wait("node-1:/# ")
	send("echo left $?; sleep 1000\r")
	wait("left 130")
	send("\x03")
	wait("node-1:/# ")
	send("half a line\x03")
	wait("node-1:/# ")
	send("exit 7\r")
	for range parts { // until it ends
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "7") {
		t.Errorf("it ended with %v", err)
	}
}

func TestPodsReachTheAPIServer(t *testing.T) {
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "client", `{image: busybox, command: [sleep, infinity]}`)
	clustertest.Eventually(t, "the client to run", func() bool { return isReady(get(t, c, ns, "client")) })
	const account = "/var/run/secrets/kubernetes.io/serviceaccount"
	for _, script := range []string{
		`wget -qO- --header "Authorization: Bearer $(cat ` + account + `/token)" https://kubernetes.default.svc/version`,
		`curl -sS --cacert ` + account + `/ca.crt -H "Authorization: Bearer $(cat ` + account + `/token)" https://kubernetes.default.svc/version`,
		`curl -sS --cacert ` + account + `/ca.crt -H "Authorization: Bearer $(cat ` + account + `/token)" https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/version`,
	} {
		clustertest.Eventually(t, script, func() bool {
			out, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "sh", "-c", script)
			return err == nil && strings.Contains(out, `"gitVersion": "v1.37.2"`)
		})
	}
	if _, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "curl", "-sS", "https://kubernetes.default.svc/version"); err == nil {
		t.Error("curl trusts an authority that it was not told of")
	}
	clustertest.Eventually(t, "the API server's Pod", func() bool {
		p, err := c.Kubernetes().CoreV1().Pods(system).Get(t.Context(), "kube-apiserver-node-1", metav1.GetOptions{})
		return err == nil && p.Status.HostIP != ""
	})
	host := get(t, c, system, "kube-apiserver-node-1").Status.HostIP
	out := c.Kubectl(t, "get", "endpointslice", "kubernetes", "-o", "jsonpath={.endpoints[0].addresses[0]}:{.ports[0].port}")
	if out != host+":6443" {
		t.Errorf("the endpoint of the Service kubernetes is %s, the API server's Pod is at %s", out, host)
	}
}
