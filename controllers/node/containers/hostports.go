package containers

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// openHostPorts leads the host ports of a Pod, which are ports of its node's address on the virtual network, to the Pod. The
// Pod sees who connects, and NetworkPolicies apply to that. A hostIP that is the node's loopback leads there from the node
// itself only, any other that the node does not have from nowhere, as elsewhere.
func (r *Runtime) openHostPorts(s *sandbox) error {
	if !s.ownIP {
		return nil // its containers listen on the node's address themselves
	}
	for _, m := range s.config.GetPortMappings() {
		if m.HostPort <= 0 {
			continue
		}
		ip, ok := r.hostIP(m.HostIp)
		if !ok {
			continue
		}
		at := netip.AddrPortFrom(ip, uint16(m.HostPort))
		to := netip.AddrPortFrom(s.ip, uint16(m.ContainerPort)).String()
		switch m.Protocol {
		case runtimeapi.Protocol_TCP:
			l, err := r.o.Network.Listen(at)
			if err != nil {
				return fmt.Errorf("host port %d: %w", m.HostPort, err)
			}
			s.closers = append(s.closers, func() { _ = l.Close() })
			go r.forward(l, to)
		case runtimeapi.Protocol_UDP:
			c, err := r.o.Network.ListenPacket(at)
			if err != nil {
				return fmt.Errorf("host port %d: %w", m.HostPort, err)
			}
			s.closers = append(s.closers, func() { _ = c.Close() })
			go podnet.ForwardPackets(c, func() (net.Conn, error) { return r.o.Network.DialContext(context.Background(), "udp", to) })
		default:
			return fmt.Errorf("host port %d: the network carries no %s", m.HostPort, m.Protocol)
		}
	}
	return nil
}

// hostIP is the address that a host port is opened at; ok is false where the node has no such address.
func (r *Runtime) hostIP(asked string) (at netip.Addr, ok bool) {
	ip, err := netip.ParseAddr(asked)
	switch {
	case err != nil || ip.IsUnspecified() || ip == r.o.Subnet.Node: // the API lets addresses in only, or nothing
		return r.o.Subnet.Node, true
	case ip.IsLoopback():
		return podnet.Loopback(r.o.Subnet.Node), true
	}
	return netip.Addr{}, false
}

// forward passes connections on until l is closed.
func (r *Runtime) forward(l net.Listener, to string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			from := podnet.Gateway
			if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
				from = a.Addr()
			}
			target, err := r.o.Network.Dialer(from)(context.Background(), "tcp", to)
			if err != nil {
				return
			}
			defer target.Close()
			podnet.Join(c, target)
		}()
	}
}

// closeHostPorts is called once the sandbox is not ready any more.
func (s *sandbox) closeHostPorts() {
	for _, f := range s.closers {
		f()
	}
}
