package services

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/podarium/podarium/controllers/podnet"
)

// BenchmarkRequest is an HTTP request from this machine on a connection of its own: to a server on a loopback port, and to
// the same server as five endpoints of a Service behind a node port. The difference is what the network adds.
func BenchmarkRequest(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	serve := func(l net.Listener) {
		s := &http.Server{Handler: handler}
		go func() { _ = s.Serve(l) }() // until it is closed
		b.Cleanup(func() { _ = s.Close() })
	}
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	serve(bare)

	n := podnet.New()
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
		at := netip.AddrPortFrom(ip, 80)
		l, err := n.Listen(at)
		if err != nil {
			b.Fatal(err)
		}
		serve(l)
		ends = append(ends, at)
	}
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	n.SetServices([]podnet.Service{{Name: "a/b", Protocol: podnet.TCP, Addresses: []netip.AddrPort{vip}, Endpoints: ends}})
	h := newHostPorts(n)
	b.Cleanup(h.close)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	at := netip.MustParseAddrPort(free.Addr().String())
	_ = free.Close()
	if failed, _ := h.set([]hostPort{{service: "a/b", protocol: podnet.TCP, at: at, to: vip}}); len(failed) > 0 {
		b.Fatal(failed)
	}
	for _, to := range []struct{ name, address string }{{"loopback", bare.Addr().String()}, {"nodeport", at.String()}} {
		b.Run(to.name, func(b *testing.B) {
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for b.Loop() {
				resp, err := client.Get("http://" + to.address + "/")
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
