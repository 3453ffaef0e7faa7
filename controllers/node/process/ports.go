package process

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// portKey is a port of the container.
type portKey struct {
	number   int32
	protocol corev1.Protocol
}

func (p *process) openPorts(img Image) error {
	want := p.spec.Ports
	if len(want) == 0 {
		for _, n := range img.Ports {
			want = append(want, corev1.ContainerPort{ContainerPort: n})
		}
	}
	for _, port := range want {
		k := portKey{port.ContainerPort, port.Protocol}
		if k.protocol == "" {
			k.protocol = corev1.ProtocolTCP
		}
		if err := p.open(k); err != nil {
			return err
		}
	}
	return nil
}

// dialLimit bounds a connection from a process into the cluster.
const dialLimit = 10 * time.Second

// open chooses a loopback port and leads the Pod's port there.
func (p *process) open(k portKey) error {
	switch k.protocol {
	case corev1.ProtocolUDP:
		return p.openUDP(k)
	case corev1.ProtocolTCP:
		return p.openTCP(k)
	}
	return fmt.Errorf("port %d: the network carries no %s", k.number, k.protocol)
}

func (p *process) openTCP(k portKey) error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.ports[k] = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil { // for the program to take
		return err
	}
	l, err := p.engine.network.Listen(netip.AddrPortFrom(p.spec.IP, uint16(k.number)))
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() { _ = l.Close() })
	to := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.ports[k]))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				target, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", to)
				if err != nil {
					return
				}
				defer target.Close()
				podnet.Join(c, target)
			}()
		}
	}()
	return nil
}

func (p *process) openUDP(k portKey) error {
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.ports[k] = free.LocalAddr().(*net.UDPAddr).Port
	if err := free.Close(); err != nil { // for the program to take
		return err
	}
	c, err := p.engine.network.ListenPacket(netip.AddrPortFrom(p.spec.IP, uint16(k.number)))
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() { _ = c.Close() })
	to := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.ports[k]))
	go podnet.ForwardPackets(c, func() (net.Conn, error) { return net.Dial("udp", to) })
	return nil
}

// portEnv tells the program its ports; PORT is the first that was declared, or else the lowest.
func (p *process) portEnv() []string {
	var env []string
	keys := make([]portKey, 0, len(p.ports))
	for k := range p.ports {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b portKey) int { return int(a.number - b.number) })
	first := 0
	for _, k := range keys {
		name := fmt.Sprintf("PORT_%d", k.number)
		if k.protocol == corev1.ProtocolUDP {
			name += "_UDP"
		}
		env = append(env, fmt.Sprintf("%s=%d", name, p.ports[k]))
		if first == 0 {
			first = p.ports[k]
		}
	}
	if len(p.spec.Ports) > 0 {
		c := p.spec.Ports[0]
		k := portKey{c.ContainerPort, c.Protocol}
		if k.protocol == "" {
			k.protocol = corev1.ProtocolTCP
		}
		first = p.ports[k]
	}
	if first != 0 {
		env = append(env, fmt.Sprintf("PORT=%d", first))
	}
	return env
}
