package podnet

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
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
	n.hosts[s.Node] = struct{}{}
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

// DialContext connects to host:port as a program outside the cluster would that had a route to it: a Pod, a node, a
// Service or a name of the cluster's DNS. What is none of these is dialled on the host's own network.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.dial(ctx, Gateway, network, address)
}

// Dialer dials from the given address of the network, as a process in that Pod or on that node.
func (n *Network) Dialer(from netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return n.dial(ctx, from, network, address)
	}
}

func (n *Network) dial(ctx context.Context, from netip.Addr, network, address string) (net.Conn, error) {
	targets, ours, err := n.resolve(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if !ours {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	for _, to := range targets {
		var c net.Conn
		if c, err = n.dialAddress(ctx, from, network, to); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func (n *Network) dialAddress(ctx context.Context, from netip.Addr, network string, to netip.AddrPort) (net.Conn, error) {
	if !n.holds(to) { // an ExternalName may lead anywhere
		return (&net.Dialer{}).DialContext(ctx, network, to.String())
	}
	if strings.HasPrefix(network, "udp") {
		return n.dialPacket(from, to)
	}
	if b := n.service(TCP, to); b != nil {
		return n.connectService(ctx, b, from, to)
	}
	return n.connect(ctx, from, to)
}

// resolve says which addresses of this network a host:port means; ours is false where it is none of this network's business.
func (n *Network) resolve(address string) (targets []netip.AddrPort, ours bool, err error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, false, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, false, nil // a port by name is looked up by the host
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		to := netip.AddrPortFrom(ip, uint16(port))
		return []netip.AddrPort{to}, n.holds(to), nil
	}
	n.names.RLock()
	lookup := n.names.lookup
	n.names.RUnlock()
	if lookup == nil {
		return nil, false, nil
	}
	addrs, known := lookup(host)
	if !known {
		return nil, false, nil
	}
	if len(addrs) == 0 {
		return nil, true, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	for _, a := range addrs {
		targets = append(targets, netip.AddrPortFrom(a, uint16(port)))
	}
	return targets, true, nil
}

// holds says whether an address is this network's: of one of its ranges, or a Service's elsewhere (externalIPs).
func (n *Network) holds(to netip.AddrPort) bool {
	ip := to.Addr()
	if n.isOutside(ip) {
		return false
	}
	return PodRange.Contains(ip) || NodeRange.Contains(ip) || ServiceRange.Contains(ip) || n.simulates(ip) || n.service(TCP, to) != nil || n.service(UDP, to) != nil
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

// connect joins a caller with the listener on to.
func (n *Network) connect(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	if n.isOutside(to.Addr()) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
	}
	n.mu.Lock()
	l, _ := n.listeners[to]
	_, up := n.hosts[to.Addr()]
	source := netip.AddrPortFrom(from, n.port())
	n.mu.Unlock()
	local, remote := net.TCPAddrFromAddrPort(source), net.TCPAddrFromAddrPort(to)
	fail := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: remote, Err: err}
	}
	if !n.allowed(TCP, from, to) {
		return nil, fail(drop(ctx))
	}
	if l == nil {
		if !up {
			return nil, fail(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
		}
		return nil, fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	near, far := newConnPair(local, remote, nil)
	if err := l.queue(ctx, far); err != nil {
		return nil, fail(err)
	}
	return near, nil
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

// IsUp says whether somebody holds an address.
func (n *Network) IsUp(addr netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, up := n.hosts[addr]
	return up
}
