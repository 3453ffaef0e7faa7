package etcdtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Cluster is a running cluster of several members that takes clients with a certificate only.
type Cluster struct {
	Members []*Server
	// Endpoints are the members' https URLs.
	Endpoints []string
	// CACert, Cert and Key are files for clients.
	CACert, Cert, Key string

	dir, server string
	change      []func(*embed.Config)
}

// StartCluster runs a cluster with mutual TLS for clients until the test ends, on free ports of 127.0.0.1.
func StartCluster(tb testing.TB, size int, change ...func(*embed.Config)) *Cluster {
	tb.Helper()
	dir := tb.TempDir()
	peers := freeURLs(tb, size)
	ca := newAuthority(tb, dir)
	server := ca.issue(tb, dir, "server")
	c := &Cluster{CACert: ca.file}
	client := ca.issue(tb, dir, "client")
	c.Cert, c.Key = client+".crt", client+".key"

	initial := ""
	for i := range size {
		peer := peers[i]
		initial += fmt.Sprintf("m%d=%s,", i, peer.String())
	}
	c.dir, c.server, c.change = dir, server, change
	var configs []*embed.Config
	for i := range size {
		configs = append(configs, c.config(fmt.Sprint("m", i), peers[i], initial[:len(initial)-1]))
	}
	// Together: a member waits for the others to elect a leader.
	started := make([]*embed.Etcd, size)
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i, cfg := range configs {
		wg.Go(func() { started[i], errs[i] = embed.StartEtcd(cfg) })
	}
	wg.Wait()
	for i, e := range started {
		if errs[i] != nil {
			tb.Fatal(errs[i])
		}
		m := &Server{Etcd: e, Endpoint: "https://" + e.Clients[0].Addr().String(), Dir: configs[i].Dir}
		tb.Cleanup(m.Stop)
		c.Members = append(c.Members, m)
		c.Endpoints = append(c.Endpoints, m.Endpoint)
	}
	for _, m := range c.Members {
		select {
		case <-m.Etcd.Server.ReadyNotify():
		case err := <-m.Etcd.Err():
			tb.Fatal(err)
		case <-time.After(time.Minute):
			tb.Fatal("the cluster is not ready after a minute")
		}
	}
	return c
}

// config is that of one member.
func (c *Cluster) config(name string, peer url.URL, initial string) *embed.Config {
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir = name, filepath.Join(c.dir, name)
	free := url.URL{Scheme: "https", Host: "127.0.0.1:0"}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{free}, []url.URL{free}
	cfg.InitialCluster = initial
	cfg.ClientTLSInfo = transport.TLSInfo{CertFile: c.server + ".crt", KeyFile: c.server + ".key", TrustedCAFile: c.CACert, ClientCertAuth: true}
	cfg.TickMs, cfg.ElectionMs = 50, 500
	cfg.UnsafeNoFsync = true
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	for _, f := range c.change {
		f(cfg)
	}
	return cfg
}

// FreePeer is a peer URL that nobody listens on, for a member that is to be added.
func FreePeer(tb testing.TB) string {
	tb.Helper()
	u := freeURLs(tb, 1)[0]
	return u.String()
}

// Join starts a member that was added to the cluster, until the test ends: its name, its peer URL, and all members as
// NAME=URL with commas between them. It does not wait until the member has caught up.
func (c *Cluster) Join(tb testing.TB, name, peer, initial string) *Server {
	tb.Helper()
	u, err := url.Parse(peer)
	if err != nil {
		tb.Fatal(err)
	}
	cfg := c.config(name, *u, initial)
	client := freeURLs(tb, 1)[0] // clients that know the others find it by what it advertises
	client.Scheme = "https"
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ClusterState = embed.ClusterStateFlagExisting
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	m := &Server{Etcd: e, Endpoint: "https://" + e.Clients[0].Addr().String(), Dir: cfg.Dir}
	tb.Cleanup(m.Stop)
	c.Members = append(c.Members, m)
	c.Endpoints = append(c.Endpoints, m.Endpoint)
	return m
}

// Client connects to all members until the test ends.
func (c *Cluster) Client(tb testing.TB) *clientv3.Client {
	tb.Helper()
	config, err := transport.TLSInfo{TrustedCAFile: c.CACert, CertFile: c.Cert, KeyFile: c.Key, Logger: zap.NewNop()}.ClientConfig()
	if err != nil {
		tb.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: c.Endpoints, TLS: config, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Close() })
	return client
}

// freeURLs finds ports that nobody listens on. Members must know each other's before they start.
func freeURLs(tb testing.TB, n int) []url.URL {
	tb.Helper()
	var urls []url.URL
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		defer l.Close() // after all are found, so that no port is found twice
		urls = append(urls, url.URL{Scheme: "http", Host: l.Addr().String()})
	}
	return urls
}

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(tb testing.TB, dir string) *authority {
	tb.Helper()
	a := &authority{file: filepath.Join(dir, "ca.crt")}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.key = newKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, a.key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	writePEM(tb, a.file, "CERTIFICATE", der)
	return a
}

// issue writes NAME.crt and NAME.key and returns their path without the ending.
func (a *authority) issue(tb testing.TB, dir, name string) string {
	tb.Helper()
	key := newKey(tb)
	cert := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(dir, name)
	writePEM(tb, path+".crt", "CERTIFICATE", der)
	der, err = x509.MarshalECPrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	writePEM(tb, path+".key", "EC PRIVATE KEY", der)
	return path
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func writePEM(tb testing.TB, path, kind string, der []byte) {
	tb.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
}
