package podnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveWord serves a word on an address, so that a caller knows whom it has reached.
func serveWord(t *testing.T, n *Network, at netip.AddrPort, word string) net.Listener {
	t.Helper()
	l, err := n.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, word)
			_ = c.Close()
		}
	}()
	return l
}

func reached(n *Network, from netip.Addr, to netip.AddrPort) string {
	c, err := n.Dialer(from)(context.Background(), "tcp", to.String())
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "refused"
	}
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	b, _ := io.ReadAll(c)
	return string(b)
}

func TestPoliciesOfTraffic(t *testing.T) {
	n := New()
	one, _ := n.Subnet("node-1")
	two, _ := n.Subnet("node-2")
	three, _ := n.Subnet("node-3")
	a, _ := one.Allocate()
	b, _ := two.Allocate()
	elsewhere, err := three.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	endA, endB := netip.AddrPortFrom(a, 80), netip.AddrPortFrom(b, 80)
	serveWord(t, n, endA, "a")
	serveWord(t, n, endB, "b")
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	port1, port3 := netip.AddrPortFrom(one.Node, 30080), netip.AddrPortFrom(three.Node, 30080)
	n.SetServices([]Service{{
		Name: "s", Protocol: TCP, Addresses: []netip.AddrPort{vip, port1, port3}, Endpoints: []netip.AddrPort{endA, endB},
		Near:    map[netip.Addr][]netip.AddrPort{one.Node: {endA}, two.Node: {endB}, three.Node: {}},
		Outside: map[netip.AddrPort][]netip.AddrPort{port1: {endA}, port3: {}},
	}})
	for _, test := range []struct {
		what string
		from netip.Addr
		to   netip.AddrPort
		want string
	}{
		{"a Pod of node-1", a, vip, "a a"},
		{"node-2 itself", two.Node, vip, "b b"},
		{"a Pod of a node that has no endpoint", elsewhere, vip, "refused refused"},
		{"from outside", Gateway, vip, "a b"},
		{"from outside by a node port of node-1", Gateway, port1, "a a"},
		{"from outside by a node port of node-3", Gateway, port3, "refused refused"},
	} {
		if got := reached(n, test.from, test.to) + " " + reached(n, test.from, test.to); got != test.want {
			t.Errorf("%s: %s, want %s", test.what, got, test.want)
		}
	}
	var total int64
	for _, c := range n.Counts()["s"] {
		total += c.Total
	}
	if total != 8 {
		t.Errorf("%d connections are counted, want 8", total)
	}
}

// A listener that is drained takes nobody new, and gives out whom it has.
func TestDrainedListener(t *testing.T) {
	n, _, a := pair(t)
	at := netip.AddrPortFrom(a, 80)
	l, err := n.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := n.DialContext(t.Context(), "tcp", at.String()); err != nil {
			t.Fatal(err)
		}
	}
	l.(Drainer).Drain()
	if _, err := n.DialContext(t.Context(), "tcp", at.String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the drain: %v", err)
	}
	for range 3 {
		if _, err := l.Accept(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the last one: %v", err)
	}
	if again, err := n.Listen(at); err != nil { // its place is free
		t.Error(err)
	} else {
		_ = again.Close()
	}
}

// Of two endpoints one is drained: what it has heard is answered, and further datagrams go to the other one.
func TestDrainedSocket(t *testing.T) {
	n, s, a := pair(t)
	b, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	vip := netip.MustParseAddrPort("10.96.0.10:53")
	ends := []netip.AddrPort{netip.AddrPortFrom(a, 53), netip.AddrPortFrom(b, 53)}
	first, err := n.ListenPacket(ends[0])
	if err != nil {
		t.Fatal(err)
	}
	second, err := n.ListenPacket(ends[1])
	if err != nil {
		t.Fatal(err)
	}
	n.SetServices([]Service{{Name: "dns", Protocol: UDP, Addresses: []netip.AddrPort{vip}, Endpoints: ends}})
	c, err := n.DialContext(t.Context(), "udp", vip.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := func(p net.PacketConn, word string) {
		t.Helper()
		buf := make([]byte, 100)
		k, from, err := p.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(fmt.Appendf(nil, "%s %s", word, buf[:k]), from); err != nil {
			t.Fatal(err)
		}
	}
	heard := func() string {
		buf := make([]byte, 100)
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		k, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:k])
	}
	if _, err := c.Write([]byte("1")); err != nil {
		t.Fatal(err)
	}
	first.(Drainer).Drain()
	if _, err := c.Write([]byte("2")); err != nil {
		t.Fatal(err)
	}
	answer(second, "second")
	answer(first, "first") // it had come before the drain
	if got := heard() + ", " + heard(); got != "second 2, first 1" {
		t.Errorf("the answers are %q", got)
	}
	if _, _, err := first.ReadFrom(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the last datagram: %v", err)
	}
}

func TestAffinityEnds(t *testing.T) {
	n, s, a := pair(t)
	b, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	vip := netip.MustParseAddrPort("10.96.0.7:80")
	endA, endB := netip.AddrPortFrom(a, 80), netip.AddrPortFrom(b, 80)
	serveWord(t, n, endA, "a")
	serveWord(t, n, endB, "b")
	svc := Service{Name: "s", Protocol: TCP, Addresses: []netip.AddrPort{vip}, Endpoints: []netip.AddrPort{endA, endB}, Affinity: time.Hour}
	n.SetServices([]Service{svc})
	first := reached(n, a, vip)
	if again := reached(n, a, vip); again != first {
		t.Errorf("the client moved from %s to %s", first, again)
	}
	bal := n.service(TCP, vip)
	bal.mu.Lock()
	for k, v := range bal.clients { // as if it had been an hour ago
		v.last = v.last.Add(-time.Hour)
		bal.clients[k] = v
	}
	bal.mu.Unlock()
	if again := reached(n, a, vip); again == first {
		t.Errorf("after its time the client is still with %s", again)
	}
	svc.Endpoints = map[string][]netip.AddrPort{"a": {endB}, "b": {endA}}[reached(n, a, vip)]
	n.SetServices([]Service{svc})
	if got := reached(n, a, vip); got == "refused" {
		t.Error("a client whose endpoint has gone is refused")
	}
}

// A name may lead out of the cluster.
func TestNameThatLeadsOutside(t *testing.T) {
	n, _, a := pair(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n.SetResolver(func(name string) ([]netip.Addr, bool) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, strings.HasPrefix(name, "far.")
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c, err := n.Dialer(a)(t.Context(), "tcp", net.JoinHostPort("far.default.svc.cluster.local", port))
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// The turn goes round, and who looks sees whose it is; a client that stays is counted with its endpoint.
func TestNextAndSessions(t *testing.T) {
	n := New()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	var ends []netip.AddrPort
	for i := range 3 {
		ip, err := s.Allocate()
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, netip.AddrPortFrom(ip, 80))
		serveWord(t, n, ends[i], ip.String())
	}
	vip := netip.MustParseAddrPort("10.96.0.9:80")
	set := func(affinity time.Duration) {
		n.SetServices([]Service{{Name: "a/b", Protocol: TCP, Addresses: []netip.AddrPort{vip}, Endpoints: ends, Affinity: affinity}})
	}
	next := func() (next string, sessions int) {
		for _, c := range n.Counts()["a/b"] {
			if c.Next {
				next += c.Endpoint.Addr().String()
			}
			sessions += c.Sessions
		}
		return next, sessions
	}
	set(0)
	for range 5 {
		want, _ := next()
		if got := reached(n, Gateway, vip); got != want {
			t.Errorf("the next is %s, and %s answers", want, got)
		}
	}
	set(time.Hour)
	for range 3 {
		for _, from := range []netip.Addr{Gateway, ends[0].Addr()} {
			reached(n, from, vip)
		}
	}
	if _, sessions := next(); sessions != 2 {
		t.Errorf("%d clients stay, want 2", sessions)
	}
	ends = ends[:1]
	set(0)
	if next, _ := next(); next != "" {
		t.Errorf("with one endpoint the next is %s", next)
	}
}
