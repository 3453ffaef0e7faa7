package services

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/controllers/podnet"
)

// echo serves what it gets on an address of a network, by TCP and UDP.
func echo(t *testing.T, n *podnet.Network) netip.AddrPort {
	t.Helper()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	ip, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(ip, 7)
	l, err := n.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.ListenPacket(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); _ = p.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	go func() {
		buf := make([]byte, 100)
		for {
			k, from, err := p.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = p.WriteTo(buf[:k], from)
		}
	}()
	return at
}

// free gives a port of the host that nobody has.
func free(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func TestHostPorts(t *testing.T) {
	n := podnet.New()
	to := echo(t, n)
	h := newHostPorts(n)
	defer h.close()
	at := netip.AddrPortFrom(loopback, free(t))
	ports := []hostPort{{service: "a/b", protocol: podnet.TCP, at: at, to: to}, {service: "a/b", protocol: podnet.UDP, at: at, to: to}}
	if failed, _ := h.set(ports); len(failed) > 0 {
		t.Fatal(failed)
	}
	for _, network := range []string{"tcp", "udp"} { // one number, both protocols
		c, err := net.Dial(network, at.String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "hello")
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		buf := make([]byte, 10)
		if k, err := c.Read(buf); err != nil || string(buf[:k]) != "hello" {
			t.Errorf("%s: %q, %v", network, buf[:k], err)
		}
		_ = c.Close()
	}
	if failed, _ := h.set(nil); len(failed) > 0 {
		t.Fatal(failed)
	}
	if c, err := net.Dial("tcp", at.String()); err == nil {
		_ = c.Close()
		t.Error("the port of a Service that has gone is still open")
	}
}

func TestHostPortConflict(t *testing.T) {
	n := podnet.New()
	h := newHostPorts(n)
	defer h.close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := netip.MustParseAddrPort(l.Addr().String())
	port := []hostPort{{service: "a/b", protocol: podnet.TCP, at: at, balancer: true, wanted: "127.0.0.1"}}
	failed, balancers := h.set(port)
	if e := failed["a/b"]; e == nil || !strings.Contains(e.Error(), fmt.Sprintf("cannot open TCP port %s on this machine: address already in use", at)) {
		t.Errorf("the error is %v", e)
	}
	if len(balancers) > 0 || !h.missing() {
		t.Errorf("a load balancer without its port has an address: %v", balancers)
	}
	if failed, _ := h.set(port); len(failed) > 0 {
		t.Errorf("the same is said twice: %v", failed)
	}
	_ = l.Close()
	if _, balancers := h.set(port); balancers["a/b"] != loopback || h.missing() {
		t.Errorf("once the port is free: %v", balancers)
	}
}

func TestBalancerAddresses(t *testing.T) {
	h := newHostPorts(podnet.New())
	port := netip.AddrPortFrom(loopback, free(t))
	balancer := func(service, wanted, had string) hostPort {
		return hostPort{service: service, protocol: podnet.TCP, at: port, balancer: true, wanted: wanted, had: had}
	}
	first := []hostPort{balancer("a", "", ""), balancer("b", "", ""), balancer("c", "127.9.9.9", ""), balancer("d", "8.8.8.8", "")}
	if used := h.assign(first); len(used) != 4 {
		t.Errorf("load balancers have %v", used)
	}
	was := maps.Clone(h.addresses)
	for service, a := range was {
		if !a.IsLoopback() {
			t.Errorf("the load balancer of %s is on %v, which is none of this machine's own", service, a)
		}
	}
	if a := was["c"]; a.String() != "127.9.9.9" {
		t.Errorf("the address that was asked for is %v", a)
	}
	if h.assign(first); !maps.Equal(was, h.addresses) {
		t.Errorf("the addresses %v have become %v", was, h.addresses)
	}
	if runtime.GOOS != "linux" {
		return // there is one address only
	}
	// After a restart each has what it had, also where one is before it that had none.
	h = newHostPorts(podnet.New())
	h.assign([]hostPort{balancer("0", "", ""), balancer("a", "", was["b"].String()), balancer("b", "", was["a"].String())})
	if h.addresses["a"] != was["b"] || h.addresses["b"] != was["a"] || h.addresses["0"] == was["a"] || h.addresses["0"] == was["b"] {
		t.Errorf("after a restart they have %v", h.addresses)
	}
	// An address whose port somebody else has is passed over.
	taken, err := net.Listen("tcp", netip.AddrPortFrom(was["a"], port.Port()).String())
	if err != nil {
		t.Skip(err) // somebody else's
	}
	defer taken.Close()
	h = newHostPorts(podnet.New())
	if h.assign(first[:1]); h.addresses["a"] == was["a"] {
		t.Errorf("the load balancer is on %v, where its port is taken", h.addresses["a"])
	}
}

// Who is not in loadBalancerSourceRanges is not let in.
func TestSourceRanges(t *testing.T) {
	n := podnet.New()
	to := echo(t, n)
	h := newHostPorts(n)
	defer h.close()
	at := netip.AddrPortFrom(loopback, free(t))
	for ranges, want := range map[string]bool{"10.0.0.0/8": false, "127.0.0.0/8": true} {
		var ports []hostPort
		for _, protocol := range []podnet.Protocol{podnet.TCP, podnet.UDP} {
			ports = append(ports, hostPort{service: "a/b", protocol: protocol, balancer: true, wanted: loopback.String(), at: at, to: to, sources: []netip.Prefix{netip.MustParsePrefix(ranges)}})
		}
		if failed, _ := h.set(ports); len(failed) > 0 {
			t.Fatal(failed)
		}
		for _, network := range []string{"tcp", "udp"} {
			c, err := net.Dial(network, at.String())
			if err != nil {
				if want {
					t.Errorf("%s with %s: %v", network, ranges, err)
				}
				continue // it may be reset as early as this
			}
			_, _ = fmt.Fprint(c, "hello")
			limit := time.Minute
			if network == "udp" && !want {
				limit = 50 * time.Millisecond // nothing comes
			}
			_ = c.SetReadDeadline(time.Now().Add(limit))
			k, err := c.Read(make([]byte, 10))
			if got := k == 5; got != want {
				t.Errorf("%s with %s: %d bytes, %v", network, ranges, k, err)
			}
			_ = c.Close()
		}
	}
}
