package standin

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
)

// What tools say of an error, in the words that people know, and grep for.

// curlWords says what curl says of an error.
func curlWords(err error) string {
	var e *url.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	u, perr := url.Parse(e.URL)
	switch code := curlCode(err); {
	case perr != nil:
	case code == 6:
		return "Could not resolve host: " + u.Hostname()
	case code == 28:
		return "Connection timed out"
	case code == 7 && refusal(err) != "":
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		return fmt.Sprintf("Failed to connect to %s port %s: %s", u.Hostname(), port, refusal(err))
	}
	return e.Err.Error()
}

// refusal names the reason for which a connection was not had, in libc's words; empty where it is another one.
func refusal(err error) string {
	for e, words := range map[error]string{
		syscall.ECONNREFUSED: "Connection refused", syscall.EHOSTUNREACH: "No route to host", syscall.ETIMEDOUT: "Connection timed out", syscall.ECONNRESET: "Connection reset by peer",
	} {
		if errors.Is(err, e) {
			return words
		}
	}
	return ""
}

// whyNot is why a connection was not had, in libc's words where it has any.
func whyNot(err error) string {
	switch e := net.Error(nil); {
	case refusal(err) != "":
		return refusal(err)
	case errors.As(err, &e) && e.Timeout():
		return "Connection timed out"
	}
	return err.Error()
}

// wgetWords says what busybox's wget says of an error.
func wgetWords(err error) string {
	var e *url.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	name, at := (*net.DNSError)(nil), (*net.OpError)(nil)
	switch {
	case errors.As(err, &name):
		if u, err := url.Parse(e.URL); err == nil {
			return fmt.Sprintf("bad address '%s'", u.Host)
		}
	case e.Timeout():
		return "download timed out"
	case refusal(err) != "" && errors.As(err, &at) && at.Addr != nil:
		host, _, _ := net.SplitHostPort(at.Addr.String())
		return fmt.Sprintf("can't connect to remote host (%s): %s", host, refusal(err))
	}
	return e.Err.Error()
}
