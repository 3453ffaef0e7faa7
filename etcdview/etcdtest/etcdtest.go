// Package etcdtest starts real etcd servers for tests, in the test's own process and on unix sockets.
package etcdtest

import (
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Server is one running etcd.
type Server struct {
	// Etcd is the server, stopped when the test ends.
	Etcd *embed.Etcd
	// Endpoint is its client URL: a unix socket.
	Endpoint string
	// Dir is its data directory.
	Dir string

	stop sync.Once
}

// Stop stops the server before the test ends.
func (s *Server) Stop() { s.stop.Do(s.Etcd.Close) }

// Start runs an etcd of one member until the test ends.
func Start(tb testing.TB, change ...func(*embed.Config)) *Server {
	tb.Helper()
	sockets, err := os.MkdirTemp("", "etcd") // the paths of sockets must be short, unlike those of TempDir
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(sockets) })
	c := embed.NewConfig()
	c.Dir = tb.TempDir()
	client, peer := socketURL(sockets, "c"), socketURL(sockets, "p")
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.TickMs, c.ElectionMs = 10, 100
	c.UnsafeNoFsync = true
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	for _, f := range change {
		f(c)
	}
	e, err := embed.StartEtcd(c)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Etcd: e, Endpoint: client.String(), Dir: c.Dir}
	tb.Cleanup(s.Stop)
	select {
	case <-e.Server.ReadyNotify():
	case err := <-e.Err():
		tb.Fatal(err)
	case <-time.After(time.Minute):
		tb.Fatal("etcd is not ready after a minute")
	}
	return s
}

// Client connects to the server until the test ends.
func (s *Server) Client(tb testing.TB) *clientv3.Client {
	tb.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{s.Endpoint}, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

func socketURL(dir, name string) url.URL {
	return url.URL{Scheme: "unix", Path: filepath.Join(dir, name)}
}
