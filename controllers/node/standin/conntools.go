package standin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// nslookup asks for addresses, or for the name of one; -type=srv and the like asks for other records. After the name may come
// that of the server to ask.
func nslookup(ctx context.Context, s *shell, args []string) int {
	options, names := split(args)
	if len(names) == 0 {
		fmt.Fprintln(s.stderr, "nslookup: a name is needed")
		return 1
	}
	server := strings.Join(names[1:], "")
	kinds := []uint16{}
	if _, err := netip.ParseAddr(names[0]); err == nil {
		kinds = append(kinds, dns.TypePTR)
	}
	for _, o := range options {
		_, kind, ok := strings.Cut(o, "type=")
		if t := dns.StringToType[strings.ToUpper(kind)]; ok && t != dns.TypeA {
			if t == dns.TypeNone {
				fmt.Fprintf(s.stderr, "nslookup: no record is of type %q\n", kind)
				return 1
			}
			kinds = append(kinds, t)
		}
	}
	var out string
	var err error
	if len(kinds) > 0 {
		out, err = s.p.records(ctx, names[0], server, kinds[len(kinds)-1])
	} else {
		out, err = s.p.query(ctx, names[0], server)
	}
	fmt.Fprint(s.stdout, out)
	e := (*net.DNSError)(nil)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNoAnswer):
	case errors.As(err, &e) && e.IsNotFound:
		fmt.Fprintf(s.stdout, "** server can't find %s: NXDOMAIN\n\n", names[0])
	case errors.As(err, &e) && e.IsTemporary:
		fmt.Fprint(s.stdout, ";; connection timed out; no servers could be reached\n\n")
	default:
		return s.fail("nslookup", err)
	}
	return 1
}

func getent(ctx context.Context, s *shell, args []string) int {
	if len(args) != 2 || args[0] != "hosts" {
		return 2
	}
	addrs, full, err := s.p.lookup(ctx, args[1])
	if err != nil || len(addrs) == 0 {
		return 2
	}
	for _, a := range addrs {
		fmt.Fprintf(s.stdout, "%-16s %s\n", a, full)
	}
	return 0
}

// nc connects to a host and port: -z tries only (-v says so), -u is for UDP, -w for a time limit in seconds.
func nc(ctx context.Context, s *shell, args []string) int {
	network, limit, try, loud := "tcp", 10*time.Second, false, false
	var rest []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-w" && i+1 < len(args):
			i++
			limit, _ = seconds(args[i])
		case strings.HasPrefix(a, "-w"):
			limit, _ = seconds(a[2:])
		case strings.HasPrefix(a, "-"):
			try, loud = try || strings.Contains(a, "z"), loud || strings.Contains(a, "v")
			if strings.Contains(a, "u") {
				network = "udp"
			}
		default:
			rest = append(rest, a)
		}
	}
	if listen, ok := listenOf(args, rest); ok {
		return listen.run(ctx, s, network)
	}
	if len(rest) != 2 {
		fmt.Fprintln(s.stderr, "nc: a host and a port are needed")
		return 1
	}
	dctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := s.p.dial(dctx, network, net.JoinHostPort(rest[0], rest[1]))
	if err != nil {
		if e := (*net.DNSError)(nil); errors.As(err, &e) {
			fmt.Fprintf(s.stderr, "nc: bad address '%s'\n", rest[0])
		} else {
			fmt.Fprintf(s.stderr, "nc: %s:%s: %s\n", rest[0], rest[1], whyNot(err))
		}
		return 1
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if try {
		if loud {
			fmt.Fprintf(s.stderr, "%s (%s) open\n", rest[0], c.RemoteAddr())
		}
		return 0
	}
	if s.stdin != nil && network == "udp" {
		r := bufio.NewReader(s.stdin) // a datagram for each line, in however many pieces it comes
		for {
			line, err := r.ReadBytes('\n')
			if len(line) > 0 {
				_, _ = c.Write(line) // one that nobody takes is lost
			}
			if err != nil {
				break
			}
		}
	} else if s.stdin != nil {
		_, _ = io.Copy(c, s.stdin)
		if w, ok := c.(interface{ CloseWrite() error }); ok {
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
	addrs, _, err := s.p.lookup(ctx, host)
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
