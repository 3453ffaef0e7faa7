package containers

import (
	"context"
	"net"
	"net/netip"

	"github.com/podarium/podarium/controllers/podnet"
)

// Dial connects over n as a program in the Pod does: localhost is the Pod, and names are those that Lookup finds.
func (s *Spec) Dial(ctx context.Context, n *podnet.Network, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{ip}
	} else if host == "localhost" {
		addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	} else if addrs, _, err = s.Lookup(ctx, n, host); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	dial := n.Dialer(s.IP)
	for _, a := range addrs {
		if a.IsLoopback() {
			a = s.loopback(n, network, port)
		}
		var c net.Conn
		if c, err = dial(ctx, network, net.JoinHostPort(a.String(), port)); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// loopback is the address at which the Pod serves a port of localhost: its own, or the node's loopback where a host port is
// open there only.
func (s *Spec) loopback(n *podnet.Network, network, port string) netip.Addr {
	if lo := podnet.Loopback(s.IP); s.HostNetwork && n.Serves(network, net.JoinHostPort(lo.String(), port)) {
		return lo
	}
	return s.IP
}
