package podnet

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
)

// BenchmarkConnection is a connection to an endpoint, straight and by a Service: a byte there, a byte back, and its end.
func BenchmarkConnection(b *testing.B) {
	n := New()
	s, err := n.Subnet("node-1")
	if err != nil {
		b.Fatal(err)
	}
	var ends []netip.AddrPort
	for range 5 {
		ip, err := s.Allocate()
		if err != nil {
			b.Fatal(err)
		}
		l, err := n.Listen(netip.AddrPortFrom(ip, 80))
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		ends = append(ends, netip.AddrPortFrom(ip, 80))
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
			}
		}()
	}
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	n.SetServices([]Service{{Name: "default/web", Protocol: TCP, Addresses: []netip.AddrPort{vip}, Endpoints: ends}})
	for _, to := range []struct {
		name string
		at   netip.AddrPort
	}{{"direct", ends[0]}, {"service", vip}} {
		b.Run(to.name, func(b *testing.B) {
			buf := make([]byte, 1)
			for b.Loop() {
				c, err := n.DialContext(context.Background(), "tcp", to.at.String())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Fatal(err)
				}
				_ = c.Close()
			}
		})
	}
}

// BenchmarkDatagram is a question and its answer by UDP through a Service.
func BenchmarkDatagram(b *testing.B) {
	n := New()
	s, err := n.Subnet("node-1")
	if err != nil {
		b.Fatal(err)
	}
	ip, err := s.Allocate()
	if err != nil {
		b.Fatal(err)
	}
	server, err := n.ListenPacket(netip.AddrPortFrom(ip, 53))
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			k, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(buf[:k], from)
		}
	}()
	vip := netip.MustParseAddrPort("10.96.0.10:53")
	n.SetServices([]Service{{Name: "dns", Protocol: UDP, Addresses: []netip.AddrPort{vip}, Endpoints: []netip.AddrPort{netip.AddrPortFrom(ip, 53)}}})
	var c net.Conn
	if c, err = n.DialContext(context.Background(), "udp", vip.String()); err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 100)
	for b.Loop() {
		if _, err := c.Write(buf[:10]); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
