package standin

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// BenchmarkMemory is what a stand-in that listens on one port takes of memory, in the runtime and the network.
func BenchmarkMemory(b *testing.B) {
	const n = 200
	c, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	used := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	for b.Loop() {
		network := podnet.New()
		subnet, err := network.Subnet("node-1")
		if err != nil {
			b.Fatal(err)
		}
		e := New(network, "node-1", c)
		before := used()
		var ps []containers.Process
		for range n {
			ip, err := subnet.Allocate()
			if err != nil {
				b.Fatal(err)
			}
			p, err := e.Start(containers.Spec{Image: "shop:v1", IP: ip, Dir: b.TempDir(), Ports: []corev1.ContainerPort{{ContainerPort: 80}}, Stdout: io.Discard, Stderr: io.Discard})
			if err != nil {
				b.Fatal(err)
			}
			ps = append(ps, p)
		}
		for _, p := range ps { // all of them listen
			for {
				conn, err := network.DialContext(context.Background(), "tcp", p.(*process).spec.IP.String()+":80")
				if err == nil {
					_ = conn.Close()
					break
				}
			}
		}
		b.ReportMetric(float64(used()-before)/n/1024, "KB/pod")
		for _, p := range ps {
			p.Kill()
			<-p.Done()
		}
	}
}

// BenchmarkService is a request through a Service to one of five stand-ins, each on a connection of its own, and what of
// it the Service adds to a direct one.
func BenchmarkService(b *testing.B) {
	c, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	network := podnet.New()
	subnet, err := network.Subnet("node-1")
	if err != nil {
		b.Fatal(err)
	}
	e := New(network, "node-1", c)
	var ends []netip.AddrPort
	for range 5 {
		ip, err := subnet.Allocate()
		if err != nil {
			b.Fatal(err)
		}
		p, err := e.Start(containers.Spec{Image: "shop:v1", IP: ip, Dir: b.TempDir(), Ports: []corev1.ContainerPort{{ContainerPort: 80}}, Stdout: io.Discard, Stderr: io.Discard})
		if err != nil {
			b.Fatal(err)
		}
		defer p.Kill()
		ends = append(ends, netip.AddrPortFrom(ip, 80))
	}
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	network.SetServices([]podnet.Service{{Name: "default/web", Protocol: podnet.TCP, Addresses: []netip.AddrPort{vip}, Endpoints: ends}})
	client := &http.Client{Transport: &http.Transport{DialContext: network.DialContext, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for name, to := range map[string]netip.AddrPort{"direct": ends[0], "service": vip} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				resp, err := client.Get("http://" + to.String() + "/")
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
