package podnet

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"
)

// outsider answers on this machine's own network, with a word by TCP and with what it gets by UDP.
func outsider(t *testing.T, word string) (tcp, udp netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
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
			_, _ = io.WriteString(c, word)
			_ = c.Close()
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
	return netip.MustParseAddrPort(l.Addr().String()), netip.MustParseAddrPort(p.LocalAddr().String())
}

// A Service without a selector may lead to a machine outside of the cluster.
func TestServiceOfWhatIsOutside(t *testing.T) {
	n := New()
	s, _ := n.Subnet("node-1")
	pod, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	tcp, udp := outsider(t, "outside")
	vip := netip.MustParseAddrPort("10.96.0.9:80")
	n.SetServices([]Service{
		{Name: "ns/db:tcp", Protocol: TCP, Addresses: []netip.AddrPort{vip}, Endpoints: []netip.AddrPort{tcp}},
		{Name: "ns/db:udp", Protocol: UDP, Addresses: []netip.AddrPort{vip}, Endpoints: []netip.AddrPort{udp}},
	})
	for what, to := range map[string]netip.AddrPort{"by the Service": vip, "by its own address": tcp} {
		if got := reached(n, pod, to); got != "outside" {
			t.Errorf("%s: %s", what, got)
		}
	}
	if c, err := n.Dialer(pod)(t.Context(), "tcp", vip.String()); err != nil || c.RemoteAddr().String() != vip.String() {
		t.Errorf("whoever connects to the Service sees %v, %v", c, err)
	} else {
		_ = c.Close()
	}
	for what, to := range map[string]netip.AddrPort{"by the Service": vip, "by its own address": udp} {
		c, err := n.Dialer(pod)(t.Context(), "udp", to.String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		buf := make([]byte, 10)
		for range 2 { // the second goes the way of the first
			if _, err := io.WriteString(c, "hi"); err != nil {
				t.Fatalf("UDP %s: %v", what, err)
			}
			if k, err := c.Read(buf); err != nil || string(buf[:k]) != "hi" {
				t.Errorf("UDP %s: %q, %v", what, buf[:k], err)
			}
		}
		_ = c.Close()
	}
	if c := n.Counts()["ns/db:tcp"]; len(c) != 1 || c[0].Total != 2 {
		t.Errorf("the counts are %v", c)
	}
}

// A policy holds for what is outside of the cluster, too.
func TestPolicyOfWhatIsOutside(t *testing.T) {
	n := New()
	s, _ := n.Subnet("node-1")
	pod, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	tcp, udp := outsider(t, "outside")
	n.SetPolicy(func(_ Protocol, from netip.Addr, to netip.AddrPort) bool { return from != pod })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if c, err := n.Dialer(pod)(ctx, "tcp", tcp.String()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a Pod that may not gets %v, %v", c, err)
	}
	c, err := n.Dialer(pod)(t.Context(), "udp", udp.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, _ = io.WriteString(c, "hi") // dropped
	if _, err := c.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("by UDP: %v", err)
	}
	if got := reached(n, s.Node, tcp); got != "outside" {
		t.Errorf("the node, which may: %s", got)
	}
}

// What a node serves on its loopback is there for itself only.
func TestLoopback(t *testing.T) {
	n := New()
	one, _ := n.Subnet("node-1")
	two, _ := n.Subnet("node-2")
	at := netip.AddrPortFrom(Loopback(one.Node), 80)
	serveWord(t, n, at, "mine")
	if got := reached(n, one.Node, at); got != "mine" || !n.Serves("tcp", at.String()) || n.Serves("udp", at.String()) {
		t.Errorf("the node itself: %s", got)
	}
	for what, to := range map[string]netip.Addr{"the node's address": one.Node, "another node's loopback": Loopback(two.Node)} {
		if got := reached(n, two.Node, netip.AddrPortFrom(to, 80)); got != "refused" {
			t.Errorf("%s: %s", what, got)
		}
	}
	n.Forget("node-2")
	if _, err := n.Listen(netip.AddrPortFrom(Loopback(two.Node), 80)); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("a node that has gone: %v", err)
	}
}
