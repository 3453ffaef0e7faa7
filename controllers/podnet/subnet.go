package podnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Subnet is a node's part of the network.
type Subnet struct {
	network *Network
	// Node is the node's own address.
	Node netip.Addr
	// Pods is the range of its Pods; guarded by network.mu.
	Pods netip.Prefix

	next uint32 // guarded by network.mu; addresses are reused as late as possible
}

// Subnet gives the node of that name its part of the network, the same one each time. A name that ends in a number
// gets that number's part where it is free, so that addresses do not depend on which node starts first.
func (n *Network) Subnet(node string) (*Subnet, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.nodes[node]; s != nil {
		return s, nil
	}
	i := trailingNumber(node)
	for limit := 0; n.indexes[i] != "" || i > 250; limit++ {
		if limit > 250 {
			return nil, fmt.Errorf("pod network: no address range left for node %q: %s holds 250 nodes", node, PodRange)
		}
		i = (i + 1) % 250
	}
	pod, host := PodRange.Addr().As4(), NodeRange.Addr().As4()
	pod[2], host[3] = byte(i), byte(i+2)
	s := &Subnet{network: n, Node: netip.AddrFrom4(host), Pods: netip.PrefixFrom(netip.AddrFrom4(pod), 24)}
	n.nodes[node], n.indexes[i] = s, node
	n.hosts[s.Node], n.hosts[Loopback(s.Node)] = struct{}{}, struct{}{}
	return s, nil
}

// Use makes the node take the addresses of its Pods from another range, from now on.
func (s *Subnet) Use(pods netip.Prefix) error {
	if !pods.IsValid() || !pods.Addr().Is4() || pods.Bits() < PodRange.Bits() || pods.Bits() > 30 || !PodRange.Contains(pods.Addr()) {
		return fmt.Errorf("pod network: %s is no part of %s", pods, PodRange)
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	if pods = pods.Masked(); pods != s.Pods {
		s.Pods, s.next = pods, 0
	}
	return nil
}

// Forget gives a node's part of the network back. Its Pods keep their addresses until they release them.
func (n *Network) Forget(node string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.nodes[node]
	if s == nil {
		return
	}
	delete(n.nodes, node)
	delete(n.hosts, s.Node)
	delete(n.hosts, Loopback(s.Node))
	for i, name := range n.indexes {
		if name == node {
			delete(n.indexes, i)
		}
	}
}

func trailingNumber(name string) int {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	i, err := strconv.Atoi(digits)
	if err != nil || i > 250 {
		return 0
	}
	return i
}

// Allocate takes a free Pod address of the node.
func (s *Subnet) Allocate() (netip.Addr, error) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	first, size := s.Pods.Addr().As4(), uint32(1)<<(32-s.Pods.Bits())
	usable := size - 3 // the range's own address, a bridge's and the broadcast address stay free
	for range usable {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], binary.BigEndian.Uint32(first[:])+2+s.next%usable)
		s.next++
		addr := netip.AddrFrom4(a)
		if _, taken := s.network.hosts[addr]; !taken {
			s.network.hosts[addr] = struct{}{}
			return addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("pod network: no free address in %s", s.Pods)
}
