package services

import (
	"net"
	"net/netip"
	"slices"
)

// admits says whether an address may connect to what lets in these ranges; none means everybody.
func admits(ranges []netip.Prefix, from netip.Addr) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) })
}

// admitted is admits for the other end of a connection.
func admitted(ranges []netip.Prefix, from net.Addr) bool {
	a, err := netip.ParseAddrPort(from.String())
	return err == nil && admits(ranges, a.Addr())
}

// admitConns is a listener that accepts those only who are in its ranges. The others see a reset.
type admitConns struct {
	net.Listener
	ranges []netip.Prefix
}

func (l admitConns) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || admitted(l.ranges, c.RemoteAddr()) {
			return c, err
		}
		reset(c)
		_ = c.Close()
	}
}

// admitPackets loses the datagrams of those who are not in its ranges.
type admitPackets struct {
	net.PacketConn
	ranges []netip.Prefix
}

func (c admitPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil || admitted(c.ranges, from) {
			return n, from, err
		}
	}
}

// reset makes a connection end with a reset instead of an end of file: who has connected was not served.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}
