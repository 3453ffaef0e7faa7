package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
)

// client makes a Pod to run commands in, on a node or on any, and gives a function that does so.
func client(t *testing.T, c *clustertest.Cluster, ns, name, node string) func(script string) string {
	t.Helper()
	selector := ""
	if node != "" {
		selector = fmt.Sprintf("nodeName: %s, ", node)
	}
	apply(t, c, ns, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec: {%sterminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, infinity]}]}
`, name, selector))
	clustertest.Eventually(t, "the client "+name, func() bool { return isReady(get(t, c, ns, name)) })
	return func(script string) string {
		t.Helper()
		out, err := c.TryKubectl(t, "exec", "-n", ns, name, "--", "sh", "-c", script)
		if err != nil {
			t.Errorf("in %s: %s: %v", name, script, err)
		}
		return out
	}
}

// who asks an address n times and counts who answers.
func who(run func(string) string, address string, n int) map[string]int {
	out := run(fmt.Sprintf(`i=0; while [ $i -lt %d ]; do wget -qO- -T 60 http://%s/ | grep ^pod: | cut -d/ -f2; i=$((i+1)); done`, n, address))
	counts := map[string]int{}
	for pod := range strings.FieldsSeq(out) {
		counts[pod]++
	}
	return counts
}

// traffic is what podarium status --services says of a Service's port, by the Pods of the endpoints that get connections.
func traffic(t *testing.T, c *clustertest.Cluster, ns, service, port string) map[string]int64 {
	t.Helper()
	var all []cluster.ServiceTraffic
	if err := json.Unmarshal([]byte(podarium(t, c, "status", "--services", "-o", "json")), &all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, s := range all {
		if s.Namespace == ns && s.Service == service && s.Port == port {
			for _, e := range s.Endpoints {
				if e.Receives {
					counts[e.Pod] = e.Total
				}
			}
		}
	}
	return counts
}

// Two nodes: a and b each have one of the Pods, and a client.
func TestTrafficPolicies(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Nodes: 2})
	ns := clustertest.Namespace(t, c)
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec: {nodeName: node-1, containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-2, labels: {app: web, only: two}}
spec: {nodeName: node-2, containers: [{name: c, image: "shop:v1", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: any}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: near}
spec: {selector: {app: web}, internalTrafficPolicy: Local, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: two}
spec: {selector: {only: two}, internalTrafficPolicy: Local, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: preferred}
spec: {selector: {app: web}, trafficDistribution: PreferSameNode, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: LoadBalancer, selector: {only: two}, externalTrafficPolicy: Local, ports: [{name: web, port: 28081, targetPort: 80}, {name: lost, port: 81, protocol: SCTP}]}
`)
	one, two := client(t, c, ns, "client-1", "node-1"), client(t, c, ns, "client-2", "node-2")
	clustertest.Eventually(t, "both Pods to serve everywhere", func() bool {
		return len(who(one, "any", 2)) == 2 && len(who(two, "near", 1)) == 1 && len(who(one, "near", 1)) == 1 && len(who(two, "two", 1)) == 1 &&
			len(who(one, "preferred", 1)) == 1 && len(who(one, "outside:28081", 1)) == 1
	})
	for _, test := range []struct {
		what, address string
		from          func(string) string
		want          map[string]int
	}{
		{"internalTrafficPolicy Local on node-1", "near", one, map[string]int{"web-1": 4}},
		{"internalTrafficPolicy Local on node-2", "near", two, map[string]int{"web-2": 4}},
		{"internalTrafficPolicy Local where the node has none", "two", one, map[string]int{}},
		{"internalTrafficPolicy Local where the node has it", "two", two, map[string]int{"web-2": 4}},
		{"trafficDistribution PreferSameNode", "preferred", one, map[string]int{"web-1": 4}},
		{"no policy", "any", one, map[string]int{"web-1": 2, "web-2": 2}},
		{"externalTrafficPolicy Local from within the cluster", "outside:28081", one, map[string]int{"web-2": 4}},
	} {
		if got := who(test.from, test.address, 4); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v answer, want %v", test.what, got, test.want)
		}
	}
	// From outside, by the nodes' own addresses.
	proxied := proxyClient(t, c)
	get := func(node string, port int32) (*http.Response, error) {
		n, err := c.Kubernetes().CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range n.Status.Addresses {
			if a.Type == corev1.NodeInternalIP {
				resp, err := proxied.Get(fmt.Sprintf("http://%s:%d/", a.Address, port))
				if err == nil {
					_ = resp.Body.Close()
				}
				return resp, err
			}
		}
		t.Fatal("a node without address")
		return nil, nil
	}
	service := func(name string) *corev1.Service {
		s, err := c.Kubernetes().CoreV1().Services(ns).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ask := func(name, node string) string {
		resp, err := get(node, service(name).Spec.Ports[0].NodePort)
		if err != nil {
			return "refused"
		}
		return resp.Header.Get("X-Pod")
	}
	if pod := ask("outside", "node-2"); pod != "web-2" {
		t.Errorf("externalTrafficPolicy Local by the node that has the Pod: %s", pod)
	}
	if pod := ask("outside", "node-1"); pod != "refused" {
		t.Errorf("externalTrafficPolicy Local by a node that has none: %s answers", pod)
	}
	for node, want := range map[string]int{"node-1": http.StatusServiceUnavailable, "node-2": http.StatusOK} {
		if resp, err := get(node, service("outside").Spec.HealthCheckNodePort); err != nil || resp.StatusCode != want {
			t.Errorf("the health check on %s: %v, %v, want %d", node, resp, err, want)
		}
	}
	clustertest.Eventually(t, "an event about SCTP", func() bool {
		return strings.Contains(events(t, c, ns, "outside", "ProtocolNotCarried"), "81/SCTP")
	})
	if pod := ask("any", "node-1"); pod == "refused" {
		t.Error("a node port is refused")
	}
}

func TestSessionAffinity(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	serve(t, c, ns, 3)
	apply(t, c, ns, `
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec: {selector: {app: web}, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}, ports: [{port: 80}]}
`)
	one, two := client(t, c, ns, "one", ""), client(t, c, ns, "two", "")
	clustertest.Eventually(t, "the Service", func() bool { return len(who(one, "sticky", 1)) == 1 })
	a, b := who(one, "sticky", 10), who(two, "sticky", 10)
	if len(a) != 1 || len(b) != 1 {
		t.Errorf("clients have not stayed with one Pod: %v and %v", a, b)
	}
	for pod := range a {
		if b[pod] > 0 {
			t.Errorf("both clients went to %s: it was another one's turn", pod)
		}
		one("sleep 11") // longer than the affinity lasts
		if again := who(one, "sticky", 1); again[pod] > 0 {
			t.Errorf("after its timeout the client is still with %s", pod)
		}
	}
}

// A readiness probe takes a Pod out of the EndpointSlice and the balancer, and lets it in again.
func TestReadinessProbeAndBalancer(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: shop:v1
        ports: [{containerPort: 80}]
        readinessProbe: {exec: {command: [sh, -c, "! test -e /tmp/sick"]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 30}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`)
	run := client(t, c, ns, "client", "")
	var pods map[string]int
	clustertest.Eventually(t, "both Pods to answer", func() bool {
		pods = who(run, "web", 2)
		return len(pods) == 2
	})
	var sick string
	for sick = range pods {
		break
	}
	c.Kubectl(t, "exec", "-n", ns, sick, "--", "touch", "/tmp/sick")
	clustertest.Eventually(t, "the sick Pod to be out of the balancer", func() bool {
		_, in := traffic(t, c, ns, "web", "")[sick]
		return !in
	})
	out := c.Kubectl(t, "get", "endpointslices", "-n", ns, "-l", "kubernetes.io/service-name=web", "-o",
		"jsonpath={range .items[*].endpoints[*]}{.targetRef.name}={.conditions.ready} {end}")
	if !strings.Contains(out, sick+"=false") {
		t.Errorf("the endpoints are %s", out)
	}
	if got := who(run, "web", 20); got[sick] != 0 || len(got) != 1 {
		t.Errorf("a Pod that is not ready answers: %v", got)
	}
	if n := status(get(t, c, ns, sick)).RestartCount; n != 0 {
		t.Errorf("a failing readiness probe restarted the container %d times", n)
	}
	c.Kubectl(t, "exec", "-n", ns, sick, "--", "rm", "/tmp/sick")
	clustertest.Eventually(t, "the Pod to be let in again", func() bool { return who(run, "web", 2)[sick] == 1 })
}
