package podnet

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// socketQueue is how many datagrams wait in a socket before further ones are lost, as they are with a full buffer.
const socketQueue = 256

// flowIdle is how long a client of a UDP Service stays with its endpoint after its last datagram, as conntrack does.
const flowIdle = 30 * time.Second

type datagram struct {
	data []byte
	from netip.AddrPort
}

// socket is a UDP socket on the network: a net.PacketConn, and with a peer a net.Conn.
type socket struct {
	network *Network
	at      netip.AddrPort
	peer    netip.AddrPort // zero where the socket is not connected
	in      chan datagram
	done    chan struct{}
	once    sync.Once

	mu       sync.Mutex
	drained  bool
	drain    chan struct{} // closed when drained
	deadline time.Time
	wake     chan struct{} // closed and replaced when the deadline changes
	flows    map[netip.AddrPort]*flow
	origins  map[netip.AddrPort]netip.AddrPort // by endpoint: the Service that it answered for
	heard    map[netip.AddrPort]time.Time      // who has sent, and when last
	relays   map[netip.AddrPort]net.Conn       // to the host's own network
}

// flow is one client of a Service: where its datagrams go, and under which address the answers come back.
type flow struct {
	endpoint netip.AddrPort
	last     time.Time
	count    *counter
}

// ListenPacket receives datagrams on an address that a node or a Pod holds. Port 0 takes a free one.
func (n *Network) ListenPacket(at netip.AddrPort) (net.PacketConn, error) {
	s, err := n.socket(at)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (n *Network) socket(at netip.AddrPort) (*socket, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fail := func(e syscall.Errno) error {
		return &net.OpError{Op: "listen", Net: "udp", Addr: net.UDPAddrFromAddrPort(at), Err: os.NewSyscallError("bind", e)}
	}
	if _, up := n.hosts[at.Addr()]; !up {
		return nil, fail(syscall.EADDRNOTAVAIL)
	}
	if at.Port() == 0 {
		for at = netip.AddrPortFrom(at.Addr(), n.port()); n.sockets[at] != nil; {
			at = netip.AddrPortFrom(at.Addr(), n.port())
		}
	}
	if n.sockets[at] != nil {
		return nil, fail(syscall.EADDRINUSE)
	}
	s := &socket{network: n, at: at, in: make(chan datagram, socketQueue), done: make(chan struct{}), drain: make(chan struct{}), wake: make(chan struct{})}
	n.sockets[at] = s
	return s, nil
}

// dialPacket makes a socket that talks to one address, which may be a Service's.
func (n *Network) dialPacket(from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	s, err := n.socket(netip.AddrPortFrom(from, 0))
	if err != nil {
		return nil, err
	}
	s.peer = to
	return s, nil
}

// send delivers a datagram, or loses it where nobody receives.
func (s *socket) send(b []byte, to netip.AddrPort) error {
	select {
	case <-s.done:
		return net.ErrClosed
	default:
	}
	for {
		target := to
		lb := s.network.service(UDP, to)
		if lb != nil {
			e, ok := s.follow(lb, to)
			if !ok {
				return os.NewSyscallError("write", syscall.ECONNREFUSED)
			}
			target = e
		}
		s.network.mu.Lock()
		r := s.network.sockets[target]
		s.network.mu.Unlock()
		if !s.answering(target) && !s.network.allowed(UDP, s.at.Addr(), target) {
			return nil // dropped on the way
		}
		if r == nil && s.network.beyond(target.Addr()) {
			c, err := s.relay(target)
			if err == nil {
				_, err = c.Write(b)
			}
			return err
		}
		switch {
		case r != nil && r.push(datagram{data: append([]byte(nil), b...), from: s.at}):
			return nil
		case lb != nil: // the endpoint has gone just now: another one's turn
			continue
		case s.peer.IsValid():
			return os.NewSyscallError("write", syscall.ECONNREFUSED) // as the answer by ICMP says
		}
		return nil
	}
}

// push queues a datagram, or loses it where the queue is full; false says that the socket takes none any more.
func (s *socket) push(d datagram) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drained {
		return false
	}
	select {
	case s.in <- d:
	default:
	}
	return true
}

// answering says whether a datagram answers one that has come: answers are let through with what they answer.
func (s *socket) answering(to netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.heard[to]
	return ok && time.Since(at) < flowIdle
}

// hear notes who has sent, and forgets those of long ago.
func (s *socket) hear(from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		s.heard = map[netip.AddrPort]time.Time{}
	}
	now := time.Now()
	if len(s.heard) > 1000 {
		for k, at := range s.heard {
			if now.Sub(at) > flowIdle {
				delete(s.heard, k)
			}
		}
	}
	s.heard[from] = now
}

// follow keeps a client's datagrams to a Service at one endpoint while they come.
func (s *socket) follow(lb *balancer, vip netip.AddrPort) (netip.AddrPort, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if f := s.flows[vip]; f != nil {
		if now.Sub(f.last) < flowIdle && lb.has(f.endpoint) && s.network.receives(f.endpoint) {
			f.last = now
			return f.endpoint, true
		}
		f.count.open.Add(-1)
		delete(s.flows, vip)
	}
	for _, e := range lb.choose(s.network.caller(s.at.Addr(), vip)) {
		if s.network.receives(e) {
			if s.flows == nil {
				s.flows, s.origins = map[netip.AddrPort]*flow{}, map[netip.AddrPort]netip.AddrPort{}
			}
			s.origins[e] = vip
			s.flows[vip] = &flow{endpoint: e, last: now, count: lb.took(s.at.Addr(), e)}
			return e, true
		}
	}
	return netip.AddrPort{}, false
}

// receives says whether somebody takes datagrams on an address, as far as this network knows.
func (n *Network) receives(at netip.AddrPort) bool {
	if n.beyond(at.Addr()) {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sockets[at] != nil
}

func (b *balancer) has(e netip.AddrPort) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts[e] != nil
}

// origin is the address under which the socket's owner knows a sender: answers of a Service come from the Service.
func (s *socket) origin(from netip.AddrPort) netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	if vip, ok := s.origins[from]; ok { // it may be an endpoint that the flow has left since
		return vip
	}
	return from
}

func (s *socket) receive() (datagram, error) {
	for {
		s.mu.Lock()
		deadline, wake := s.deadline, s.wake
		s.mu.Unlock()
		var expired <-chan time.Time
		if !deadline.IsZero() {
			left := time.Until(deadline)
			if left <= 0 {
				return datagram{}, os.ErrDeadlineExceeded
			}
			t := time.NewTimer(left)
			defer t.Stop()
			expired = t.C
		}
		var d datagram
		select {
		case d = <-s.in:
		case <-s.done:
			return datagram{}, net.ErrClosed
		case <-s.drain:
			select {
			case d = <-s.in:
			default:
				return datagram{}, net.ErrClosed
			}
		case <-expired:
			return datagram{}, os.ErrDeadlineExceeded
		case <-wake:
			continue
		}
		s.hear(d.from)
		d.from = s.origin(d.from)
		if s.peer.IsValid() && d.from != s.peer {
			continue // a connected socket hears its peer only
		}
		return d, nil
	}
}

func (s *socket) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: "udp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	d, err := s.receive()
	if err != nil {
		return 0, nil, s.fail("read", err)
	}
	return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
}

func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, s.fail("write", errors.New("not a UDP address"))
	}
	a := u.AddrPort()
	if err := s.send(b, netip.AddrPortFrom(a.Addr().Unmap(), a.Port())); err != nil {
		return 0, s.fail("write", err)
	}
	return len(b), nil
}

func (s *socket) Read(b []byte) (int, error) {
	n, _, err := s.ReadFrom(b)
	return n, err
}

func (s *socket) Write(b []byte) (int, error) {
	if err := s.send(b, s.peer); err != nil {
		return 0, s.fail("write", err)
	}
	return len(b), nil
}

func (s *socket) Drain() {
	s.network.mu.Lock()
	if s.network.sockets[s.at] == s {
		delete(s.network.sockets, s.at)
	}
	s.network.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.drained {
		s.drained = true
		close(s.drain)
	}
}

func (s *socket) Close() error {
	s.once.Do(func() {
		s.Drain()
		s.mu.Lock()
		for _, f := range s.flows {
			f.count.open.Add(-1)
		}
		s.flows, s.origins = nil, nil
		for _, c := range s.relays {
			_ = c.Close()
		}
		s.mu.Unlock()
		close(s.done)
	})
	return nil
}

func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.at) }

func (s *socket) RemoteAddr() net.Addr {
	if !s.peer.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(s.peer)
}

func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	close(s.wake)
	s.wake = make(chan struct{})
	return nil
}

// SetWriteDeadline does nothing: a datagram is delivered or lost at once.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

func (s *socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }
