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

	"golang.org/x/net/nettest"
)

func pair(t *testing.T) (*Network, *Subnet, netip.Addr) {
	t.Helper()
	n := New()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	return n, s, a
}

// A connection behaves as net.Conn says that it should.
func TestConnConformance(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		n, _, a := pair(t)
		l, err := n.Listen(netip.AddrPortFrom(a, 80))
		if err != nil {
			return nil, nil, nil, err
		}
		c1, err = n.DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			return nil, nil, nil, err
		}
		c2, err = l.Accept()
		return c1, c2, func() { _ = c1.Close(); _ = c2.Close(); _ = l.Close() }, err
	})
}

func TestAddresses(t *testing.T) {
	n, s, a := pair(t)
	if want := netip.MustParseAddr("10.244.1.2"); a != want {
		t.Errorf("the first Pod of node-1 has %v, want %v", a, want)
	}
	seen := map[netip.Addr]bool{a: true}
	for range 252 {
		a, err := s.Allocate()
		if err != nil {
			t.Fatal(err)
		}
		if seen[a] || !s.Pods.Contains(a) {
			t.Fatalf("%v is given twice or not in %v", a, s.Pods)
		}
		seen[a] = true
	}
	if _, err := s.Allocate(); err == nil {
		t.Error("a full range gives addresses")
	}
	n.Release(a)
	if again, err := s.Allocate(); err != nil || again != a {
		t.Errorf("after a release: %v, %v", again, err)
	}
}

func TestRefusals(t *testing.T) {
	n, _, a := pair(t)
	ctx := context.Background()
	if _, err := n.DialContext(ctx, "tcp", netip.AddrPortFrom(a, 80).String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := n.DialContext(ctx, "tcp", "10.244.9.9:80"); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("nobody has the address: %v", err)
	}
	l, err := n.Listen(netip.AddrPortFrom(a, 80))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Listen(netip.AddrPortFrom(a, 80)); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening twice: %v", err)
	}
	if _, err := n.Listen(netip.MustParseAddrPort("10.244.9.9:80")); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("listening on another's address: %v", err)
	}
	c, err := n.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n.Release(a) // as when a Pod is killed: what was not served yet ends
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the Pod has gone: %v", err)
	}
}

func TestServiceTurns(t *testing.T) {
	n, s, a := pair(t)
	b, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	ends := []netip.AddrPort{netip.AddrPortFrom(a, 8080), netip.AddrPortFrom(b, 8080)}
	for _, e := range ends {
		l, err := n.Listen(e)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	svc := Service{Name: "default/web:http", Protocol: TCP, Addresses: []netip.AddrPort{vip}, Endpoints: ends}
	dial := func() (net.Conn, error) { return n.DialContext(context.Background(), "tcp", vip.String()) }
	if _, err := dial(); !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("no Service is there: %v", err)
	}
	n.SetServices([]Service{svc})
	var last net.Conn
	for range 10 {
		if last, err = dial(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range n.Counts()[svc.Name] {
		if c.Total != 5 || c.Open != 5 {
			t.Errorf("%v was chosen %d times and has %d open, want 5", c.Endpoint, c.Total, c.Open)
		}
	}
	_ = last.Close()
	n.Release(a) // its endpoint is still listed: the other one takes all
	for range 4 {
		if _, err := dial(); err != nil {
			t.Fatal(err)
		}
	}
	svc.Endpoints = nil
	n.SetServices([]Service{svc})
	if _, err := dial(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a Service without endpoints: %v", err)
	}
}

func TestSessionAffinity(t *testing.T) {
	n, s, a := pair(t)
	b, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	ends := []netip.AddrPort{netip.AddrPortFrom(a, 80), netip.AddrPortFrom(b, 80)}
	for _, e := range ends {
		l, err := n.Listen(e)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	n.SetServices([]Service{{Name: "s", Protocol: TCP, Addresses: []netip.AddrPort{vip}, Endpoints: ends, Affinity: time.Hour}})
	for range 10 {
		if _, err := n.DialContext(context.Background(), "tcp", vip.String()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range n.Counts()["s"] {
		if c.Total != 0 && c.Total != 10 {
			t.Errorf("%v has %d of one client's 10 connections", c.Endpoint, c.Total)
		}
	}
}

func TestDatagrams(t *testing.T) {
	n, s, a := pair(t)
	server, err := n.ListenPacket(netip.AddrPortFrom(a, 53))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	vip := netip.MustParseAddrPort("10.96.0.10:53")
	n.SetServices([]Service{{Name: "dns", Protocol: UDP, Addresses: []netip.AddrPort{vip}, Endpoints: []netip.AddrPort{netip.AddrPortFrom(a, 53)}}})
	from, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Dialer(from)(context.Background(), "udp", vip.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	k, who, err := server.ReadFrom(buf)
	if err != nil || string(buf[:k]) != "question" {
		t.Fatalf("%q, %v", buf[:k], err)
	}
	if _, err := server.WriteTo([]byte("answer"), who); err != nil {
		t.Fatal(err)
	}
	if k, err := c.Read(buf); err != nil || string(buf[:k]) != "answer" {
		t.Errorf("%q, %v", buf[:k], err)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := c.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read after its deadline: %v", err)
	}
}
