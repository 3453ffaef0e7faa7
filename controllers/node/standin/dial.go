package standin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
)

// dial connects as a program in the Pod does.
func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return p.spec.Dial(ctx, p.engine.network, network, address)
}

func (p *process) lookup(ctx context.Context, name string) (addrs []netip.Addr, full string, err error) {
	return p.spec.Lookup(ctx, p.engine.network, name)
}

// transport is for HTTP requests from the container.
func (p *process) transport() *http.Transport {
	return &http.Transport{DialContext: p.dial, ResponseHeaderTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second}
}

// asker is the Pod as one that asks a name server: one of its own, or the one that is named, by its address or name.
func (p *process) asker(ctx context.Context, server string) (*containers.Spec, error) {
	s := p.spec
	if server != "" {
		addrs, _, err := p.lookup(ctx, server)
		if ip, perr := netip.ParseAddr(server); perr == nil {
			addrs = []netip.Addr{ip}
		} else if err != nil {
			return nil, err
		}
		s.DNS = &runtimeapi.DNSConfig{Servers: []string{addrs[0].String()}, Searches: s.DNS.GetSearches(), Options: s.DNS.GetOptions()}
	}
	if len(s.DNS.GetServers()) == 0 {
		return nil, errors.New("the Pod has no DNS server")
	}
	return &s, nil
}

// errNoAnswer says that there is such a name, and no record of the type.
var errNoAnswer = errors.New("no answer")

// answered is how nslookup begins.
func answered(s *containers.Spec) string {
	return fmt.Sprintf("Server:\t\t%[1]s\nAddress:\t%[1]s:53\n\n", s.DNS.Servers[0])
}

// query asks for addresses as nslookup does.
func (p *process) query(ctx context.Context, name, server string) (string, error) {
	s, err := p.asker(ctx, server)
	if err != nil {
		return "", err
	}
	addrs, full, err := s.Resolve(ctx, p.engine.network, name)
	if err != nil {
		return answered(s), err
	}
	var b strings.Builder
	for _, a := range addrs {
		fmt.Fprintf(&b, "Name:\t%s\nAddress: %s\n", full, a)
	}
	return answered(s) + b.String() + "\n", nil
}

// records asks for the records of a type, by each name that the Pod's search path makes of it.
func (p *process) records(ctx context.Context, name, server string, kind uint16) (string, error) {
	s, err := p.asker(ctx, server)
	if err != nil {
		return "", err
	}
	candidates := s.Candidates(name)
	if ip, err := netip.ParseAddr(name); err == nil {
		candidates[0], _ = dns.ReverseAddr(ip.String()) // it is an address
		candidates = candidates[:1]
	}
	out, there := answered(s), ""
	for _, candidate := range candidates {
		m, err := s.Query(ctx, p.engine.network, candidate, kind)
		if e := (*net.DNSError)(nil); errors.As(err, &e) && e.IsNotFound {
			continue
		}
		if err != nil {
			return out, err
		}
		if len(m.Answer) == 0 {
			there = candidate // it has records of other types
			continue
		}
		for _, rr := range m.Answer {
			owner := strings.TrimSuffix(rr.Header().Name, ".")
			switch r := rr.(type) {
			case *dns.SRV:
				out += fmt.Sprintf("%s\tservice = %d %d %d %s\n", owner, r.Priority, r.Weight, r.Port, strings.TrimSuffix(r.Target, "."))
			case *dns.PTR:
				out += fmt.Sprintf("%s\tname = %s\n", owner, strings.TrimSuffix(r.Ptr, "."))
			case *dns.CNAME:
				out += fmt.Sprintf("%s\tcanonical name = %s\n", owner, strings.TrimSuffix(r.Target, "."))
			default:
				out += rr.String() + "\n"
			}
		}
		return out, nil
	}
	if there != "" {
		return out + fmt.Sprintf("*** Can't find %s: No answer\n\n", there), errNoAnswer
	}
	return out, &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
}
