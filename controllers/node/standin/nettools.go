package standin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

func netTools() map[string]tool {
	return map[string]tool{"curl": curl, "wget": wget, "nslookup": nslookup, "getent": getent, "nc": nc, "ping": ping, "redis-cli": redisCLI, "pg_isready": pgIsReady, "httpd": httpd, "ip": ipTool, "ifconfig": ipTool}
}

// fetch is a request as curl and wget make them.
type fetch struct {
	method, url, body string
	header            http.Header
	insecure          bool
	authorities       string // a file of certificates to trust in place of the system's
	podAuthorities    bool   // trust the cluster's authority beside the system's
	timeout           time.Duration
	follow            bool
}

func (s *shell) fetch(ctx context.Context, f fetch) (*http.Response, []byte, error) {
	if !strings.Contains(f.url, "://") {
		f.url = "http://" + f.url
	}
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, f.method, f.url, strings.NewReader(f.body))
	if err != nil {
		return nil, nil, err
	}
	for k, v := range f.header {
		req.Header[k] = v
		if k == "Host" {
			req.Host = v[0]
		}
	}
	t := s.p.transport()
	defer t.CloseIdleConnections()
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: f.insecure}
	if t.TLSClientConfig.RootCAs, err = s.authorities(f); err != nil {
		return nil, nil, err
	}
	c := &http.Client{Transport: t}
	if !f.follow {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	return resp, b, err
}

// podAuthority is where Pods find the certificate of the cluster's authority.
const podAuthority = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

// authorities are whose certificates a request trusts; nil means the system's.
func (s *shell) authorities(f fetch) (*x509.CertPool, error) {
	if f.authorities != "" {
		pem, err := s.p.files.readFile(s.abs(f.authorities))
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", f.authorities)
		}
		return pool, nil
	}
	if !f.podAuthorities || !strings.HasPrefix(f.url, "https://") {
		return nil, nil
	}
	pem, err := s.p.files.readFile(podAuthority)
	if err != nil {
		return nil, nil //nolint:nilerr // a Pod without a service account's token
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(pem)
	return pool, nil
}

func curl(ctx context.Context, s *shell, args []string) int {
	f := fetch{method: http.MethodGet, header: http.Header{"User-Agent": {"curl/8.0 (podarium)"}}}
	var silent, show, failing, headers, only bool
	var out, format string
	for i := 0; i < len(args); i++ {
		value := func() string {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch a := args[i]; a {
		case "-X", "--request":
			f.method = value()
		case "-d", "--data":
			f.body = value()
			if f.method == http.MethodGet {
				f.method = http.MethodPost
			}
		case "-H", "--header":
			k, v, _ := strings.Cut(value(), ":")
			f.header.Set(strings.TrimSpace(k), strings.TrimSpace(v))
		case "-o", "--output":
			out = value()
		case "-w", "--write-out":
			format = value()
		case "-m", "--max-time", "--connect-timeout":
			f.timeout, _ = seconds(value())
		case "-A", "--user-agent":
			f.header.Set("User-Agent", value())
		case "--cacert":
			f.authorities = value()
		case "--retry", "--retry-delay":
			value()
		default:
			if !strings.HasPrefix(a, "-") {
				f.url = a
				continue
			}
			for _, c := range strings.TrimLeft(a, "-") {
				if strings.HasPrefix(a, "--") {
					break
				}
				switch c {
				case 's':
					silent = true
				case 'S':
					show = true
				case 'f':
					failing = true
				case 'k':
					f.insecure = true
				case 'L':
					f.follow = true
				case 'i':
					headers = true
				case 'I':
					f.method, headers, only = http.MethodHead, true, true
				}
			}
			switch a {
			case "--silent":
				silent = true
			case "--fail":
				failing = true
			case "--insecure":
				f.insecure = true
			case "--location":
				f.follow = true
			}
		}
	}
	if f.url == "" {
		fmt.Fprintln(s.stderr, "curl: no URL specified")
		return 2
	}
	resp, body, err := s.fetch(ctx, f)
	if err != nil {
		if !silent || show {
			fmt.Fprintf(s.stderr, "curl: (%d) %s\n", curlCode(err), curlWords(err))
		}
		return curlCode(err)
	}
	if failing && resp.StatusCode >= 400 {
		fmt.Fprintf(s.stderr, "curl: (22) The requested URL returned error: %d\n", resp.StatusCode)
		return 22
	}
	if headers {
		fmt.Fprintf(s.stdout, "%s %s\r\n", resp.Proto, resp.Status)
		_ = resp.Header.Write(s.stdout)
		fmt.Fprint(s.stdout, "\r\n")
	}
	if !only {
		if code := s.save(out, body); code != 0 {
			return code
		}
	}
	if format != "" {
		r := strings.NewReplacer("%{http_code}", strconv.Itoa(resp.StatusCode), `\n`, "\n", "%{size_download}", strconv.Itoa(len(body)))
		fmt.Fprint(s.stdout, r.Replace(format))
	}
	return 0
}

func curlCode(err error) int {
	if e := (*url.Error)(nil); errors.As(err, &e) && e.Timeout() {
		return 28
	}
	if v := (*tls.CertificateVerificationError)(nil); errors.As(err, &v) {
		return 60
	}
	if e := (*net.DNSError)(nil); errors.As(err, &e) {
		return 6
	}
	return 7
}

// save writes to a file, or to standard output.
func (s *shell) save(name string, b []byte) int {
	if name == "" || name == "-" {
		_, _ = s.stdout.Write(b)
		return 0
	}
	if device(name) != nil {
		return 0
	}
	return s.each("save", []string{name}, func(root *os.Root, rel string) error { return root.WriteFile(rel, b, 0o644) })
}

func wget(ctx context.Context, s *shell, args []string) int {
	f := fetch{method: http.MethodGet, follow: true, podAuthorities: true, header: http.Header{"User-Agent": {"Wget (podarium)"}}}
	out, quiet := "", false
	header := func(h string) {
		k, v, _ := strings.Cut(h, ":")
		f.header.Set(strings.TrimSpace(k), strings.TrimSpace(v))
	}
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case strings.HasPrefix(a, "-T") && len(a) == 2 && i+1 < len(args):
			i++
			f.timeout, _ = seconds(args[i])
		case strings.HasPrefix(a, "--timeout="):
			f.timeout, _ = seconds(strings.TrimPrefix(a, "--timeout="))
		case strings.HasPrefix(a, "--header="):
			header(strings.TrimPrefix(a, "--header="))
		case a == "--header" && i+1 < len(args):
			i++
			header(args[i])
		case strings.HasPrefix(a, "--ca-certificate="):
			f.authorities = strings.TrimPrefix(a, "--ca-certificate=")
		case a == "--no-check-certificate":
			f.insecure = true
		case strings.HasPrefix(a, "--post-data="):
			f.method, f.body = http.MethodPost, strings.TrimPrefix(a, "--post-data=")
		case strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--"):
			quiet = quiet || strings.Contains(a, "q")
			if j := strings.IndexByte(a, 'O'); j > 0 {
				if out = a[j+1:]; out == "" && i+1 < len(args) {
					i++
					out = args[i]
				}
			}
		case !strings.HasPrefix(a, "-"):
			f.url = a
		}
	}
	if f.url == "" {
		fmt.Fprintln(s.stderr, "wget: missing URL")
		return 1
	}
	resp, body, err := s.fetch(ctx, f)
	if err != nil {
		fmt.Fprintf(s.stderr, "wget: %s\n", wgetWords(err))
		return 1
	}
	if resp.StatusCode >= 400 {
		fmt.Fprintf(s.stderr, "wget: server returned error: %s %s\n", resp.Proto, resp.Status)
		return 1
	}
	if out == "" {
		if out = path.Base(resp.Request.URL.Path); out == "/" || out == "." {
			out = "index.html"
		}
	}
	if !quiet {
		fmt.Fprintf(s.stderr, "Connecting to %s\nsaving to '%s'\n", resp.Request.URL.Host, out)
	}
	return s.save(out, body)
}
