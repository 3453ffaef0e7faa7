package embedded

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAuthoritiesStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	first, err := openPKI(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openPKI(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.ca.pem(), second.ca.pem()) {
		t.Error("the authority changed when it was opened again")
	}
	for _, name := range []string{"ca.key", "ca.crt", "sa.key", "front-proxy-ca.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode().Perm())
		}
	}
}

func TestDamagedAuthorities(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   string
	}{
		{"not PEM", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "ca.crt"), []byte("nonsense"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not PEM"},
		{"another's key", func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, "front-proxy-ca.key"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "ca.key"), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "do not belong together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := openPKI(dir); err != nil {
				t.Fatal(err)
			}
			c.damage(t, dir)
			if _, err := openPKI(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestIssuedCertificates(t *testing.T) {
	p, err := openPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.ca.cert)
	for _, c := range []struct {
		id    identity
		usage x509.ExtKeyUsage
	}{
		{nodeIdentity("node-1"), x509.ExtKeyUsageClientAuth},
		{identity{name: "kube-apiserver", hosts: []string{"localhost", "127.0.0.1"}}, x509.ExtKeyUsageServerAuth},
	} {
		certPEM, _, err := p.ca.issue(c.id)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(certPEM)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if cert.Subject.CommonName != c.id.name || !slices.Equal(cert.Subject.Organization, c.id.groups) {
			t.Errorf("%s: the certificate says %s", c.id.name, cert.Subject)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{c.usage}}); err != nil {
			t.Errorf("%s: %v", c.id.name, err)
		}
		for _, h := range c.id.hosts {
			if err := cert.VerifyHostname(h); err != nil {
				t.Error(err)
			}
		}
		other := x509.ExtKeyUsageServerAuth
		if c.usage == other {
			other = x509.ExtKeyUsageClientAuth
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{other}}); err == nil {
			t.Errorf("%s: the certificate is good for both ends of a connection", c.id.name)
		}
	}
}
