package screen

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Failure is an error as a state. That the cluster cannot be reached, or does not take us, is said in words that fit on a line
// and say what to do; every other error as it stands.
func Failure(err error) State { return State{Health: Bad, Text: Reason(err)} }

// Reason is why something failed, for people.
func Reason(err error) string {
	if text := distrust(err); text != "" {
		return text
	}
	if text := proxied(err); text != "" {
		return text
	}
	if text := forbidden(err); text != "" {
		return text
	}
	var op *net.OpError
	var late net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return "no answer in time"
	case !errors.As(err, &op):
		return err.Error()
	case errors.Is(op, syscall.ECONNREFUSED), errors.Is(op, os.ErrNotExist):
		return "no answer: is the cluster running?"
	}
	inner := op.Err
	for errors.Unwrap(inner) != nil {
		inner = errors.Unwrap(inner)
	}
	if refused, ok := strings.CutPrefix(inner.Error(), "tls: "); ok && op.Op == "remote error" {
		return "the server refuses your client certificate (" + refused + "): renew it in the kubeconfig"
	}
	return "no answer: " + inner.Error()
}

// proxied says what is wrong with the proxy that leads to the cluster, where it is that.
func proxied(err error) string {
	const look = ": look at proxy-url in the kubeconfig, and at HTTPS_PROXY"
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return "the proxy does not answer" + look
	}
	var u *url.Error
	if !errors.As(err, &u) {
		return ""
	}
	for code := http.StatusBadRequest; code < 600; code++ { // what net/http makes of a proxy's refusal is its status alone
		if text := http.StatusText(code); text != "" && u.Err.Error() == text {
			return "the proxy refuses (" + text + ")" + look
		}
	}
	return ""
}

// refusal is what the API server says of what a user is not allowed to do (apiserver/pkg/endpoints/handlers/responsewriters/errors.go).
var refusal = regexp.MustCompile(`: User "(.*)" cannot (\S+) resource "(\S+)" in API group "(.*)" (?:at the (cluster) scope|in the namespace "(.*)")$`)

// forbidden says who may not do what, what first: who it is may be long.
func forbidden(err error) string {
	m := refusal.FindStringSubmatch(err.Error())
	if m == nil || !apierrors.IsForbidden(err) {
		return ""
	}
	who, verb, what, group, where := m[1], m[2], m[3], m[4], "in namespace "+m[6]
	if group != "" {
		what += "." + group
	}
	if m[5] != "" {
		where = "in the whole cluster"
	}
	return "not allowed to " + verb + " " + what + " " + where + " as " + who
}

// Brief is Reason in two words, for the header.
func Brief(err error) string {
	switch {
	case apierrors.IsUnauthorized(err):
		return "not logged in"
	case apierrors.IsForbidden(err):
		return "not allowed"
	case strings.Contains(err.Error(), "getting credentials: "):
		return "no credentials"
	case distrust(err) != "" && !errors.As(err, new(*net.DNSError)):
		return "not trusted"
	}
	return noAnswer
}

// Short is Brief where that says it, and else Reason: for where there is room for some words.
func Short(err error) string {
	brief, reason := Brief(err), Reason(err)
	if brief == noAnswer && !strings.HasPrefix(reason, noAnswer) && proxied(err) == "" {
		return reason
	}
	return brief
}

const noAnswer = "no answer"

// distrust says who does not trust whom, where that is what failed.
func distrust(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		name      *net.DNSError
	)
	switch {
	case errors.As(err, &authority):
		return "the server's certificate is of an authority that is not trusted: look at certificate-authority in the kubeconfig"
	case errors.As(err, &host):
		return "the server's certificate is not for " + host.Host + ": look at server and tls-server-name in the kubeconfig"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired, or the clock here is wrong"
	case errors.As(err, &name):
		return "no address of " + name.Name + ": look at server in the kubeconfig, at your DNS and VPN"
	case apierrors.IsUnauthorized(err):
		return "not logged in, or no longer: log in again outside, as this user of the kubeconfig does"
	}
	if _, plugin, ok := strings.Cut(err.Error(), "getting credentials: "); ok {
		return "the kubeconfig's credential plugin fails: " + plugin + ": log in outside of podarium"
	}
	return ""
}
