package standin

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// BenchmarkMemory is what a Pod of one stand-in that listens on a port takes of memory, in the container runtime, the stand-in
// and the network.
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
		dir := b.TempDir()
		r, err := containers.New(containers.Options{Name: "bench", Dir: filepath.Join(dir, "runtime"), Network: network, Subnet: subnet, Engine: New(network, "node-1", c)})
		if err != nil {
			b.Fatal(err)
		}
		before := used()
		for i := range n {
			startPod(b, r, filepath.Join(dir, "logs"), i)
		}
		b.ReportMetric(float64(used()-before)/n/1024, "KB/pod")
		if err := r.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// startPod does what a kubelet does for a Pod of one container, which listens when this returns.
func startPod(b *testing.B, r *containers.Runtime, logs string, i int) {
	b.Helper()
	ctx := b.Context()
	name := fmt.Sprintf("web-%d", i)
	pod := &runtimeapi.PodSandboxConfig{
		Metadata: &runtimeapi.PodSandboxMetadata{Name: name, Namespace: "default", Uid: name}, Hostname: name, LogDirectory: filepath.Join(logs, name),
		Labels: map[string]string{"app": "web"},
	}
	sandbox, err := r.RunPodSandbox(ctx, pod, "")
	if err != nil {
		b.Fatal(err)
	}
	container, err := r.CreateContainer(ctx, sandbox, &runtimeapi.ContainerConfig{
		Metadata: &runtimeapi.ContainerMetadata{Name: "web"}, Image: &runtimeapi.ImageSpec{Image: "shop:v1"}, LogPath: "web/0.log",
		Annotations: map[string]string{"io.kubernetes.container.ports": `[{"containerPort":80,"protocol":"TCP"}]`},
	}, pod)
	if err != nil {
		b.Fatal(err)
	}
	if err := r.StartContainer(ctx, container); err != nil {
		b.Fatal(err)
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
