package podnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
)

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
	targets, known, err := n.resolve(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if !known {
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
	if strings.HasPrefix(network, "udp") {
		return n.dialPacket(from, to)
	}
	if b := n.service(TCP, to); b != nil {
		return n.connectService(ctx, b, from, to)
	}
	return n.connect(ctx, from, to)
}

// resolve says which addresses a host:port means; known is false where the host's own network has to say.
func (n *Network) resolve(address string) (targets []netip.AddrPort, known bool, err error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, false, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, false, nil // a port by name is looked up by the host
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), uint16(port))}, true, nil
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

// beyond says whether an address is reached by the host's own network: it is in none of the ranges of this one and nobody's
// here, or that of a container which does not run in this process.
func (n *Network) beyond(ip netip.Addr) bool {
	if PodRange.Contains(ip) || NodeRange.Contains(ip) || ServiceRange.Contains(ip) || n.simulates(ip) {
		return n.isOutside(ip)
	}
	return !n.IsUp(ip) || n.isOutside(ip)
}

// connect joins a caller with the listener on to.
func (n *Network) connect(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[to]
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
	if n.beyond(to.Addr()) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
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
