package containers

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// payload is the size of the largest answer that is taken in one datagram; longer ones are asked for by TCP.
const payload = 4096

// Lookup finds the addresses of a name as a program in the Pod does: in /etc/hosts, and where that does not know it by
// Resolve.
func (s *Spec) Lookup(ctx context.Context, n *podnet.Network, name string) (addrs []netip.Addr, full string, err error) {
	if addrs := s.hosts(name); len(addrs) > 0 {
		return addrs, name, nil
	}
	if name == s.Hostname {
		return []netip.Addr{s.IP}, name, nil
	}
	return s.Resolve(ctx, n, name)
}

// Resolve asks the Pod's name servers, for each name that its search path makes of it. full is the name that was found. The
// error is a *net.DNSError where there is no such name, or where nobody answers.
func (s *Spec) Resolve(ctx context.Context, n *podnet.Network, name string) (addrs []netip.Addr, full string, err error) {
	for _, candidate := range s.Candidates(name) {
		addrs, err := s.addresses(ctx, n, candidate)
		if e := (*net.DNSError)(nil); errors.As(err, &e) && e.IsNotFound {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if len(addrs) > 0 {
			return addrs, strings.TrimSuffix(candidate, "."), nil
		}
	}
	return nil, "", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// Candidates are the names that the Pod's search path makes of a name, in the order in which they are asked for.
func (s *Spec) Candidates(name string) []string {
	if s.DNS == nil || strings.HasSuffix(name, ".") {
		return []string{name}
	}
	var out []string
	for _, search := range s.DNS.Searches {
		if search = strings.Trim(search, "."); search != "" {
			out = append(out, name+"."+search)
		}
	}
	if strings.Count(name, ".") >= s.option("ndots", 5) {
		return append([]string{name}, out...)
	}
	return append(out, name)
}

// option is the value of an option of the resolver, and otherwise where it is not set.
func (s *Spec) option(name string, otherwise int) int {
	if s.DNS != nil {
		for _, o := range s.DNS.Options {
			if v, ok := strings.CutPrefix(o, name+":"); ok {
				if i, err := strconv.Atoi(v); err == nil {
					return i
				}
			}
		}
	}
	return otherwise
}

// hosts are the addresses that /etc/hosts has for a name, which is where the kubelet writes hostAliases.
func (s *Spec) hosts(name string) []netip.Addr {
	i := slices.IndexFunc(s.Mounts, func(m *runtimeapi.Mount) bool { return path.Clean(m.GetContainerPath()) == "/etc/hosts" })
	if i < 0 {
		return nil
	}
	b, err := os.ReadFile(s.Mounts[i].GetHostPath())
	if err != nil {
		return nil // as a resolver does
	}
	var out []netip.Addr
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 || !slices.ContainsFunc(fields[1:], func(f string) bool { return strings.EqualFold(f, strings.TrimSuffix(name, ".")) }) {
			continue
		}
		if ip, err := netip.ParseAddr(fields[0]); err == nil && ip.Is4() {
			out = append(out, ip)
		}
	}
	return out
}

// addresses asks for those of a whole name.
func (s *Spec) addresses(ctx context.Context, n *podnet.Network, name string) ([]netip.Addr, error) {
	if s.DNS == nil || len(s.DNS.Servers) == 0 {
		if addrs, known := n.LookupHost(name); known {
			return addrs, nil
		}
		return host(ctx, name)
	}
	if ip, err := netip.ParseAddr(s.DNS.Servers[0]); err == nil && ip.IsLoopback() {
		return host(ctx, name) // dnsPolicy Default: the machine's
	}
	var out []netip.Addr
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		m, err := s.Query(ctx, n, name, kind)
		if err != nil {
			return nil, err
		}
		for _, rr := range m.Answer {
			var ip net.IP
			switch r := rr.(type) {
			case *dns.A:
				ip = r.A
			case *dns.AAAA:
				ip = r.AAAA
			}
			if a, ok := netip.AddrFromSlice(ip); ok {
				out = append(out, a.Unmap())
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out, nil
}

// host asks the resolver of this machine.
func host(ctx context.Context, name string) ([]netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(name, "."))
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return addrs, err
}

// Query asks the Pod's name servers one question, as often and for as long as its resolv.conf says. The error is a
// *net.DNSError where there is no such name, or where nobody answers.
func (s *Spec) Query(ctx context.Context, n *podnet.Network, name string, kind uint16) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind).SetEdns0(payload, false)
	timeout := time.Duration(max(s.option("timeout", 5), 1)) * time.Second
	failed := &net.DNSError{Err: "no name server", Name: name}
	for range max(s.option("attempts", 2), 1) {
		for _, server := range s.DNS.GetServers() {
			m, err := s.exchange(ctx, n, server, q, timeout)
			switch {
			case err != nil:
				failed = &net.DNSError{UnwrapErr: err, Err: "no name server answers: " + err.Error(), Name: name, Server: server, IsTimeout: errors.Is(err, os.ErrDeadlineExceeded), IsTemporary: true}
			case m.Rcode == dns.RcodeSuccess:
				return m, nil
			case m.Rcode == dns.RcodeNameError:
				return nil, &net.DNSError{Err: "no such host", Name: name, Server: server, IsNotFound: true}
			default:
				failed = &net.DNSError{Err: "the name server says " + dns.RcodeToString[m.Rcode], Name: name, Server: server, IsTemporary: true}
			}
			if ctx.Err() != nil {
				return nil, failed
			}
		}
	}
	return nil, failed
}

// exchange asks one server, over the network, from the Pod.
func (s *Spec) exchange(ctx context.Context, n *podnet.Network, server string, q *dns.Msg, timeout time.Duration) (*dns.Msg, error) {
	var m *dns.Msg
	for _, network := range []string{"udp", "tcp"} {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			c, err := n.Dialer(s.IP)(ctx, network, net.JoinHostPort(server, "53"))
			if err != nil {
				return err
			}
			defer c.Close()
			defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now()) })()
			m, _, err = (&dns.Client{Timeout: timeout}).ExchangeWithConnContext(ctx, q, &dns.Conn{Conn: c, UDPSize: payload})
			return err
		}()
		if err != nil || !m.Truncated {
			return m, err
		}
	}
	return m, nil
}
