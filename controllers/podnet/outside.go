package podnet

import "net/netip"

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
