package e2e

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/clustertest"
)

// A port of this machine that another program has: an event on the Service says which and why, and it is opened when it is
// free.
func TestPortConflict(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	var taken net.Listener
	nodePort := 30000
	for ; taken == nil; nodePort++ {
		taken, _ = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", nodePort)) // somebody else may have it, too: then the next
	}
	nodePort--
	defer taken.Close()
	create(t, c, ns, "web", `{image: "shop:v1", ports: [{containerPort: 80}]}`)
	apply(t, c, ns, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {type: LoadBalancer, loadBalancerIP: 127.0.0.1, selector: {app: web}, allocateLoadBalancerNodePorts: false, ports: [{port: %d, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: side}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: %d}]}
`, port, nodePort))
	clustertest.Eventually(t, "an event about the node port", func() bool {
		return strings.Contains(events(t, c, ns, "side", "PortUnavailable"),
			fmt.Sprintf("cannot open TCP port 127.0.0.1:%d on this machine: address already in use: end what has it, or choose another nodePort", nodePort))
	})
	var said string
	clustertest.Eventually(t, "an event about the port", func() bool {
		said = c.Kubectl(t, "get", "events", "-n", ns, "--field-selector", "reason=PortUnavailable,involvedObject.name=front", "-o", "jsonpath={.items[0].message}")
		return said != ""
	})
	if want := fmt.Sprintf("cannot open TCP port 127.0.0.1:%d on this machine: address already in use: end what has it, or choose another port", port); !strings.HasPrefix(said, want) {
		t.Errorf("the event says %q, want %q", said, want)
	}
	if ip := c.Kubectl(t, "get", "service", "-n", ns, "front", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"); ip != "" {
		t.Errorf("the load balancer has address %s although its port is not open", ip)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "the port to be opened once it is free", func() bool {
		a, err := ask(t.Context(), fmt.Sprintf("127.0.0.1:%d", port))
		return err == nil && a.Pod == "web"
	})
}

// A load balancer lets in whom its Service says, is somebody else's where that has another class, and goes with the type.
func TestLoadBalancers(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	create(t, c, ns, "web", `{image: "shop:v1", ports: [{containerPort: 80}]}`)
	apply(t, c, ns, `
apiVersion: v1
kind: Service
metadata: {name: open}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 28090, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: closed}
spec: {type: LoadBalancer, loadBalancerClass: podarium.io/loopback, loadBalancerSourceRanges: [10.0.0.0/8, 192.0.2.0/24], selector: {app: web}, ports: [{port: 28090, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {type: LoadBalancer, loadBalancerClass: example.com/other, selector: {app: web}, ports: [{port: 28090, targetPort: 80}]}
`)
	address := func(name string) string {
		s, err := c.Kubernetes().CoreV1().Services(ns).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if i := s.Status.LoadBalancer.Ingress; len(i) > 0 {
			return i[0].IP
		}
		return ""
	}
	clustertest.Eventually(t, "the load balancers", func() bool { return address("open") != "" && address("closed") != "" })
	clustertest.Eventually(t, "the Pod to answer", func() bool {
		a, err := ask(t.Context(), net.JoinHostPort(address("open"), "28090"))
		return err == nil && a.Pod == "web"
	})
	if a, err := ask(t.Context(), net.JoinHostPort(address("closed"), "28090")); err == nil {
		t.Errorf("who is not in the ranges is answered by %s", a.Pod)
	}
	clustertest.Eventually(t, "an event that nobody is let in", func() bool {
		return strings.Contains(events(t, c, ns, "closed", "NobodyAdmitted"), "they come from 127.0.0.1, which is not in loadBalancerSourceRanges 10.0.0.0/8, 192.0.2.0/24")
	})
	// Somebody else's controller gives the other its address; it is left as it is.
	status := []byte(`{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.50"}]}}}`)
	if _, err := c.Kubernetes().CoreV1().Services(ns).Patch(t.Context(), "other", types.MergePatchType, status, metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"open", "closed"} {
		c.Kubectl(t, "patch", "service", "-n", ns, s, "--type=merge", "-p", `{"spec":{"type":"ClusterIP","loadBalancerClass":null,"loadBalancerSourceRanges":null}}`)
		clustertest.Eventually(t, s+" to lose its address with its type", func() bool { return address(s) == "" })
	}
	if ip := address("other"); ip != "192.0.2.50" {
		t.Errorf("the load balancer of another class has address %q", ip)
	}
}

// A Service without a selector leads to where its EndpointSlices say, which may be outside of the cluster.
func TestServiceWithoutSelector(t *testing.T) {
	t.Parallel()
	var own net.IP
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			own = n.IP.To4()
		}
	}
	if own == nil {
		t.Skip("this machine has no address but the loopback ones")
	}
	l, err := net.Listen("tcp", net.JoinHostPort(own.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "the old machine") })}
	go func() { _ = s.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = s.Close() })
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: legacy}
spec: {ports: [{name: http, port: 80, targetPort: 9376}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: legacy-1, labels: {kubernetes.io/service-name: legacy}}
addressType: IPv4
ports: [{name: http, port: %d, protocol: TCP}]
endpoints: [{addresses: [%q]}]
`, l.Addr().(*net.TCPAddr).Port, own))
	run := client(t, c, ns, "client", "")
	clustertest.Eventually(t, "the machine to answer", func() bool {
		out, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "wget", "-qO-", "-T", "5", "http://legacy")
		return err == nil && out == "the old machine\n"
	})
	// A NetworkPolicy holds for what is outside, and for cluster DNS.
	apply(t, c, ns, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: no-way-out}
spec: {podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}
`)
	c.Kubectl(t, "label", "pod", "-n", ns, "client", "app=client", "--overwrite")
	vip := c.Kubectl(t, "get", "service", "-n", ns, "legacy", "-o", "jsonpath={.spec.clusterIP}")
	clustertest.Eventually(t, "the way out to be closed", func() bool {
		_, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "wget", "-qO-", "-T", "5", "http://"+vip)
		return err != nil
	})
	if out := run("nslookup legacy | tail -n2 | head -n1; wget -qO- -T 1 http://legacy 2>&1 || true"); out != ";; connection timed out; no servers could be reached\nwget: download timed out\n" {
		t.Errorf("without DNS it says %q", out)
	}
	apply(t, c, ns, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]
    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
`)
	clustertest.Eventually(t, "names to be had", func() bool {
		out, err := c.TryKubectl(t, "exec", "-n", ns, "client", "--", "nslookup", "legacy")
		return err == nil && strings.Contains(out, vip)
	})
	if out := run("wget -qO- -T 1 http://legacy 2>&1 || true"); out != "wget: download timed out\n" {
		t.Errorf("with DNS only it says %q", out)
	}
}

// A hostPort is open at its hostIP, so that several Pods of a node may have one number.
func TestHostIP(t *testing.T) {
	t.Parallel()
	c, ns := clustertest.Shared(t)
	apply(t, c, ns, `
apiVersion: v1
kind: Pod
metadata: {name: inside}
spec: {nodeName: node-1, terminationGracePeriodSeconds: 1, containers: [{name: c, image: "shop:inside", ports: [{containerPort: 80, hostPort: 7123, hostIP: 127.0.0.1}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: outside}
spec: {nodeName: node-1, terminationGracePeriodSeconds: 1, containers: [{name: c, image: "shop:outside", ports: [{containerPort: 80, hostPort: 7123, hostIP: 172.18.0.3}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec: {nodeName: node-1, hostNetwork: true, terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sleep, infinity]}]}
`)
	clustertest.Eventually(t, "the Pods", func() bool {
		for _, p := range []string{"inside", "outside", "host"} {
			if get(t, c, ns, p).Status.Phase != corev1.PodRunning {
				return false
			}
		}
		return true
	})
	printsSoon(t, c, ns, "host", "for a in 127.0.0.1 localhost 172.18.0.3; do wget -qO- $a:7123 | grep version; done", "version: inside\nversion: inside\nversion: outside\n")
	client(t, c, ns, "client", "")
	printsSoon(t, c, ns, "client", "wget -qO- 172.18.0.3:7123 | grep version", "version: outside\n")
}
