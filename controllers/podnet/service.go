package podnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Protocol is tcp or udp.
type Protocol string

// The protocols that the network carries.
const (
	TCP Protocol = "tcp"
	UDP Protocol = "udp"
)

// Service is one port of a Service: connections to any of its addresses go to one of its endpoints, in turn.
type Service struct {
	// Name is namespace/name:port.
	Name     string
	Protocol Protocol
	// Addresses are where it is reached: cluster IPs, external IPs, load balancers, node ports.
	Addresses []netip.AddrPort
	// Endpoints are those that get new connections.
	Endpoints []netip.AddrPort
	// Affinity keeps a client's connections at one endpoint for that long after the last one; 0 spreads all of them.
	Affinity time.Duration
}

// EndpointCount is how often an endpoint of a Service was chosen.
type EndpointCount struct {
	Endpoint netip.AddrPort
	// Total counts connections, or for UDP clients; Open are those that have not ended.
	Total, Open int64
}

// balancer is a Service that is up. Its list of endpoints changes, its counters stay.
type balancer struct {
	mu        sync.Mutex
	service   Service
	next      int
	counts    map[netip.AddrPort]*counter
	clients   map[netip.Addr]affinity
	lastSweep time.Time
}

type counter struct{ total, open atomic.Int64 }

type affinity struct {
	endpoint netip.AddrPort
	last     time.Time
}

type serviceKey struct {
	protocol Protocol
	at       netip.AddrPort
}

// errNoEndpoints is how a Service without endpoints refuses.
var errNoEndpoints = errors.New("the Service has no ready endpoint")

// SetServices replaces all Services. Those that stay keep their counters, and connections that are open stay open.
func (n *Network) SetServices(services []Service) {
	n.services.Lock()
	defer n.services.Unlock()
	old := n.services.byName
	n.services.byName = make(map[string]*balancer, len(services))
	n.services.byAddress = make(map[serviceKey]*balancer, len(services))
	for _, s := range services {
		key := s.Name + "/" + string(s.Protocol)
		b := old[key]
		if b == nil {
			b = &balancer{counts: map[netip.AddrPort]*counter{}, clients: map[netip.Addr]affinity{}}
		}
		b.set(s)
		n.services.byName[key] = b
		for _, at := range s.Addresses {
			n.services.byAddress[serviceKey{s.Protocol, at}] = b
		}
	}
}

// Counts tells how connections were spread over the endpoints of each Service, by namespace/name:port.
func (n *Network) Counts() map[string][]EndpointCount {
	n.services.RLock()
	defer n.services.RUnlock()
	out := make(map[string][]EndpointCount, len(n.services.byName))
	for _, b := range n.services.byName {
		b.mu.Lock()
		cs := out[b.service.Name]
		for _, e := range b.service.Endpoints {
			c := b.counts[e]
			cs = append(cs, EndpointCount{Endpoint: e, Total: c.total.Load(), Open: c.open.Load()})
		}
		out[b.service.Name] = cs
		b.mu.Unlock()
	}
	return out
}

func (n *Network) service(p Protocol, at netip.AddrPort) *balancer {
	n.services.RLock()
	defer n.services.RUnlock()
	return n.services.byAddress[serviceKey{p, at}]
}

func (b *balancer) set(s Service) {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortFunc(s.Endpoints, netip.AddrPort.Compare)
	b.service = s
	for _, e := range s.Endpoints {
		if b.counts[e] == nil {
			b.counts[e] = &counter{}
		}
	}
	for e := range b.counts {
		if !slices.Contains(s.Endpoints, e) {
			delete(b.counts, e) // an open connection keeps its own pointer
		}
	}
}

// choose gives the endpoints in the order in which to try them, the one whose turn it is first.
func (b *balancer) choose(client netip.Addr) []netip.AddrPort {
	b.mu.Lock()
	defer b.mu.Unlock()
	es := b.service.Endpoints
	if len(es) == 0 {
		return nil
	}
	now := time.Now()
	if b.service.Affinity > 0 {
		if a, ok := b.clients[client]; ok && now.Sub(a.last) < b.service.Affinity && slices.Contains(es, a.endpoint) {
			b.clients[client] = affinity{a.endpoint, now}
			return []netip.AddrPort{a.endpoint}
		}
	}
	i := b.next % len(es)
	b.next = i + 1
	return append(slices.Clone(es[i:]), es[:i]...)
}

// took records where a connection went.
func (b *balancer) took(client netip.Addr, e netip.AddrPort) *counter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ttl := b.service.Affinity; ttl > 0 {
		now := time.Now()
		b.clients[client] = affinity{e, now}
		if now.Sub(b.lastSweep) > ttl {
			b.lastSweep = now
			for c, a := range b.clients {
				if now.Sub(a.last) > ttl {
					delete(b.clients, c)
				}
			}
		}
	}
	c := b.counts[e]
	if c == nil {
		c = &counter{}
	}
	c.total.Add(1)
	c.open.Add(1)
	return c
}

// connectService connects to an endpoint of a Service. One that has gone since is passed over for the next.
func (n *Network) connectService(ctx context.Context, b *balancer, from netip.Addr, vip netip.AddrPort) (net.Conn, error) {
	refused := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(vip), Err: err}
	}
	err := refused(errors.Join(errNoEndpoints, os.NewSyscallError("connect", syscall.ECONNREFUSED)))
	for _, e := range b.choose(from) {
		var c net.Conn
		if c, err = n.connect(ctx, from, e); err == nil {
			count := b.took(from, e)
			return &countedConn{Conn: c, done: sync.OnceFunc(func() { count.open.Add(-1) })}, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// countedConn is counted as open until it is closed.
type countedConn struct {
	net.Conn
	done func()
}

func (c *countedConn) Close() error {
	c.done()
	return c.Conn.Close()
}

// CloseWrite ends the stream to the other side.
func (c *countedConn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}
