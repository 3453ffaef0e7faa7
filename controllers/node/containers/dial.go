package containers

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/podarium/podarium/controllers/podnet"
)

// Dial connects over n as a program in the Pod does: localhost is the Pod, and names are completed by the Pod's search path.
func (s *Spec) Dial(ctx context.Context, n *podnet.Network, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dial := n.Dialer(s.IP)
	if host == "localhost" {
		host = s.IP.String()
	} else if ip, err := netip.ParseAddr(host); err == nil {
		if ip.IsLoopback() {
			host = s.IP.String()
		}
	} else {
		addrs, _, err := s.Lookup(n, host)
		if err != nil {
			return nil, err
		}
		if len(addrs) > 0 {
			var last error
			for _, a := range addrs {
				c, err := dial(ctx, network, net.JoinHostPort(a.String(), port))
				if err == nil {
					return c, nil
				}
				last = err
			}
			return nil, last
		}
	}
	return dial(ctx, network, net.JoinHostPort(host, port))
}

// Lookup resolves a name of the cluster by the search path of the Pod; it gives nothing for names outside of it. full is the name that was found.
func (s *Spec) Lookup(n *podnet.Network, name string) (addrs []netip.Addr, full string, err error) {
	if name == s.Hostname {
		return []netip.Addr{s.IP}, name, nil
	}
	candidates := []string{}
	dots := strings.Count(strings.TrimSuffix(name, "."), ".")
	absolute := strings.HasSuffix(name, ".")
	if d := s.DNS; d != nil && !absolute && dots < ndots(d.Options) {
		for _, search := range d.Searches {
			candidates = append(candidates, name+"."+search)
		}
	}
	candidates = append(candidates, name)
	ours := false
	for _, c := range candidates {
		found, known := n.LookupHost(c)
		if len(found) > 0 {
			return found, strings.TrimSuffix(c, "."), nil
		}
		ours = ours || known && (c == name || dots == 0)
	}
	if ours {
		return nil, "", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return nil, "", nil
}

// ndots is how many dots make a name be tried as it is first.
func ndots(options []string) int {
	for _, o := range options {
		if v, ok := strings.CutPrefix(o, "ndots:"); ok {
			if dots, err := strconv.Atoi(v); err == nil {
				return dots
			}
		}
	}
	return 5
}
