// Package flaky gives tests a way to an API server that they can cut.
package flaky

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/podarium/podarium/cluster"
)

// Gateway forwards TCP to a server that a test can take away and bring back elsewhere.
type Gateway struct {
	t        testing.TB
	listener net.Listener
	target   atomic.Pointer[string] // nil refuses
	mu       sync.Mutex
	conns    []net.Conn
}

// New opens a gateway that leads nowhere yet.
func New(t testing.TB) *Gateway {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{t: t, listener: l}
	t.Cleanup(func() {
		_ = l.Close()
		g.Cut()
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go g.forward(in)
		}
	}()
	return g
}

func (g *Gateway) forward(in net.Conn) {
	defer in.Close()
	to := g.target.Load()
	if to == nil {
		return
	}
	out, err := net.Dial("tcp", *to)
	if err != nil {
		return
	}
	defer out.Close()
	g.mu.Lock()
	g.conns = append(g.conns, in, out)
	g.mu.Unlock()
	go func() {
		_, _ = io.Copy(out, in) // ends with either side
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
}

// Cut ends all connections and refuses new ones until the target is set.
func (g *Gateway) Cut() {
	g.target.Store(nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

// Lead opens the gateway to the API server of c.
func (g *Gateway) Lead(c *cluster.Cluster) {
	g.t.Helper()
	u, err := url.Parse(c.Config().Host)
	if err != nil {
		g.t.Fatal(err)
	}
	g.target.Store(&u.Host)
}

// Cluster is c as one sees it through the gateway.
func (g *Gateway) Cluster(c *cluster.Cluster) *cluster.Cluster {
	g.t.Helper()
	config := c.Config()
	config.Host = "https://" + g.listener.Addr().String()
	through, err := cluster.New(cluster.Options{Name: "behind a gateway", Config: config})
	if err != nil {
		g.t.Fatal(err)
	}
	return through
}
