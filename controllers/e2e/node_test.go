package e2e

import (
	"bufio"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

// podarium runs the program on a cluster.
func podarium(t *testing.T, c *clustertest.Cluster, args ...string) string {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, append([]string{"--data-dir", c.DataDir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("podarium %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func nodeReady(t *testing.T, c *clustertest.Cluster, name string) corev1.ConditionStatus {
	t.Helper()
	n, err := c.Kubernetes().CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cond := range n.Status.Conditions {
		if cond.Type == corev1.NodeReady {
			return cond.Status
		}
	}
	return ""
}

func TestNodeOffAndOn(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Nodes: 1})
	ns := clustertest.Namespace(t, c)
	create(t, c, ns, "web", `{image: "shop:v1", ports: [{containerPort: 80}]}`)
	clustertest.Eventually(t, "the Pod to be ready", func() bool { return isReady(get(t, c, ns, "web")) })
	before := status(get(t, c, ns, "web")).ContainerID
	podarium(t, c, "node", "off", "node-1")
	if out := podarium(t, c, "status"); !strings.Contains(out, "switched off") {
		t.Errorf("podarium status does not tell that the node is off:\n%s", out)
	}
	podarium(t, c, "node", "on", "node-1")
	clustertest.Eventually(t, "the Pod to run again, in another container", func() bool {
		p := get(t, c, ns, "web")
		return isReady(p) && status(p).ContainerID != before && status(p).RestartCount == 1
	})
	if s := nodeReady(t, c, "node-1"); s != corev1.ConditionTrue {
		t.Errorf("the node is Ready: %s", s)
	}
}

// proxy runs podarium proxy and gives its address.
func proxy(t *testing.T, c *clustertest.Cluster) string {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "--data-dir", c.DataDir, "proxy", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it is killed with the test
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(strings.SplitN(line, "://", 2)[1])[0]
}

// proxyClient is an HTTP client outside of the cluster that gets in by podarium proxy.
func proxyClient(t *testing.T, c *clustertest.Cluster) *http.Client {
	t.Helper()
	u := &url.URL{Scheme: "socks5", Host: proxy(t, c)}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u), DisableKeepAlives: true}}
}

func TestProxy(t *testing.T) {
	c, ns := clustertest.Shared(t)
	serve(t, c, ns, 1)
	address := proxy(t, c)
	for _, scheme := range []string{"socks5", "http"} {
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: scheme, Host: address}), DisableKeepAlives: true}}
		resp, err := client.Get("http://web." + ns + "/")
		if err != nil {
			t.Errorf("%s: %v", scheme, err)
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Version") != "v1" {
			t.Errorf("%s: %s from %q", scheme, resp.Status, resp.Header.Get("X-Pod"))
		}
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	ip := c.Kubectl(t, "get", "service", "-n", ns, "web", "-o", "jsonpath={.spec.clusterIP}")
	for _, args := range [][]string{
		{"-x", "socks5h://" + address, "http://web." + ns},
		{"-x", "socks5://" + address, "http://" + ip},
		{"-x", "http://" + address, "http://web." + ns + ".svc.cluster.local"},
		{"-p", "-x", "http://" + address, "http://web." + ns}, // by CONNECT
	} {
		out, err := exec.CommandContext(t.Context(), curl, append([]string{"-sS"}, args...)...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "image: shop:v1") {
			t.Errorf("curl %v: %v: %s", args, err, out)
		}
	}
}

// A node that has lost its power is NotReady after the grace time; who tolerates that for a second only is evicted and runs
// elsewhere, who tolerates it as long as is usual stays where it is, and is there again with the node.
func TestLostNodeIsLeft(t *testing.T) {
	t.Parallel() // it waits for the grace time of a lost node, which is most of a minute
	c := clustertest.Start(t, clustertest.Options{Nodes: 2})
	ns := clustertest.Namespace(t, c)
	const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [TOLERATIONS]
      affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-2]}]}}]}}
      containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 80}]}
`
	const shy = `{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}, {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1}`
	for name, tolerations := range map[string]string{"shy": shy, "patient": ""} {
		apply(t, c, ns, strings.NewReplacer("NAME", name, "TOLERATIONS", tolerations).Replace(deployment))
	}
	// on gives the Pod of a Deployment that is ready on a node, nil where there is none.
	on := func(name, node string) *corev1.Pod {
		l, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + name, FieldSelector: "spec.nodeName=" + node})
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Items {
			if p := &l.Items[i]; isReady(p) && p.DeletionTimestamp == nil {
				return p
			}
		}
		return nil
	}
	clustertest.Eventually(t, "both Pods on node-2", func() bool { return on("shy", "node-2") != nil && on("patient", "node-2") != nil })
	patient := on("patient", "node-2")
	run := client(t, c, ns, "client", "node-1")
	podarium(t, c, "node", "off", "node-2")
	clustertest.Eventually(t, "node-2 to be unknown", func() bool { return nodeReady(t, c, "node-2") == corev1.ConditionUnknown })
	clustertest.Eventually(t, "the shy Pod to run on node-1", func() bool { return on("shy", "node-1") != nil })
	awaitEvents(t, c, "default", "node-2", "NodeNotReady", "status is now: NodeNotReady")
	if got := who(run, "shy", 3); got[on("shy", "node-1").Name] != 3 {
		t.Errorf("the Service leads to %v", got)
	}
	p := get(t, c, ns, patient.Name)
	if p.DeletionTimestamp != nil || isReady(p) {
		t.Errorf("the Pod that tolerates five minutes is deleted %v, ready %t", p.DeletionTimestamp, isReady(p))
	}
	if out, _ := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "wget", "-qO-", "-T", "5", "http://patient"); out != "" {
		t.Errorf("a Pod without power answers %q", out)
	}
	podarium(t, c, "node", "on", "node-2")
	clustertest.Eventually(t, "the patient Pod to be ready again, and the evicted one to be gone from node-2", func() bool {
		l, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=shy", FieldSelector: "spec.nodeName=node-2"})
		again := on("patient", "node-2")
		return err == nil && len(l.Items) == 0 && again != nil && again.UID == patient.UID && nodeReady(t, c, "node-2") == corev1.ConditionTrue
	})
}
