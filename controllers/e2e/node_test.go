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
}
