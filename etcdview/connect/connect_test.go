package connect_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/pflag"

	"github.com/podarium/podarium/etcdview/connect"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

// TestWhyItDoesNotAnswer tells apart what keeps a client from an etcd with mutual TLS, and from one without.
func TestWhyItDoesNotAnswer(t *testing.T) {
	c := etcdtest.StartCluster(t, 1)
	other := etcdtest.StartCluster(t, 1) // with a CA of its own
	clear := etcdtest.Start(t)
	host := strings.TrimPrefix(c.Endpoints[0], "https://")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	for name, tc := range map[string]struct {
		o    connect.Options
		want string
	}{
		"nobody":                {connect.Options{Endpoints: []string{closed}}, "connection refused"},
		"no such host":          {connect.Options{Endpoints: []string{"no-such-host.invalid:2379"}}, "no such host"},
		"no TLS":                {connect.Options{Endpoints: []string{host}, InsecureTransport: true}, "speaks TLS"},
		"TLS to one without":    {connect.Options{Endpoints: []string{strings.Replace(clear.Endpoint, "unix://", "unixs://", 1)}, CACert: c.CACert}, "does not speak TLS"},
		"no CA":                 {connect.Options{Endpoints: c.Endpoints, Cert: c.Cert, Key: c.Key}, "unknown authority"},
		"no certificate":        {connect.Options{Endpoints: c.Endpoints, CACert: c.CACert}, "wants a client certificate: --cert"},
		"another's certificate": {connect.Options{Endpoints: c.Endpoints, CACert: c.CACert, Cert: other.Cert, Key: other.Key}, "does not accept the client certificate of"},
		"certificate, no key":   {connect.Options{Endpoints: c.Endpoints, CACert: c.CACert, Cert: c.Cert}, "belong together"},
		"not a certificate":     {connect.Options{Endpoints: c.Endpoints, CACert: c.Key}, "holds no certificate"},
		"http, with a CA":       {connect.Options{Endpoints: []string{"http://" + host}, CACert: c.CACert, Cert: c.Cert, Key: c.Key}, "speaks TLS"},
		"right":                 {connect.Options{Endpoints: append([]string{closed}, c.Endpoints...), CACert: c.CACert, Cert: c.Cert, Key: c.Key}, ""},
		"not verified":          {connect.Options{Endpoints: c.Endpoints, Cert: c.Cert, Key: c.Key, InsecureSkipTLSVerify: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.o.DialTimeout = 2 * time.Second
			client, err := tc.o.Client(t.Context())
			if err == nil {
				client.Close()
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// TestDiscovery finds the endpoints by the SRV records of a domain, asked of a real DNS server.
func TestDiscovery(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := etcdtest.StartCluster(t, 1)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(c.Endpoints[0], "https://"))
	if err != nil {
		t.Fatal(err)
	}
	record := func(name, target, port string) dns.RR {
		rr, err := dns.NewRR(fmt.Sprintf("%s 60 IN SRV 0 0 %s %s", name, port, target))
		if err != nil {
			t.Fatal(err)
		}
		return rr
	}
	answers := map[string][]dns.RR{
		"_etcd-client-ssl._tcp.example.test.":      {record("_etcd-client-ssl._tcp.example.test.", "localhost.", port)},
		"_etcd-client._tcp.plain.test.":            {record("_etcd-client._tcp.plain.test.", "localhost.", "2379")},
		"_etcd-client-ssl-blue._tcp.example.test.": {record("_etcd-client-ssl-blue._tcp.example.test.", "blue.example.test.", "1")},
	}
	server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		if m.Answer = answers[r.Question[0].Name]; m.Answer == nil {
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m) // the client asks again
	})}
	go func() { _ = server.ActivateAndServe() }() // until it is shut down
	t.Cleanup(func() { _ = server.Shutdown() })
	given := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = given })

	o := connect.Options{DiscoverySRV: "example.test", CACert: c.CACert, Cert: c.Cert, Key: c.Key, InsecureDiscovery: true}
	config, err := o.Config()
	if err != nil || len(config.Endpoints) != 1 || config.Endpoints[0] != "https://localhost.:"+port {
		t.Errorf("%v, %v", config.Endpoints, err)
	}
	o.InsecureDiscovery = false
	if config, err = o.Config(); err != nil || config.TLS.ServerName != "example.test" {
		t.Errorf("the certificate is not held against the domain: %v", err)
	}
	o.DiscoverySRVName = "blue"
	if config, err = o.Config(); err != nil || config.Endpoints[0] != "https://blue.example.test.:1" {
		t.Errorf("%v, %v", config.Endpoints, err)
	}
	plain := connect.Options{DiscoverySRV: "plain.test", InsecureDiscovery: true, InsecureTransport: true}
	if config, err = plain.Config(); err != nil || config.Endpoints[0] != "http://localhost.:2379" || config.TLS != nil {
		t.Errorf("%v, %v", config.Endpoints, err)
	}
	plain.InsecureDiscovery = false
	if _, err = plain.Config(); err == nil || !strings.Contains(err.Error(), "--insecure-discovery") {
		t.Error(err)
	}
	none := connect.Options{DiscoverySRV: "none.test"}
	if _, err = none.Config(); err == nil || !strings.Contains(err.Error(), "none.test") {
		t.Error(err)
	}
}

// TestEnvironment reads ETCDCTL_* as etcdctl does: a flag goes before its variable.
func TestEnvironment(t *testing.T) {
	env := map[string]string{"ETCDCTL_ENDPOINTS": "a:1,b:2", "ETCDCTL_CACERT": "ca", "ETCDCTL_INSECURE_SKIP_TLS_VERIFY": "true", "ETCDCTL_USER": "anna:pw",
		"ETCDCTL_DISCOVERY_SRV": "example.com", "ETCDCTL_COMMAND_TIMEOUT": "7s", "ETCDCTL_AUTH_JWT_TOKEN": "token", "ETCDCTL_API": "3"}
	parse := func(args ...string) (connect.Options, error) {
		var o connect.Options
		fs := pflag.NewFlagSet("", pflag.ContinueOnError)
		o.AddFlags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return o, connect.FromEnvironment(fs, func(k string) string { return env[k] })
	}
	o, err := parse("--cacert", "flag")
	if err != nil || len(o.Endpoints) != 2 || o.CACert != "flag" || !o.InsecureSkipTLSVerify || o.User != "anna:pw" || o.DiscoverySRV != "example.com" ||
		o.CommandTimeout != 7*time.Second || o.Token != "token" || !o.Chosen() {
		t.Errorf("%+v, %v", o, err)
	}
	env = map[string]string{"ETCDCTL_USER": "anna:pw"}
	if o, err = parse(); err != nil || o.Chosen() {
		t.Errorf("a user alone names no etcd: %+v, %v", o, err)
	}
	env = map[string]string{"ETCDCTL_DIAL_TIMEOUT": "soon"}
	if _, err = parse(); err == nil || !strings.Contains(err.Error(), "ETCDCTL_DIAL_TIMEOUT") {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []connect.Options{{Endpoints: []string{""}}, {Endpoints: []string{"ftp://x"}}, {Endpoints: []string{"x:port"}}, {User: "anna"}, {CACert: "/nonexistent"}, {Cert: file, Key: file}} {
		if _, err := o.Config(); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
