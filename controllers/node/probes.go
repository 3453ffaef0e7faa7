package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	grpchealth "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"k8s.io/component-base/version"
	"k8s.io/kubernetes/pkg/probe"
	grpcprobe "k8s.io/kubernetes/pkg/probe/grpc"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
)

// dialFunc dials from a node.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// httpProber is pkg/probe/http's prober with another dialer.
type httpProber struct{ plain, h2c *http.Transport }

func newHTTPProber(dial dialFunc) httpProber {
	transport := func() *http.Transport {
		return &http.Transport{
			TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, // as the kubelet does: a probe asks whether, not who
			DisableKeepAlives:  true,
			DisableCompression: true, // keep the probe's headers as they are
			DialContext:        dial,
		}
	}
	h2c := transport()
	h2c.Protocols = new(http.Protocols)
	h2c.Protocols.SetUnencryptedHTTP2(true)
	return httpProber{plain: transport(), h2c: h2c}
}

func (p httpProber) probe(t *http.Transport, req *http.Request, timeout time.Duration) (probe.Result, string, error) {
	return httpprobe.DoHTTPProbe(req, &http.Client{Timeout: timeout, Transport: t, CheckRedirect: httpprobe.RedirectChecker(false)})
}

func (p httpProber) Probe(req *http.Request, timeout time.Duration) (probe.Result, string, error) {
	return p.probe(p.plain, req, timeout)
}

func (p httpProber) ProbeH2C(req *http.Request, timeout time.Duration) (probe.Result, string, error) {
	return p.probe(p.h2c, req, timeout)
}

// tcpProber is pkg/probe/tcp's prober with another dialer.
type tcpProber struct{ dial dialFunc }

func (p tcpProber) Probe(host string, port int, timeout time.Duration) (probe.Result, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c, err := p.dial(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return probe.Failure, err.Error(), nil // a failure and no error, so that timeouts count
	}
	_ = c.Close()
	return probe.Success, "", nil
}

// grpcProber is pkg/probe/grpc's prober with another dialer and the same words.
type grpcProber struct{ dial dialFunc }

func (p grpcProber) Probe(host, service string, port int, timeout time.Duration, o grpcprobe.ProbeOptions) (probe.Result, string, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	creds := insecure.NewCredentials()
	if o.UseTLS {
		creds = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	raw, err := p.dial(ctx, "tcp", addr)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return probe.Failure, fmt.Sprintf("timeout: failed to connect service %q within %v: %+v", addr, timeout, err), nil
		}
		return probe.Failure, fmt.Sprintf("error: failed to connect service at %q: %+v", addr, err), nil
	}
	defer raw.Close()
	v := version.Get()
	used := false
	conn, err := grpc.NewClient("passthrough:///"+addr,
		grpc.WithUserAgent(fmt.Sprintf("kube-probe/%s.%s", v.Major, v.Minor)),
		grpc.WithTransportCredentials(creds),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			if used {
				return p.dial(ctx, "tcp", addr)
			}
			used = true
			return raw, nil
		}))
	if err != nil {
		return probe.Failure, fmt.Sprintf("error: failed to connect service at %q: %+v", addr, err), nil
	}
	defer conn.Close()
	resp, err := grpchealth.NewHealthClient(conn).Check(ctx, &grpchealth.HealthCheckRequest{Service: service})
	switch status.Code(err) {
	case codes.OK:
	case codes.Unimplemented:
		return probe.Failure, fmt.Sprintf("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): %s", status.Convert(err).Message()), nil
	case codes.DeadlineExceeded:
		return probe.Failure, fmt.Sprintf("timeout: health rpc did not complete within %v", timeout), nil
	default:
		return probe.Failure, fmt.Sprintf("error: health rpc probe failed: %+v", err), nil
	}
	if resp.GetStatus() != grpchealth.HealthCheckResponse_SERVING {
		return probe.Failure, fmt.Sprintf("service unhealthy (responded with %q)", resp.GetStatus()), nil
	}
	return probe.Success, "service healthy", nil
}
