package screen

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestFailureSaysThatTheClusterIsGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent := "http://" + l.Addr().String()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + gone.Addr().String()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	get := func(url string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		_, err = http.DefaultClient.Do(req)
		return err
	}
	_, noSocket := net.Dial("unix", filepath.Join(t.TempDir(), "s"))
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"refused", fmt.Errorf("watch pods: %w", get(refused)), "no answer: is the cluster running?"},
		{"silent", get(silent), "no answer in time"},
		{"no socket", noSocket, "no answer: is the cluster running?"},
		{"another", errors.New("pods is forbidden"), "pods is forbidden"},
	} {
		if got := Failure(c.err); got.Health != Bad || got.Text != c.want {
			t.Errorf("%s: %+v, want %q, of %v", c.name, got, c.want, c.err)
		}
	}
}

func TestFailureSaysWhoDoesNotTrustWhom(t *testing.T) {
	for want, err := range map[string]error{
		"of an authority that is not trusted":      x509.UnknownAuthorityError{},
		"is not for api.example.com":               x509.HostnameError{Certificate: &x509.Certificate{}, Host: "api.example.com"},
		"has expired":                              x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired},
		"no address of api.example.com":            &net.DNSError{Name: "api.example.com"},
		"log in again":                             apierrors.NewUnauthorized("x"),
		"client certificate (expired certificate)": &net.OpError{Op: "remote error", Err: errors.New("tls: expired certificate")},
		"the proxy does not answer":                &url.Error{Op: "Get", Err: &net.OpError{Op: "proxyconnect", Err: errors.New("refused")}},
		"the proxy refuses (Bad Gateway)":          &url.Error{Op: "Get", Err: errors.New("Bad Gateway")},
		"credential plugin fails: exec":            errors.New(`Get "https://x": getting credentials: exec: executable aws not found`),
	} {
		if got := Reason(fmt.Errorf("list pods: %w", err)); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestWhatIsNotAllowed(t *testing.T) {
	refused := func(resource, why string) error {
		return fmt.Errorf("list: %w", apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: resource}, "", errors.New(why)))
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused("deployments", `User "ann" cannot list resource "deployments" in API group "apps" at the cluster scope`), "not allowed to list deployments.apps in the whole cluster as ann"},
		{refused("pods", `User "a: b" cannot create resource "pods/exec" in API group "" in the namespace "shop"`), "not allowed to create pods/exec in namespace shop as a: b"},
		{refused("pods", `exceeded quota`), `list: pods.apps is forbidden: exceeded quota`},
	} {
		if got := Reason(c.err); got != c.want {
			t.Errorf("%v is told as %q, want %q", c.err, got, c.want)
		}
	}
}
