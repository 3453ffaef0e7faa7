package containers

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// nameServer serves names as cluster DNS does, on port 53 of the gateway.
func nameServer(t *testing.T, n *podnet.Network, names map[string][]string) {
	t.Helper()
	at := netip.AddrPortFrom(podnet.Gateway, 53)
	pc, err := n.ListenPacket(at)
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		addrs, ok := names[q.Question[0].Name]
		if !ok {
			m.Rcode = dns.RcodeNameError
		}
		for _, a := range addrs {
			rr, err := dns.NewRR(fmt.Sprintf("%s 5 IN A %s", q.Question[0].Name, a))
			if err != nil {
				t.Error(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		if w.LocalAddr().Network() == "udp" {
			m.Truncate(payload)
		}
		_ = w.WriteMsg(m)
	})
	udp, tcp := &dns.Server{PacketConn: pc, Handler: h}, &dns.Server{Listener: l, Handler: h}
	go func() { _ = udp.ActivateAndServe() }()
	go func() { _ = tcp.ActivateAndServe() }()
	t.Cleanup(func() { _ = pc.Close(); _ = l.Close() })
}

func TestLookup(t *testing.T) {
	n := podnet.New()
	s, _ := n.Subnet("node-1")
	pod, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 400)
	for i := range many {
		many[i] = fmt.Sprintf("10.244.%d.%d", 1+i/200, 1+i%200)
	}
	nameServer(t, n, map[string][]string{
		"web.shop.svc.cluster.local.": {"10.96.0.7"}, "db.ops.svc.cluster.local.": {"10.96.0.8"}, "db.ops.": {"192.0.2.9"},
		"many.shop.svc.cluster.local.": many, "empty.shop.svc.cluster.local.": nil, "example.com.": {"192.0.2.1"},
	})
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost\n10.1.2.3\tfoo.local\tbar.local # by hostAliases\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := func(options ...string) *Spec {
		return &Spec{
			IP: pod, Hostname: "me", Mounts: []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: "/data"}, {ContainerPath: "/etc/hosts", HostPath: hosts}},
			DNS: &runtimeapi.DNSConfig{Servers: []string{podnet.Gateway.String()}, Searches: []string{"shop.svc.cluster.local", "svc.cluster.local", "cluster.local"}, Options: options},
		}
	}
	for _, test := range []struct {
		spec           *Spec
		name, is, full string
	}{
		{spec(), "web", "10.96.0.7", "web.shop.svc.cluster.local"},
		{spec(), "web.shop.svc.cluster.local.", "10.96.0.7", "web.shop.svc.cluster.local"},
		{spec("ndots:5"), "db.ops", "10.96.0.8", "db.ops.svc.cluster.local"}, // the search path first
		{spec("ndots:1"), "db.ops", "192.0.2.9", "db.ops"},                   // the name itself first
		{spec("ndots:1"), "db.ops.svc", "10.96.0.8", "db.ops.svc.cluster.local"},
		{spec(), "example.com", "192.0.2.1", "example.com"},
		{spec(), "Foo.local", "10.1.2.3", "Foo.local"},
		{spec(), "bar.local", "10.1.2.3", "bar.local"},
		{spec(), "me", pod.String(), "me"},
	} {
		addrs, full, err := test.spec.Lookup(t.Context(), n, test.name)
		if err != nil || len(addrs) != 1 || addrs[0].String() != test.is || full != test.full {
			t.Errorf("%s with %v is %v, %s, %v, want %s, %s", test.name, test.spec.DNS.Options, addrs, full, err, test.is, test.full)
		}
	}
	if addrs, _, err := spec().Lookup(t.Context(), n, "many"); err != nil || len(addrs) != len(many) {
		t.Errorf("an answer too long for a datagram: %d addresses, %v", len(addrs), err)
	}
	for _, name := range []string{"nowhere", "empty", "web.ops", "web."} {
		_, _, err := spec().Lookup(t.Context(), n, name)
		if e := (*net.DNSError)(nil); !errors.As(err, &e) || !e.IsNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who may not reach the name server has no names.
func TestLookupUnderPolicy(t *testing.T) {
	n := podnet.New()
	s, _ := n.Subnet("node-1")
	pod, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	nameServer(t, n, map[string][]string{"web.": {"10.96.0.7"}})
	n.SetPolicy(func(_ podnet.Protocol, from netip.Addr, _ netip.AddrPort) bool { return from != pod })
	spec := &Spec{IP: pod, DNS: &runtimeapi.DNSConfig{Servers: []string{podnet.Gateway.String()}, Options: []string{"timeout:1", "attempts:1"}}}
	_, err = spec.Dial(t.Context(), n, "tcp", "web:80")
	if e := (*net.DNSError)(nil); !errors.As(err, &e) || !e.IsTimeout || !strings.Contains(err.Error(), "no name server answers") {
		t.Errorf("the error is %v", err)
	}
}

// A host port is where its hostIP says.
func TestHostIP(t *testing.T) {
	r := newRuntime(t, &stage{})
	node := r.o.Subnet.Node
	run := func(ip string, port int32) {
		t.Helper()
		config := &runtimeapi.PodSandboxConfig{Metadata: &runtimeapi.PodSandboxMetadata{Name: "p"}, PortMappings: []*runtimeapi.PortMapping{
			{HostIp: ip, HostPort: port, ContainerPort: 80}, {HostIp: ip, HostPort: port, ContainerPort: 80, Protocol: runtimeapi.Protocol_UDP},
		}}
		if _, err := r.RunPodSandbox(t.Context(), config, ""); err != nil {
			t.Fatalf("hostIP %q: %v", ip, err)
		}
	}
	run("", 1)
	run("0.0.0.0", 2)
	run(node.String(), 3)
	run("127.0.0.1", 3) // the same number at another address
	run("192.0.2.1", 3) // and at one that the node does not have
	own := &Spec{IP: node, HostNetwork: true}
	for _, network := range []string{"tcp", "udp"} {
		for port := 1; port <= 3; port++ {
			if at := netip.AddrPortFrom(node, uint16(port)).String(); !r.o.Network.Serves(network, at) {
				t.Errorf("nobody serves %s %s", network, at)
			}
		}
		for port, want := range map[string]netip.Addr{"3": podnet.Loopback(node), "1": node} {
			if got := own.loopback(r.o.Network, network, port); got != want {
				t.Errorf("on the node localhost:%s is %s %s, want %s", port, network, got, want)
			}
		}
	}
	if pod := (&Spec{IP: node.Next()}).loopback(r.o.Network, "tcp", "3"); pod != node.Next() {
		t.Errorf("a Pod's localhost is %s", pod)
	}
	_, err := r.RunPodSandbox(t.Context(), &runtimeapi.PodSandboxConfig{Metadata: &runtimeapi.PodSandboxMetadata{Name: "q"}, PortMappings: []*runtimeapi.PortMapping{{HostIp: "127.0.0.1", HostPort: 3, ContainerPort: 80}}}, "")
	if err == nil || !strings.Contains(err.Error(), "host port 3") {
		t.Errorf("a second Pod with the same host port: %v", err)
	}
}
