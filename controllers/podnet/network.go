package podnet

import (
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
)

// The ranges of a Network. They are virtual: nothing on the host routes to them, and nothing there is hidden by them
// but for programs inside the cluster.
var (
	// PodRange holds the addresses of Pods; each node has a /24 of it.
	PodRange = netip.MustParsePrefix("10.244.0.0/16")
	// NodeRange holds the addresses of nodes.
	NodeRange = netip.MustParsePrefix("172.18.0.0/16")
	// ServiceRange holds the cluster IPs of Services.
	ServiceRange = netip.MustParsePrefix("10.96.0.0/16")
	// SimulatedRange holds the addresses of Pods on simulated nodes (controllers/simulated), at which nothing answers, and
	// SimulatedNode is the one of all these nodes. They are part of a network that is told to Simulate.
	SimulatedRange = netip.MustParsePrefix("10.224.0.0/12")
	SimulatedNode  = netip.MustParseAddr("172.18.255.254")
	// ClusterRange holds both, and is what the control plane knows as the range of Pods.
	ClusterRange = netip.MustParsePrefix("10.224.0.0/11")
	// Gateway is where connections come from that start outside the cluster, and where the host serves the cluster: its API
	// server and its DNS.
	Gateway = netip.MustParseAddr("172.18.0.1")
)

// Network is one virtual network.
type Network struct {
	mu        sync.Mutex
	listeners map[netip.AddrPort]*listener
	sockets   map[netip.AddrPort]*socket
	hosts     map[netip.Addr]struct{} // every address that is up
	outside   map[netip.Addr]struct{} // those of them that the host's own network reaches
	nodes     map[string]*Subnet
	indexes   map[int]string
	nextPort  uint16

	services struct {
		sync.RWMutex
		byName    map[string]*balancer
		byAddress map[serviceKey]*balancer
	}
	names struct {
		sync.RWMutex
		lookup Resolver
	}
	policy struct {
		sync.RWMutex
		allow Policy
	}
}

// Resolver gives the addresses of a name. known says that the name is the cluster's to answer, even where it has none.
type Resolver func(name string) (addrs []netip.Addr, known bool)

// SetResolver makes names of the cluster known to all dialers.
func (n *Network) SetResolver(r Resolver) {
	n.names.Lock()
	defer n.names.Unlock()
	n.names.lookup = r
}

// New makes an empty Network.
func New() *Network {
	return &Network{
		listeners: map[netip.AddrPort]*listener{},
		sockets:   map[netip.AddrPort]*socket{},
		hosts:     map[netip.Addr]struct{}{Gateway: {}},
		outside:   map[netip.Addr]struct{}{},
		nodes:     map[string]*Subnet{},
		indexes:   map[int]string{},
		nextPort:  32768,
	}
}

// Release gives an address back; what still listens on it is closed.
func (n *Network) Release(addr netip.Addr) {
	n.mu.Lock()
	delete(n.hosts, addr)
	delete(n.outside, addr)
	var open []io.Closer
	for at, l := range n.listeners {
		if at.Addr() == addr {
			open = append(open, l)
		}
	}
	for at, s := range n.sockets {
		if at.Addr() == addr {
			open = append(open, s)
		}
	}
	n.mu.Unlock()
	for _, l := range open {
		_ = l.Close()
	}
}

// Listen accepts TCP connections on an address that a node or a Pod holds. Port 0 takes a free one.
func (n *Network) Listen(at netip.AddrPort) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, up := n.hosts[at.Addr()]; !up {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)}
	}
	if at.Port() == 0 {
		at = netip.AddrPortFrom(at.Addr(), n.port())
	}
	if n.listeners[at] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	}
	l := &listener{network: n, at: at, accept: make(chan *conn, 128), off: make(chan struct{}), done: make(chan struct{})}
	n.listeners[at] = l
	return l, nil
}

// port gives the next ephemeral port.
func (n *Network) port() uint16 {
	p := n.nextPort
	if n.nextPort++; n.nextPort >= 61000 {
		n.nextPort = 32768
	}
	return p
}

// NodeOf gives the address of the node that an address is on, the node's own or a Pod's; zero where it is on none.
func (n *Network) NodeOf(addr netip.Addr) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.nodes {
		if s.Node == addr || s.Pods.Contains(addr) {
			return s.Node
		}
	}
	return netip.Addr{}
}

// LookupHost gives the addresses of a name of the cluster; known says that the name is the cluster's to answer.
func (n *Network) LookupHost(name string) (addrs []netip.Addr, known bool) {
	n.names.RLock()
	lookup := n.names.lookup
	n.names.RUnlock()
	if lookup == nil {
		return nil, false
	}
	return lookup(name)
}

// Loopback is the address of what a node serves to itself only, which on the node is 127.0.0.1.
func Loopback(node netip.Addr) netip.Addr { return netip.IPv6Loopback().WithZone(node.String()) }

// Serves says whether somebody accepts connections, or for udp takes datagrams, on an address and port of this network.
func (n *Network) Serves(network, address string) bool {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.HasPrefix(network, string(UDP)) {
		return n.sockets[at] != nil
	}
	return n.listeners[at] != nil
}

// IsUp says whether somebody holds an address.
func (n *Network) IsUp(addr netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, up := n.hosts[addr]
	return up
}
