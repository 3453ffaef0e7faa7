package embedded

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/podnet"
)

// The ports at which the control-plane node serves its components, as kubeadm's does. They are of the virtual network:
// this machine has none of them.
const (
	apiPort        = 6443
	etcdPort       = 2379
	etcdHealthPort = 2381
	managerPort    = 10257
	schedulerPort  = 10259
)

// etcdCertificates are the certificates of etcd's authority that are its server's or may be a client's.
var etcdCertificates = []string{"server", "peer", "healthcheck-client"}

// issueEtcd makes the certificates by which etcd is reached on the virtual network. They have an authority of their own, so
// that no user of the API, whose certificates the cluster's authority signs, is one of etcd.
func (s *Server) issueEtcd(hosts ...string) error {
	ca, err := openAuthority(s.pki.dir, "etcd-ca", "podarium-etcd")
	if err != nil {
		return err
	}
	for name, id := range map[string]identity{
		"etcd-server":             {name: "etcd", hosts: hosts, client: true},
		"etcd-peer":               {name: "etcd", hosts: hosts, client: true},
		"etcd-healthcheck-client": {name: "kube-etcd-healthcheck-client", groups: []string{"system:masters"}},
		"apiserver-etcd-client":   {name: "kube-apiserver-etcd-client", groups: []string{"system:masters"}},
	} {
		if _, _, err := s.pki.issueFiles(ca, name, id); err != nil {
			return err
		}
	}
	return nil
}

// front serves the control plane at the address of its node on the virtual network, until ctx ends.
func (s *Server) front(ctx context.Context, node string) error {
	subnet, err := s.network.Subnet(node)
	if err != nil {
		return err
	}
	if err := s.issueEtcd("127.0.0.1", "localhost", node, subnet.Node.String(), filepath.Base(s.state.etcdSocket())); err != nil {
		return err
	}
	listen := func(port uint16) (net.Listener, error) {
		l, err := s.network.Listen(netip.AddrPortFrom(subnet.Node, port))
		if err != nil {
			return nil, fmt.Errorf("control-plane node %s: %w", node, err)
		}
		context.AfterFunc(ctx, func() { _ = l.Close() })
		return l, nil
	}
	api, err := listen(apiPort)
	if err != nil {
		return err
	}
	go forward(api, func(ctx context.Context) (net.Conn, error) {
		select { // the first probe of its Pod is quicker than it is ready, and would leave a warning
		case <-s.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(s.address, "https://"))
	})
	etcd, err := listen(etcdPort)
	if err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(s.pki.file("etcd-server.crt"), s.pki.file("etcd-server.key"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	ca, err := openAuthority(s.pki.dir, "etcd-ca", "podarium-etcd")
	if err != nil {
		return err
	}
	clients.AddCert(ca.cert)
	go forward(tls.NewListener(etcd, &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	}), s.dialEtcd)

	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "etcd"})
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dialEtcd(ctx) }}
	proxy.ErrorLog = log.New(s.log, "", 0)
	for port, h := range map[uint16]http.Handler{
		etcdHealthPort: proxy,
		managerPort:    s.healthz("kube-controller-manager"),
		schedulerPort:  s.healthz("kube-scheduler"),
	} {
		l, err := listen(port)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: proxy.ErrorLog}
		go func() { _ = server.Serve(l) }() // ends with l
		context.AfterFunc(ctx, func() { _ = server.Close() })
	}
	return nil
}

func (s *Server) dialEtcd(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", s.state.etcdSocket())
}

// healthz answers with what this process knows of a component.
func (s *Server) healthz(component string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		list, _ := s.health.list()
		for _, c := range list {
			if c.Name == component && (c.State == cluster.Failed || c.State == cluster.Stopped) {
				http.Error(w, fmt.Sprintf("%s: %s", c.State, c.Message), http.StatusInternalServerError)
				return
			}
		}
		_, _ = w.Write([]byte("ok"))
	})
}

// connectLimit bounds how long a connection to the control plane may take to begin.
const connectLimit = 10 * time.Second

// forward passes connections on to what dial reaches, until l is closed.
func forward(l net.Listener, dial func(context.Context) (net.Conn, error)) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go func() {
			defer c.Close()
			ctx, cancel := context.WithTimeout(context.Background(), connectLimit)
			defer cancel()
			if t, ok := c.(*tls.Conn); ok && t.HandshakeContext(ctx) != nil {
				return // nobody whom to let in
			}
			target, err := dial(ctx)
			if err != nil {
				return
			}
			defer target.Close()
			podnet.Join(c, target)
		}()
	}
}
