// Package connect makes etcd clients from what etcdctl understands: its flags and its ETCDCTL_* environment variables,
// with the same names, meanings and defaults, so that a shell prepared for etcdctl reaches the same etcd here.
package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/srv"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/grpclog"
)

// Options say which etcd to reach and how. The zero value reaches none: see Chosen.
type Options struct {
	Endpoints             []string
	CACert, Cert, Key     string // files, PEM
	InsecureSkipTLSVerify bool   // do not check the server's certificate
	InsecureTransport     bool   // no TLS where nothing else asks for it
	User, Password        string // User may be USER:PASSWORD
	DiscoverySRV          string // domain whose DNS SRV records name the endpoints
	DiscoverySRVName      string
	InsecureDiscovery     bool   // take SRV records of endpoints without TLS too
	Token                 string // JWT for etcd's authentication, instead of a user
	DialTimeout           time.Duration
	CommandTimeout        time.Duration // of one short request
	KeepAliveTime         time.Duration
	KeepAliveTimeout      time.Duration
}

// AddFlags adds etcdctl's flags to a command.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&o.Endpoints, "endpoints", nil, "gRPC endpoints of an etcd (default: the embedded one's)")
	fs.StringVar(&o.CACert, "cacert", "", "verify the server's certificate with this CA bundle")
	fs.StringVar(&o.Cert, "cert", "", "identify with this TLS certificate file")
	fs.StringVar(&o.Key, "key", "", "identify with this TLS key file")
	fs.BoolVar(&o.InsecureSkipTLSVerify, "insecure-skip-tls-verify", false, "do not verify the server's certificate")
	fs.BoolVar(&o.InsecureTransport, "insecure-transport", true, "no TLS where no certificate is given and the endpoint is not https")
	fs.StringVar(&o.User, "user", "", "USER[:PASSWORD] for etcd's authentication")
	fs.StringVar(&o.Password, "password", "", "password for etcd's authentication")
	fs.StringVarP(&o.DiscoverySRV, "discovery-srv", "", "", "domain whose SRV records name the endpoints")
	fs.StringVar(&o.DiscoverySRVName, "discovery-srv-name", "", "service name for --discovery-srv")
	fs.BoolVar(&o.InsecureDiscovery, "insecure-discovery", true, "accept SRV records of endpoints without TLS")
	fs.StringVar(&o.Token, "auth-jwt-token", "", "JWT for etcd's authentication, instead of --user")
	fs.DurationVar(&o.DialTimeout, "dial-timeout", 2*time.Second, "how long to try to connect")
	fs.DurationVar(&o.CommandTimeout, "command-timeout", 5*time.Second, "how long one short request may take")
	fs.DurationVar(&o.KeepAliveTime, "keepalive-time", 2*time.Second, "pause between signs of life")
	fs.DurationVar(&o.KeepAliveTimeout, "keepalive-timeout", 6*time.Second, "how long to wait for a sign of life")
}

// FromEnvironment sets every flag that was not given on the command line from ETCDCTL_NAME, as etcdctl does.
func FromEnvironment(fs *pflag.FlagSet, getenv func(string) string) error {
	mine := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Options).AddFlags(mine)
	var errs []error
	mine.VisitAll(func(f *pflag.Flag) {
		name := "ETCDCTL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v := getenv(name)
		if v == "" || fs.Changed(f.Name) {
			return
		}
		if err := fs.Set(f.Name, v); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s: %w", name, err))
		}
	})
	return errors.Join(errs...)
}

// Chosen says whether the options name an etcd.
func (o *Options) Chosen() bool {
	return len(o.Endpoints) > 0 || o.DiscoverySRV != "" || o.CACert != "" || o.Cert != ""
}

// Config turns options into what a client needs. It reads the certificate files, and DNS for --discovery-srv.
func (o *Options) Config() (clientv3.Config, error) {
	c := clientv3.Config{
		Endpoints: o.Endpoints, DialTimeout: o.DialTimeout, DialKeepAliveTime: o.KeepAliveTime, DialKeepAliveTimeout: o.KeepAliveTimeout,
		Logger: zap.NewNop(), // what matters is in the errors
	}
	if (o.Cert == "") != (o.Key == "") {
		return c, errors.New("--cert and --key belong together: one of them is missing")
	}
	if o.DiscoverySRV != "" {
		clients, err := srv.GetClient("etcd-client", o.DiscoverySRV, o.DiscoverySRVName)
		if err != nil {
			return c, fmt.Errorf("look up the endpoints in %s: %w", o.DiscoverySRV, err)
		}
		c.Endpoints = clients.Endpoints
		if !o.InsecureDiscovery {
			c.Endpoints = slices.DeleteFunc(c.Endpoints, func(e string) bool { return strings.HasPrefix(e, "http://") })
		}
		if len(c.Endpoints) == 0 {
			return c, fmt.Errorf("the SRV records of %s name no endpoint with TLS: --insecure-discovery takes the others", o.DiscoverySRV)
		}
	}
	if len(c.Endpoints) == 0 {
		c.Endpoints = []string{"127.0.0.1:2379"}
	}
	secure, err := anySecure(c.Endpoints)
	if err != nil {
		return c, err
	}
	if o.CACert != "" || o.Cert != "" || secure || !o.InsecureTransport {
		if c.TLS, err = o.tls(); err != nil {
			return c, err
		}
	}
	c.Token = o.Token
	c.Username, c.Password = o.User, o.Password
	if user, password, ok := strings.Cut(o.User, ":"); ok && o.Password == "" {
		c.Username, c.Password = user, password
	}
	if c.Username != "" && c.Password == "" {
		return c, errors.New("--user without a password: give USER:PASSWORD, --password or ETCDCTL_PASSWORD")
	}
	return c, nil
}

func (o *Options) tls() (*tls.Config, error) {
	for _, f := range []string{o.CACert, o.Cert, o.Key} {
		if f == "" {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("TLS file: %w", err)
		}
		if f == o.CACert && !x509.NewCertPool().AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("TLS file: %s holds no certificate (PEM)", f)
		}
	}
	info := transport.TLSInfo{TrustedCAFile: o.CACert, CertFile: o.Cert, KeyFile: o.Key, Logger: zap.NewNop()}
	c, err := info.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("TLS files: %w", err)
	}
	c.InsecureSkipVerify = o.InsecureSkipTLSVerify
	if o.DiscoverySRV != "" && !o.InsecureDiscovery { // DNS is not trusted then: the certificate must be the domain's
		c.ServerName = o.DiscoverySRV
	}
	return c, nil
}

// anySecure says whether an endpoint asks for TLS, and refuses what is no endpoint.
func anySecure(endpoints []string) (bool, error) {
	secure := false
	for _, e := range endpoints {
		if e == "" {
			return false, errors.New("an endpoint is empty: give HOST:PORT or a URL")
		}
		scheme, rest, ok := strings.Cut(e, "://")
		if !ok {
			scheme, rest = "http", e
		}
		switch scheme {
		case "https", "unixs":
			secure = true
		case "http", "unix":
		default:
			return false, fmt.Errorf("endpoint %s: its scheme is not http, https, unix or unixs", e)
		}
		if strings.HasPrefix(scheme, "unix") {
			continue
		}
		if _, err := url.Parse("http://" + rest); err != nil {
			return false, fmt.Errorf("endpoint %s: %w", e, err)
		}
		if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
			if _, err := strconv.ParseUint(strings.TrimSuffix(rest[i+1:], "/"), 10, 16); err != nil {
				return false, fmt.Errorf("endpoint %s: its port is no number", e)
			}
		}
	}
	return secure, nil
}

// Client connects, and proves by a request to any of the endpoints that it did. The error tells apart what can be told:
// nobody there, TLS refused, authentication.
func (o *Options) Client(ctx context.Context) (*clientv3.Client, error) {
	config, err := o.Config()
	if err != nil {
		return nil, err
	}
	return Open(ctx, config)
}

// Open connects with a client configuration, as Client does.
func Open(ctx context.Context, config clientv3.Config) (*clientv3.Client, error) {
	c, err := clientv3.New(config) // which asks for a token, where there is a user
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("etcd at %s: %w", strings.Join(config.Endpoints, ", "), err)
	}
	if err == nil {
		if err = anyAnswers(ctx, c, config); err == nil {
			return c, nil
		}
		c.Close()
	}
	if errors.Is(err, rpctypes.ErrUserEmpty) {
		return nil, fmt.Errorf("etcd at %s wants to know who asks: --user USER:PASSWORD, or a certificate whose name is a user's: %w", strings.Join(config.Endpoints, ", "), err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		patience, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer stop()
		if why := diagnose(patience, config, config.Endpoints[0]); why != nil {
			err = why
		}
	}
	return nil, fmt.Errorf("etcd at %s does not answer: %w\nCheck the endpoint, and --cacert, --cert and --key where it speaks TLS", strings.Join(config.Endpoints, ", "), err)
}

// anyAnswers asks all endpoints at once, since one that is down must not take the time of the others, until one answers.
func anyAnswers(ctx context.Context, c *clientv3.Client, config clientv3.Config) error {
	wait := config.DialTimeout
	if wait <= 0 {
		wait = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	answers := make(chan error, len(config.Endpoints))
	for _, e := range config.Endpoints {
		go func() {
			_, err := c.Status(ctx, e)
			answers <- err
		}()
	}
	var err error
	for range config.Endpoints {
		e := <-answers
		if e == nil {
			return nil
		}
		if err == nil || errors.Is(err, context.DeadlineExceeded) { // what says more than that it took too long
			err = e
		}
	}
	return err
}

// Silence keeps grpc's own messages off the terminal. Call it once, before the first client is made.
func Silence() { grpclog.SetLoggerV2(grpclog.NewLoggerV2(discard{}, discard{}, discard{})) }

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
