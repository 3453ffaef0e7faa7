package standin

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

func netTools() map[string]tool {
	return map[string]tool{"curl": curl, "wget": wget, "nslookup": nslookup, "getent": getent, "nc": nc, "ping": ping, "redis-cli": redisCLI, "httpd": httpd, "ip": ipTool, "ifconfig": ipTool}
}

// fetch is a request as curl and wget make them.
type fetch struct {
	method, url, body string
	header            http.Header
	insecure          bool
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
		case "--cacert", "--retry", "--retry-delay":
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
			fmt.Fprintf(s.stderr, "curl: (7) %v\n", err)
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
	if e, ok := err.(*url.Error); ok && e.Timeout() {
		return 28
	}
	if strings.Contains(err.Error(), "no such host") {
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
	f := fetch{method: http.MethodGet, follow: true, header: http.Header{"User-Agent": {"Wget (podarium)"}}}
	out, quiet := "", false
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case strings.HasPrefix(a, "-T") && len(a) == 2 && i+1 < len(args):
			i++
			f.timeout, _ = seconds(args[i])
		case strings.HasPrefix(a, "--timeout="):
			f.timeout, _ = seconds(strings.TrimPrefix(a, "--timeout="))
		case strings.HasPrefix(a, "--header="):
			k, v, _ := strings.Cut(strings.TrimPrefix(a, "--header="), ":")
			f.header.Set(strings.TrimSpace(k), strings.TrimSpace(v))
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
		fmt.Fprintf(s.stderr, "wget: %v\n", err)
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

func nslookup(ctx context.Context, s *shell, args []string) int {
	_, names := split(args)
	if len(names) == 0 {
		fmt.Fprintln(s.stderr, "nslookup: a name is needed")
		return 1
	}
	out, err := s.p.query(ctx, names[0])
	fmt.Fprint(s.stdout, out)
	if err != nil {
		return 1
	}
	return 0
}

func getent(_ context.Context, s *shell, args []string) int {
	if len(args) != 2 || args[0] != "hosts" {
		return 2
	}
	addrs, full, err := s.p.lookup(args[1])
	if err != nil || len(addrs) == 0 {
		return 2
	}
	for _, a := range addrs {
		fmt.Fprintf(s.stdout, "%-16s %s\n", a, full)
	}
	return 0
}

// nc connects to a host and port: -z tries only, -u is for UDP, -w for a time limit in seconds.
func nc(ctx context.Context, s *shell, args []string) int {
	network, limit, try := "tcp", 10*time.Second, false
	var rest []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-w" && i+1 < len(args):
			i++
			limit, _ = seconds(args[i])
		case strings.HasPrefix(a, "-w"):
			limit, _ = seconds(a[2:])
		case strings.HasPrefix(a, "-"):
			try = try || strings.Contains(a, "z")
			if strings.Contains(a, "u") {
				network = "udp"
			}
		default:
			rest = append(rest, a)
		}
	}
	if len(rest) != 2 {
		fmt.Fprintln(s.stderr, "nc: a host and a port are needed")
		return 1
	}
	dctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := s.p.dial(dctx, network, net.JoinHostPort(rest[0], rest[1]))
	if err != nil {
		return s.fail("nc", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if try {
		return 0
	}
	if s.stdin != nil {
		_, _ = io.Copy(c, s.stdin)
		if w, ok := c.(interface{ CloseWrite() error }); ok && network == "tcp" {
			_ = w.CloseWrite()
		}
	}
	_ = c.SetReadDeadline(time.Now().Add(limit))
	if network == "udp" {
		buf := make([]byte, 64<<10)
		n, err := c.Read(buf)
		if err != nil {
			return s.fail("nc", err)
		}
		_, _ = s.stdout.Write(buf[:n])
		return 0
	}
	_, _ = io.Copy(s.stdout, c)
	return 0
}

// ping says whether an address is up: the network carries no ICMP.
func ping(ctx context.Context, s *shell, args []string) int {
	_, names := split(args)
	if len(names) == 0 {
		fmt.Fprintln(s.stderr, "ping: a host is needed")
		return 1
	}
	host := names[len(names)-1]
	addrs, _, err := s.p.lookup(host)
	if ip, perr := netip.ParseAddr(host); perr == nil {
		addrs, err = []netip.Addr{ip}, nil
	}
	if err != nil || len(addrs) == 0 {
		fmt.Fprintf(s.stderr, "ping: bad address '%s'\n", host)
		return 1
	}
	if !s.p.engine.network.IsUp(addrs[0]) {
		fmt.Fprintf(s.stdout, "PING %s (%s): 56 data bytes\n\n--- %s ping statistics ---\n1 packets transmitted, 0 packets received, 100%% packet loss\n", host, addrs[0], host)
		return 1
	}
	fmt.Fprintf(s.stdout, "PING %s (%s): 56 data bytes\n64 bytes from %s: seq=0 ttl=64 time=0.010 ms\n\n--- %s ping statistics ---\n1 packets transmitted, 1 packets received, 0%% packet loss\n", host, addrs[0], addrs[0], host)
	return 0
}

func redisCLI(ctx context.Context, s *shell, args []string) int {
	host, port := "localhost", "6379"
	var command []string
	for i := 0; i < len(args); i++ {
		switch {
		case len(command) == 0 && args[i] == "-h" && i+1 < len(args):
			i++
			host = args[i]
		case len(command) == 0 && args[i] == "-p" && i+1 < len(args):
			i++
			port = args[i]
		default:
			command = append(command, args[i])
		}
	}
	if len(command) == 0 {
		fmt.Fprintln(s.stderr, "redis-cli: a command is needed")
		return 1
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := s.p.dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		fmt.Fprintf(s.stderr, "Could not connect to Redis at %s:%s: %v\n", host, port, err)
		return 1
	}
	defer c.Close()
	answer, err := redisCommand(ctx, c, command...)
	if err != nil {
		return s.fail("redis-cli", err)
	}
	fmt.Fprintln(s.stdout, answer)
	return 0
}

// httpd listens on the container's ports as the image would: for scripts that end in their server. -p names another port.
func httpd(ctx context.Context, s *shell, args []string) int {
	p := s.p
	if i := indexOf(args, "-p"); i >= 0 && i+1 < len(args) {
		if n := number(args[i+1]); n > 0 && n < 65536 {
			p.image.Ports = []int32{int32(n)}
		}
	}
	if len(p.ports()) == 0 {
		p.image.Ports = []int32{80}
	}
	stop, err := p.listen(ctx)
	if err != nil {
		return s.fail("httpd", err)
	}
	<-ctx.Done()
	stop()
	return 143
}

func indexOf(args []string, want string) int {
	for i, a := range args {
		if a == want {
			return i
		}
	}
	return -1
}

func ipTool(_ context.Context, s *shell, _ []string) int {
	fmt.Fprintf(s.stdout, "1: lo: <LOOPBACK,UP>\n    inet 127.0.0.1/8 scope host lo\n2: eth0@if1: <UP>\n    inet %s/24 scope global eth0\n", s.p.spec.IP)
	return 0
}
