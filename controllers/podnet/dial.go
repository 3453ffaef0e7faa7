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
