package podnet

import (
	"context"
	"encoding/binary"
	"fmt"
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
	// gateway is where connections come from that start outside the cluster.
	gateway = netip.MustParseAddr("172.18.0.1")
)

// Network is one virtual network.
type Network struct {
	mu        sync.Mutex
	listeners map[netip.AddrPort]*listener
	hosts     map[netip.Addr]struct{} // every address that is up
	nodes     map[string]*Subnet
	indexes   map[int]string
	nextPort  uint16
}

// New makes an empty Network.
func New() *Network {
	return &Network{
		listeners: map[netip.AddrPort]*listener{},
		hosts:     map[netip.Addr]struct{}{gateway: {}},
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
	var open []*listener
	for at, l := range n.listeners {
		if at.Addr() == addr {
			open = append(open, l)
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
	l := &listener{network: n, at: at, accept: make(chan *conn, 128), done: make(chan struct{})}
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

// DialContext connects to an address, host:port, as a program outside the cluster would that had a route to it.
// Addresses that are not part of the virtual network are dialled on the host's own network.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.dial(ctx, gateway, network, address)
}

// Dialer dials from the given address of the network, as a process in that Pod or on that node.
func (n *Network) Dialer(from netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return n.dial(ctx, from, network, address)
	}
}

func (n *Network) dial(ctx context.Context, from netip.Addr, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !(PodRange.Contains(to.Addr()) || NodeRange.Contains(to.Addr())) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return n.connect(ctx, from, to)
}

// connect joins a caller with the listener on to.
func (n *Network) connect(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	l, _ := n.listeners[to]
	_, up := n.hosts[to.Addr()]
	source := netip.AddrPortFrom(from, n.port())
	n.mu.Unlock()
	local, remote := net.TCPAddrFromAddrPort(source), net.TCPAddrFromAddrPort(to)
	fail := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: remote, Err: err}
	}
	if l == nil {
		if !up {
			return nil, fail(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
		}
		return nil, fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	near, far := newConnPair(local, remote, nil)
	select {
	case <-l.done:
		return nil, fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case <-ctx.Done():
		return nil, fail(ctx.Err())
	case l.accept <- far:
		select {
		case <-l.done: // it may have been closed since, and nobody takes what is queued
			_ = far.Close()
		default:
		}
		return near, nil
	}
}

// listener is a net.Listener on an address of the network.
type listener struct {
	network *Network
	at      netip.AddrPort
	accept  chan *conn
	done    chan struct{}
	once    sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
	default:
		select {
		case c := <-l.accept:
			return c, nil
		case <-l.done:
		}
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		if l.network.listeners[l.at] == l {
			delete(l.network.listeners, l.at)
		}
		l.network.mu.Unlock()
		close(l.done)
		for { // those who had connected but were not served see the connection end
			select {
			case c := <-l.accept:
				_ = c.Close()
			default:
				return
			}
		}
	})
	return nil
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
