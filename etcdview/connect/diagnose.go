package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// diagnose finds out by hand why an endpoint does not answer, which grpc does not say. It is nil where it finds nothing.
func diagnose(ctx context.Context, config clientv3.Config, endpoint string) error {
	scheme, addr, ok := strings.Cut(endpoint, "://")
	if !ok {
		scheme, addr = "http", endpoint
	}
	network := "tcp"
	if strings.HasPrefix(scheme, "unix") {
		network = "unix"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, strings.TrimSuffix(addr, "/"))
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))                      // of a connection that is open
	if config.TLS == nil || ok && (scheme == "http" || scheme == "unix") { // the scheme decides, whatever certificates there are
		return plain(conn)
	}
	c := config.TLS.Clone()
	if c.ServerName == "" {
		c.ServerName = "localhost"
		if host, _, err := net.SplitHostPort(addr); err == nil {
			c.ServerName = host
		}
	}
	c.NextProtos = []string{"h2"}
	t := tls.Client(conn, c)
	if err := t.HandshakeContext(ctx); err != nil {
		var head tls.RecordHeaderError
		if errors.As(err, &head) || errors.Is(err, io.EOF) {
			return errors.New("it does not speak TLS: http://, without --cacert and --cert")
		}
		return fmt.Errorf("TLS: %w", err)
	}
	// A server that wants another certificate says so only after the handshake.
	if _, err := io.ReadFull(t, make([]byte, 1)); err != nil && strings.Contains(err.Error(), "tls:") {
		return refused(err, c)
	}
	return nil
}

// refused says what of our certificate the server may not like.
func refused(err error, c *tls.Config) error {
	own, e := clientCertificate(c)
	switch {
	case e != nil || own == nil:
		return fmt.Errorf("TLS: it wants a client certificate: --cert, --key: %w", err)
	case time.Now().After(own.NotAfter):
		return fmt.Errorf("TLS: the client certificate of %s expired on %s: %w", own.Subject, own.NotAfter.Local().Format(time.DateTime), err)
	case time.Now().Before(own.NotBefore):
		return fmt.Errorf("TLS: the client certificate of %s is not valid before %s: %w", own.Subject, own.NotBefore.Local().Format(time.DateTime), err)
	}
	return fmt.Errorf("TLS: it does not accept the client certificate of %s, which %s issued (--cert, --key): %w", own.Subject, own.Issuer, err)
}

// clientCertificate is the one that is shown to servers, nil where there is none.
func clientCertificate(c *tls.Config) (*x509.Certificate, error) {
	chain := c.Certificates
	if len(chain) == 0 && c.GetClientCertificate != nil {
		one, err := c.GetClientCertificate(&tls.CertificateRequestInfo{Version: tls.VersionTLS13})
		if err != nil {
			return nil, err
		}
		chain = []tls.Certificate{*one}
	}
	if len(chain) == 0 || len(chain[0].Certificate) == 0 {
		return nil, nil
	}
	return x509.ParseCertificate(chain[0].Certificate[0])
}

// plain looks whether a server that is spoken to in the clear wants TLS: it answers anything else with an alert, or hangs up.
func plain(conn net.Conn) error {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	const noSettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := io.WriteString(conn, preface+noSettings); err != nil {
		return nil //nolint:nilerr // nothing to learn from it
	}
	var head [9]byte
	n, err := io.ReadFull(conn, head[:])
	if n > 0 && head[0] == 0x15 || n > 4 && string(head[:5]) == "HTTP/" || errors.Is(err, io.EOF) {
		return errors.New("it speaks TLS: https:// and --cacert")
	}
	return nil
}
