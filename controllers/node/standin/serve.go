package standin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// drainLimit is how long a server that is asked to end goes on with the requests that it has.
const drainLimit = 5 * time.Second

// serve listens on the container's ports, as the catalogue says, until ctx ends.
func (p *process) serve(ctx context.Context) containers.Exit {
	defer p.files.close()
	if d := duration(p.image.Start); d > 0 {
		p.begin()
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return containers.Exit{}
		}
	}
	stop, err := p.listen(ctx)
	p.begin()
	if err != nil {
		fmt.Fprintln(p.spec.Stderr, err)
		return containers.Exit{Code: 1, Message: err.Error()}
	}
	<-ctx.Done()
	stop()
	return containers.Exit{}
}

func (p *process) ports() []corev1.ContainerPort {
	if len(p.spec.Ports) > 0 {
		return p.spec.Ports
	}
	var ports []corev1.ContainerPort
	for _, n := range p.image.Ports {
		ports = append(ports, corev1.ContainerPort{ContainerPort: n, Protocol: corev1.ProtocolTCP})
	}
	return ports
}

// service is what answers on the ports of a container.
type service interface {
	// serve takes connections of a port until l is closed.
	serve(l net.Listener, port corev1.ContainerPort)
	// stop ends what still goes on, in order where it can.
	stop(ctx context.Context)
}

// kind is what listens on a port: what the image serves, or Redis where the port is called so.
func (p *process) kind(port corev1.ContainerPort) string {
	if port.Name == "redis" && (p.image.Serve == "" || p.image.Serve == "http") {
		return "redis"
	}
	return p.image.Serve
}

func (p *process) newService(kind string) service {
	switch kind {
	case "redis":
		return newRedis(p)
	case "zookeeper":
		return &connections{p: p, handle: p.zookeeper}
	case "postgres":
		return &connections{p: p, handle: p.postgres}
	case "echo":
		return &connections{p: p, handle: func(c net.Conn) { _, _ = io.Copy(c, c) }}
	case "none":
		return &connections{p: p, handle: func(net.Conn) {}}
	}
	return newWeb(p)
}

// listen opens the container's ports.
func (p *process) listen(ctx context.Context) (stop func(), err error) {
	services := map[string]service{} // by kind
	var open []io.Closer
	var taking sync.WaitGroup // who takes connections and datagrams
	stop = func() {
		p.mu.Lock()
		killed := p.kill
		p.mu.Unlock()
		if !killed { // what has come already is answered
			for _, c := range open {
				if d, ok := c.(podnet.Drainer); ok {
					d.Drain()
				}
			}
			taking.Wait()
		}
		for _, c := range open {
			_ = c.Close()
		}
		for _, s := range services {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
			defer cancel()
			if killed {
				cancel()
			}
			s.stop(end)
		}
	}
	for _, port := range p.ports() {
		at := netip.AddrPortFrom(p.spec.IP, uint16(port.ContainerPort))
		if port.Protocol == corev1.ProtocolUDP {
			c, err := p.engine.network.ListenPacket(at)
			if err != nil {
				stop()
				return nil, fmt.Errorf("listen on UDP port %d: %w", port.ContainerPort, err)
			}
			open = append(open, c)
			p.work.Add(1)
			taking.Add(1)
			go func() {
				defer p.work.Done()
				defer taking.Done()
				p.answerPackets(c)
			}()
			continue
		}
		kind := p.kind(port)
		s := services[kind]
		if s == nil {
			s = p.newService(kind)
			services[kind] = s
		}
		l, err := p.engine.network.Listen(at)
		if err != nil {
			stop()
			return nil, fmt.Errorf("listen on port %d: %w", port.ContainerPort, err)
		}
		open = append(open, l)
		p.work.Add(1)
		taking.Add(1)
		go func() {
			defer p.work.Done()
			defer taking.Done()
			s.serve(l, port)
		}()
	}
	if p.image.Serve != "none" && len(open) > 0 {
		fmt.Fprintf(p.spec.Stdout, "%s stands in for %s on %s\n", kindName(p.image.Serve), p.spec.Image, listNames(p.ports()))
	}
	return stop, nil
}

func kindName(serve string) string {
	if serve == "" {
		return "http"
	}
	return serve
}

func listNames(ports []corev1.ContainerPort) string {
	var names []string
	for _, p := range ports {
		protocol := "tcp"
		if p.Protocol == corev1.ProtocolUDP {
			protocol = "udp"
		}
		names = append(names, fmt.Sprintf("%d/%s", p.ContainerPort, protocol))
	}
	return strings.Join(names, ", ")
}

// version is what the environment says, or the image's tag.
func (p *process) version() string {
	v := version(p.spec.Image)
	for _, e := range p.spec.Env {
		if said, ok := strings.CutPrefix(e, "VERSION="); ok {
			v = said
		}
	}
	return v
}

// answerPackets answers each datagram with who answers (Pod, version, image, node), how many there have been, and what came.
func (p *process) answerPackets(c net.PacketConn) {
	buf := make([]byte, 64<<10)
	who := fmt.Sprintf("%s %s %s %s", p.spec.Pod, p.version(), p.spec.Image, p.engine.node)
	for n := 1; ; n++ {
		k, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = c.WriteTo(fmt.Appendf(nil, "%s #%d: %s", who, n, buf[:k]), from)
	}
}

// connections is a service that handles each connection in a goroutine.
type connections struct {
	p      *process
	handle func(net.Conn)
}

func (s *connections) serve(l net.Listener, _ corev1.ContainerPort) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.p.work.Add(1)
		go func() {
			defer s.p.work.Done()
			defer c.Close()
			defer context.AfterFunc(s.p.ctx, func() { _ = c.Close() })()
			s.handle(c)
		}()
	}
}

func (s *connections) stop(context.Context) {}
