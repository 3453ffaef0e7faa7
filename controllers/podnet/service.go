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
	// Near has, by a node's address, what its Pods and itself get instead of Endpoints: endpoints of their own node
	// (internalTrafficPolicy) or zone (trafficDistribution). A node that is not there gets Endpoints.
	Near map[netip.Addr][]netip.AddrPort
	// Outside has, by one of Addresses, what clients outside of the cluster get there instead of Endpoints: a node port
	// with externalTrafficPolicy Local leads to endpoints of that node only.
	Outside map[netip.AddrPort][]netip.AddrPort
	// Affinity keeps a client's connections at one endpoint for that long after the last one; 0 spreads all of them.
	Affinity time.Duration
}

// EndpointCount is how often an endpoint of a Service was chosen.
type EndpointCount struct {
	Endpoint netip.AddrPort
	// Total counts connections, or for UDP clients; Open are those that have not ended.
	Total, Open int64
	// Sessions is how many clients stay with it (Affinity).
	Sessions int
	// Next says that the next connection is its, of a client that any endpoint may serve.
	Next bool
}

// balancer is a Service that is up. Its list of endpoints changes, its counters stay.
type balancer struct {
	mu        sync.Mutex
	service   Service
	next      map[string]int // by list of endpoints
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
			b = &balancer{counts: map[netip.AddrPort]*counter{}, clients: map[netip.Addr]affinity{}, next: map[string]int{}}
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
		sessions := b.sessions()
		var next netip.AddrPort
		if es := b.service.Endpoints; len(es) > 1 { // a turn there is among several only
			next = es[b.next[""]%len(es)]
		}
		for e, c := range b.counts {
			cs = append(cs, EndpointCount{Endpoint: e, Total: c.total.Load(), Open: c.open.Load(), Sessions: sessions[e], Next: e == next})
		}
		slices.SortFunc(cs, func(x, y EndpointCount) int { return x.Endpoint.Compare(y.Endpoint) })
		out[b.service.Name] = cs
		b.mu.Unlock()
	}
	return out
}

// sessions counts the clients that stay with an endpoint; it needs b.mu.
func (b *balancer) sessions() map[netip.AddrPort]int {
	out := map[netip.AddrPort]int{}
	now := time.Now()
	for _, a := range b.clients {
		if now.Sub(a.last) < b.service.Affinity {
			out[a.endpoint]++
		}
	}
	return out
}

func (n *Network) caller(from netip.Addr, at netip.AddrPort) caller {
	return caller{from: from, node: n.NodeOf(from), at: at}
}

func (n *Network) service(p Protocol, at netip.AddrPort) *balancer {
	n.services.RLock()
	defer n.services.RUnlock()
	return n.services.byAddress[serviceKey{p, at}]
}

func (b *balancer) set(s Service) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[netip.AddrPort]bool{}
	lists := map[string]bool{}
	add := func(list string, es []netip.AddrPort) {
		slices.SortFunc(es, netip.AddrPort.Compare)
		lists[list] = true
		for _, e := range es {
			all[e] = true
			if b.counts[e] == nil {
				b.counts[e] = &counter{}
			}
		}
	}
	add("", s.Endpoints)
	for node, es := range s.Near {
		add(node.String(), es)
	}
	for at, es := range s.Outside {
		add(at.String(), es)
	}
	b.service = s
	for e := range b.counts {
		if !all[e] {
			delete(b.counts, e) // an open connection keeps its own pointer
		}
	}
	for list := range b.next {
		if !lists[list] {
			delete(b.next, list)
		}
	}
	if s.Affinity == 0 {
		clear(b.clients)
	}
}

// caller is who connects to a Service, and where.
type caller struct {
	from netip.Addr
	node netip.Addr // the one that from is on; zero for what is outside of the cluster
	at   netip.AddrPort
}

// endpoints are those for a caller, and the name of their list; it needs b.mu.
func (b *balancer) endpoints(c caller) (string, []netip.AddrPort) {
	if !c.node.IsValid() {
		if es, ok := b.service.Outside[c.at]; ok {
			return c.at.String(), es
		}
	} else if es, ok := b.service.Near[c.node]; ok {
		return c.node.String(), es
	}
	return "", b.service.Endpoints
}

// choose gives the endpoints in the order in which to try them, the one whose turn it is first.
func (b *balancer) choose(c caller) []netip.AddrPort {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, es := b.endpoints(c)
	if len(es) == 0 {
		return nil
	}
	now := time.Now()
	if b.service.Affinity > 0 {
		if a, ok := b.clients[c.from]; ok && now.Sub(a.last) < b.service.Affinity && slices.Contains(es, a.endpoint) {
			b.clients[c.from] = affinity{a.endpoint, now}
			return []netip.AddrPort{a.endpoint}
		}
	}
	i := b.next[list] % len(es)
	b.next[list] = i + 1
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
	for _, e := range b.choose(n.caller(from, vip)) {
		var c net.Conn
		if c, err = n.connect(ctx, from, e); err == nil {
			count := b.took(from, e)
			return &countedConn{Conn: c, at: net.TCPAddrFromAddrPort(vip), done: sync.OnceFunc(func() { count.open.Add(-1) })}, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// countedConn is counted as open until it is closed. Who has made it sees the Service at the other end.
type countedConn struct {
	net.Conn
	at   net.Addr
	done func()
}

func (c *countedConn) RemoteAddr() net.Addr { return c.at }

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
