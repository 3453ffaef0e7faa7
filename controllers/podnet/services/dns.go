package services

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/controllers/podnet"
)

// ttl is in seconds: names change while people watch.
const ttl = 5

// serveDNS answers on port 53 of the gateway, by UDP and TCP, until stop is called.
func serveDNS(n *podnet.Network, known *names) (stop func(), err error) {
	at := podnet.Gateway
	pc, err := n.ListenPacket(netip.AddrPortFrom(at, 53))
	if err != nil {
		return nil, err
	}
	l, err := n.Listen(netip.AddrPortFrom(at, 53))
	if err != nil {
		_ = pc.Close()
		return nil, err
	}
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := known.reply(q)
		if w.LocalAddr().Network() == "udp" { // what does not fit into a datagram is asked for by TCP
			size := dns.MinMsgSize
			if e := q.IsEdns0(); e != nil {
				size = max(size, int(e.UDPSize()))
			}
			m.Truncate(size)
		}
		if err := w.WriteMsg(m); err != nil {
			klog.Background().V(4).Info("Cannot send a DNS answer", "err", err)
		}
	})
	udp, tcp := &dns.Server{PacketConn: pc, Handler: h}, &dns.Server{Listener: l, Handler: h}
	go func() { _ = udp.ActivateAndServe() }() // they end with stop
	go func() { _ = tcp.ActivateAndServe() }()
	return func() {
		_ = pc.Close()
		_ = l.Close()
	}, nil
}

// reply answers a query as CoreDNS does with the configuration of kubeadm. Addresses of names outside of the cluster are asked
// of the host's resolver; it is asked for no other records, and these are refused.
func (n *names) reply(q *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative, m.RecursionAvailable = true, true
	if len(q.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		return m
	}
	question := q.Question[0]
	name := strings.ToLower(question.Name)
	header := func(kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: question.Name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
	}
	if question.Qtype == dns.TypePTR {
		if p, ok := n.reverse(name); ok {
			for _, name := range p {
				m.Answer = append(m.Answer, &dns.PTR{Hdr: header(dns.TypePTR), Ptr: name})
			}
		} else {
			m.Rcode = dns.RcodeNameError
		}
		return m
	}
	a, ours := n.find(strings.TrimSuffix(name, "."))
	if !ours {
		m.Authoritative = false
		n.forward(m, question)
		return m
	}
	authority := &dns.SOA{
		Hdr: dns.RR_Header{Name: n.domain + ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: ttl},
		Ns:  "ns.dns." + n.domain + ".", Mbox: "hostmaster." + n.domain + ".", Serial: 1, Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: ttl,
	}
	if !a.exists {
		m.Rcode, m.Ns = dns.RcodeNameError, []dns.RR{authority}
		return m
	}
	if a.alias != "" {
		target := dns.Fqdn(a.alias)
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: header(dns.TypeCNAME), Target: target})
		if question.Qtype == dns.TypeA || question.Qtype == dns.TypeANY {
			for _, ip := range n.follow(a) { // a stub resolver does not ask again
				m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: target, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl}, A: net.IP(ip.AsSlice())})
			}
		}
		return m
	}
	switch question.Qtype {
	case dns.TypeTXT:
		if a.text != "" {
			m.Answer = append(m.Answer, &dns.TXT{Hdr: header(dns.TypeTXT), Txt: []string{a.text}})
		}
	case dns.TypeA, dns.TypeANY:
		for _, ip := range a.addrs {
			m.Answer = append(m.Answer, &dns.A{Hdr: header(dns.TypeA), A: net.IP(ip.AsSlice())})
		}
	case dns.TypeSRV:
		base := name
		if i := strings.LastIndex(name, "._"); strings.HasPrefix(name, "_") && i >= 0 {
			_, base, _ = strings.Cut(name[i+1:], ".")
		}
		for _, t := range a.srv {
			host := base
			if t.host != "" {
				host = t.host + "." + base
			}
			m.Answer = append(m.Answer, &dns.SRV{Hdr: header(dns.TypeSRV), Priority: 0, Weight: uint16(100 / len(a.srv)), Port: t.port, Target: host})
			m.Extra = append(m.Extra, &dns.A{Hdr: dns.RR_Header{Name: host, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl}, A: net.IP(t.ip.AsSlice())})
		}
	}
	if len(m.Answer) == 0 {
		m.Ns = append(m.Ns, authority)
	}
	return m
}

// forward answers for a name outside of the cluster. One without a dot is nobody's: it is the last that a search path tries.
func (n *names) forward(m *dns.Msg, q dns.Question) {
	name := strings.TrimSuffix(q.Name, ".")
	switch {
	case !strings.Contains(name, "."):
		m.Rcode = dns.RcodeNameError
		return
	case q.Qtype != dns.TypeA && q.Qtype != dns.TypeAAAA:
		m.Rcode = dns.RcodeRefused
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), outsideLimit)
	defer cancel()
	found, err := n.host(ctx, "ip", name)
	if e := (*net.DNSError)(nil); errors.As(err, &e) && e.IsNotFound {
		m.Rcode = dns.RcodeNameError
	} else if err != nil {
		m.Rcode = dns.RcodeServerFailure
	}
	for _, ip := range found {
		header := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: ttl}
		switch ip = ip.Unmap(); {
		case ip.Is4() && q.Qtype == dns.TypeA:
			m.Answer = append(m.Answer, &dns.A{Hdr: header, A: ip.AsSlice()})
		case ip.Is6() && q.Qtype == dns.TypeAAAA:
			m.Answer = append(m.Answer, &dns.AAAA{Hdr: header, AAAA: ip.AsSlice()})
		}
	}
}

func (n *names) reverse(name string) ([]string, bool) {
	digits, ok := strings.CutSuffix(name, ".in-addr.arpa.")
	if !ok {
		return nil, false
	}
	parts := strings.Split(digits, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	ip, err := netip.ParseAddr(strings.Join(parts, "."))
	if err != nil {
		return nil, false
	}
	return n.pointer(ip)
}
