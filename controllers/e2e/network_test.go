package e2e

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestUnreadyPodGetsNoConnection(t *testing.T) {
	c, ns := clustertest.Shared(t)
	tcp, _ := serve(t, c, ns, 2)
	pods, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	// A Pod that loses the Service's label is no endpoint any more.
	out := pods.Items[0].Name
	patch := []byte(`{"metadata":{"labels":{"app":"other"}}}`)
	if _, err := c.Kubernetes().CoreV1().Pods(ns).Patch(t.Context(), out, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	var last atomic.Int64
	clustertest.Eventually(t, "the Pod to be left alone", func() bool {
		a, err := ask(t.Context(), tcp)
		if err != nil || a.Pod == out {
			last.Store(0)
			return false
		}
		return last.Add(1) > 20
	})
}

func TestNamesAndWaysIn(t *testing.T) {
	c, ns := clustertest.Shared(t)
	serve(t, c, ns, 2)
	apply(t, c, ns, `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: zk}
spec:
  serviceName: zk
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: zk}}
  template:
    metadata: {labels: {app: zk}}
    spec: {containers: [{name: zk, image: "zookeeper:3.9", ports: [{containerPort: 2181, name: client}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: zk}
spec: {clusterIP: None, selector: {app: zk}, ports: [{name: client, port: 2181}]}
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 28080, targetPort: 80}]}
`)
	create(t, c, ns, "client", `{image: busybox, command: [sleep, infinity]}`)
	c.Kubectl(t, "wait", "-n", ns, "--for=condition=Ready", "pod/zk-0", "pod/zk-1", "pod/client", "--timeout=60s")
	run := func(script string) string {
		t.Helper()
		out, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "sh", "-c", script)
		if err != nil {
			t.Errorf("%s: %v", script, err)
		}
		return out
	}
	clustertest.Eventually(t, "the names of the StatefulSet", func() bool {
		out, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "sh", "-c", "nslookup zk-0.zk >/dev/null && nslookup zk-1.zk >/dev/null && nslookup zk | grep -c Address:")
		return err == nil && out == "3\n"
	})
	for script, want := range map[string]string{
		"echo ruok | nc zk-0.zk 2181":              "imok",
		"echo srvr | nc zk-1.zk 2181 | grep Mode":  "Mode: follower\n",
		"nslookup zk | grep -c Address: ":          "3\n", // the server's and two Pods'
		"wget -qO- web." + ns + " | grep version":  "version: v1\n",
		"wget -qO- http://web/status/404; echo $?": "1\n",
		"nslookup nowhere >/dev/null; echo $?":     "1\n",
		"curl -sk https://kubernetes.default/readyz -H \"Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)\"": "ok",
	} {
		if out := run(script); out != want {
			t.Errorf("%s prints %q, want %q", script, out, want)
		}
	}
	var ip string
	clustertest.Eventually(t, "the load balancer's address", func() bool {
		ip = c.Kubectl(t, "get", "service", "-n", ns, "front", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
		return ip != ""
	})
	if _, err := ask(t.Context(), net.JoinHostPort(ip, "28080")); err != nil {
		t.Errorf("by the load balancer: %v", err)
	}
	if out := c.Kubectl(t, "get", "--raw", "/api/v1/namespaces/"+ns+"/services/web:http/proxy/"); !strings.Contains(out, "shop:v1") {
		t.Errorf("by the API server's proxy: %q", out)
	}
}

func TestNetworkPolicy(t *testing.T) {
	c, ns := clustertest.Shared(t)
	serve(t, c, ns, 1)
	create(t, c, ns, "friend", `{image: busybox, command: [sleep, infinity]}`)
	create(t, c, ns, "stranger", `{image: busybox, command: [sleep, infinity]}`)
	c.Kubectl(t, "wait", "-n", ns, "--for=condition=Ready", "pod/friend", "pod/stranger", "--timeout=60s")
	reachesWithin := func(pod, seconds string) bool {
		_, err := c.TryKubectl(t, "exec", "-n", ns, pod, "--", "wget", "-qO-", "-T", seconds, "http://web")
		return err == nil
	}
	reaches := func(pod string) bool { return reachesWithin(pod, "60") } // what is dropped takes that long
	if !reaches("friend") || !reaches("stranger") {
		t.Fatal("without a policy not everybody reaches the Service")
	}
	apply(t, c, ns, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: friends-only}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
  - {from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: http}]}
`)
	clustertest.Eventually(t, "the stranger to be kept out", func() bool { return !reachesWithin("stranger", "5") })
	if !reaches("friend") {
		t.Error("the policy keeps out whom it names")
	}
	// The kubelet's own probes are not subject to policies.
	pods, err := c.Kubernetes().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil || len(pods.Items) != 1 || !isReady(&pods.Items[0]) {
		t.Errorf("the Pod is not Ready any more: %v", err)
	}
	c.Kubectl(t, "delete", "networkpolicy", "-n", ns, "friends-only")
	clustertest.Eventually(t, "the stranger to be let in again", func() bool { return reaches("stranger") })
}
