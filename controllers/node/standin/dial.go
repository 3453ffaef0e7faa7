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
)

// dial connects as a program in the Pod does.
func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return p.spec.Dial(ctx, p.engine.network, network, address)
}

func (p *process) lookup(name string) (addrs []netip.Addr, full string, err error) {
	return p.spec.Lookup(p.engine.network, name)
}

// transport is for HTTP requests from the container.
func (p *process) transport() *http.Transport {
	return &http.Transport{DialContext: p.dial, ResponseHeaderTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second}
}

// query asks cluster DNS as nslookup does.
func (p *process) query(ctx context.Context, name string) (string, error) {
	server := "none"
	if d := p.spec.DNS; d != nil && len(d.Servers) > 0 {
		server = d.Servers[0]
	}
	addrs, full, err := p.lookup(name)
	if err == nil && len(addrs) == 0 {
		full = name
		var found []string
		if found, err = net.DefaultResolver.LookupHost(ctx, name); err == nil {
			for _, f := range found {
				if a, err := netip.ParseAddr(f); err == nil {
					addrs = append(addrs, a)
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Server:\t\t%s\nAddress:\t%s:53\n\n", server, server)
	if err != nil {
		fmt.Fprintf(&b, "** server can't find %s: NXDOMAIN\n\n", name)
		return b.String(), err
	}
	for _, a := range addrs {
		fmt.Fprintf(&b, "Name:\t%s\nAddress: %s\n", full, a)
	}
	return b.String() + "\n", nil
}

// records asks cluster DNS for the records of a type, by each name that the Pod's search path makes of it.
func (p *process) records(ctx context.Context, name string, kind uint16) (string, error) {
	d := p.spec.DNS
	if d == nil || len(d.Servers) == 0 {
		return "", errors.New("the Pod has no DNS server")
	}
	server := d.Servers[0]
	c, err := p.dial(ctx, "udp", net.JoinHostPort(server, "53"))
	if err != nil {
		return "", err
	}
	defer c.Close()
	candidates := []string{name}
	if ip, err := netip.ParseAddr(name); err == nil && kind == dns.TypePTR {
		candidates[0], _ = dns.ReverseAddr(ip.String()) // it is an address
	} else if !strings.HasSuffix(name, ".") {
		for _, s := range d.Searches {
			candidates = append(candidates, name+"."+s)
		}
	}
	out := fmt.Sprintf("Server:\t\t%s\nAddress:\t%s:53\n\n", server, server)
	for _, candidate := range candidates {
		q := new(dns.Msg).SetQuestion(dns.Fqdn(candidate), kind)
		m, _, err := new(dns.Client).ExchangeWithConnContext(ctx, q, &dns.Conn{Conn: c, UDPSize: 4096})
		if err != nil {
			return out, err
		}
		if len(m.Answer) == 0 {
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
	return out, &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
}
