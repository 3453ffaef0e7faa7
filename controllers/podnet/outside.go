package podnet

import (
	"net"
	"net/netip"
)

// Simulate makes the addresses of simulated nodes and their Pods part of the network. They are not otherwise: somebody's
// own network may have them.
func (n *Network) Simulate() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[SimulatedNode] = struct{}{}
}

// simulates says whether an address is that of a Pod on a simulated node.
func (n *Network) simulates(ip netip.Addr) bool {
	return SimulatedRange.Contains(ip) && n.IsUp(SimulatedNode)
}

// Adopt makes an address part of the network that the host's own network reaches: that of a container which does not run in
// this process. Release ends it.
func (n *Network) Adopt(addr netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[addr], n.outside[addr] = struct{}{}, struct{}{}
}

func (n *Network) isOutside(addr netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, outside := n.outside[addr]
	return outside
}

// relay gives the connection by which a socket's datagrams reach an address of the host's own network; the answers come to
// the socket. It ends with the socket, or half a minute after the last answer.
func (s *socket) relay(to netip.AddrPort) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.relays[to]; c != nil {
		return c, nil
	}
	if s.drained {
		return nil, net.ErrClosed
	}
	c, err := net.Dial("udp", to.String())
	if err != nil {
		return nil, err
	}
	if s.relays == nil {
		s.relays = map[netip.AddrPort]net.Conn{}
	}
	s.relays[to] = c
	go func() {
		copyPackets(c, func(b []byte) error {
			s.push(datagram{data: append([]byte(nil), b...), from: to})
			return nil
		})
		_ = c.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.relays[to] == c {
			delete(s.relays, to)
		}
	}()
	return c, nil
}
