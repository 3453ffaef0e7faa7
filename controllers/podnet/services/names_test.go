package services

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

func meta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: "shop"} }

// shop is a namespace with a Service, a headless one of a StatefulSet, and external names.
func shop() *names {
	n := newNames("cluster.local.")
	n.host = func(_ context.Context, _, name string) ([]netip.Addr, error) {
		switch name {
		case "example.com":
			return []netip.Addr{netip.MustParseAddr("::ffff:93.184.216.34")}, nil
		case "down.example":
			return nil, errors.New("nobody answers")
		}
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	n.service(nil, &corev1.Service{ObjectMeta: meta("web"), Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.7", Ports: []corev1.ServicePort{
		{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}, {Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP},
	}}})
	n.service(nil, &corev1.Service{ObjectMeta: meta("db"), Spec: corev1.ServiceSpec{ClusterIP: "None"}})
	for name, target := range map[string]string{"alias": "web.shop.svc.cluster.local", "far": "example.com", "lost": "nowhere.example", "loop": "loop.shop.svc.cluster.local"} {
		n.service(nil, &corev1.Service{ObjectMeta: meta(name), Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: target}})
	}
	end := func(ip, host string, ready bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{Addresses: []string{ip}, Hostname: &host, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}
	}
	m := meta("db-x")
	m.Labels = map[string]string{discoveryv1.LabelServiceName: "db"}
	n.slice(nil, &discoveryv1.EndpointSlice{
		ObjectMeta: m, Endpoints: []discoveryv1.Endpoint{end("10.244.1.2", "db-0", true), end("10.244.2.2", "db-1", true), end("10.244.3.2", "db-2", false)},
		Ports: []discoveryv1.EndpointPort{{Name: new("sql"), Port: new(int32(5432)), Protocol: new(corev1.ProtocolTCP)}},
	})
	n.service(nil, &corev1.Service{ObjectMeta: meta("empty"), Spec: corev1.ServiceSpec{ClusterIP: "None"}})
	m = meta("web-x")
	m.Labels = map[string]string{discoveryv1.LabelServiceName: "web"}
	n.slice(nil, &discoveryv1.EndpointSlice{ObjectMeta: m, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.244.1.9"}}}})
	return n
}

func TestLookup(t *testing.T) {
	n := shop()
	for name, want := range map[string]string{
		"web.shop.svc.cluster.local":        "10.96.0.7",
		"WEB.shop.svc.cluster.local.":       "10.96.0.7",
		"web.shop":                          "10.96.0.7",
		"web.shop.svc":                      "10.96.0.7",
		"alias.shop":                        "10.96.0.7",
		"far.shop.svc.cluster.local":        "93.184.216.34",
		"lost.shop.svc.cluster.local":       "",
		"loop.shop.svc.cluster.local":       "",
		"db.shop.svc.cluster.local":         "10.244.1.2 10.244.2.2",
		"db-1.db.shop.svc.cluster.local":    "10.244.2.2",
		"db-2.db.shop.svc.cluster.local":    "", // not ready
		"10-244-9-9.shop.pod.cluster.local": "10.244.9.9",
		"nothing.shop.svc.cluster.local":    "",
		"example.com":                       "unknown",
		"cluster.local":                     "",
	} {
		addrs, known := n.lookup(name)
		slices.SortFunc(addrs, netip.Addr.Compare)
		var got []string
		for _, a := range addrs {
			got = append(got, a.String())
		}
		if !known {
			got = []string{"unknown"}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s is %q, want %q", name, s, want)
		}
	}
}

func TestDNSRecords(t *testing.T) {
	n := shop()
	for question, want := range map[string]string{
		"web.shop.svc.cluster.local. A":              "web.shop.svc.cluster.local. 5 IN A 10.96.0.7",
		"_http._tcp.web.shop.svc.cluster.local. SRV": "_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 100 80 web.shop.svc.cluster.local.",
		"_dns._udp.web.shop.svc.cluster.local. SRV":  "_dns._udp.web.shop.svc.cluster.local. 5 IN SRV 0 100 53 web.shop.svc.cluster.local.",
		"_dns._tcp.web.shop.svc.cluster.local. SRV":  "NXDOMAIN",
		"_sql._tcp.db.shop.svc.cluster.local. SRV": "_sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-0.db.shop.svc.cluster.local.\n" +
			"_sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-1.db.shop.svc.cluster.local.",
		"far.shop.svc.cluster.local. A":     "far.shop.svc.cluster.local. 5 IN CNAME example.com.\nexample.com. 5 IN A 93.184.216.34",
		"far.shop.svc.cluster.local. CNAME": "far.shop.svc.cluster.local. 5 IN CNAME example.com.",
		"7.0.96.10.in-addr.arpa. PTR":       "7.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.",
		"8.0.96.10.in-addr.arpa. PTR":       "NXDOMAIN",
		"nothing.shop.svc.cluster.local. A": "NXDOMAIN",
		"example.com. A":                    "example.com. 5 IN A 93.184.216.34",
		"example.com. AAAA":                 "",
		"example.com. MX":                   "REFUSED",
		"nowhere.example. A":                "NXDOMAIN",
		"down.example. A":                   "SERVFAIL",
		"web. A":                            "NXDOMAIN",
		"web.shop.svc.cluster.local. AAAA":  "",
		"empty.shop.svc.cluster.local. A":   "NXDOMAIN",
		"shop.svc.cluster.local. A":         "",
		"ops.svc.cluster.local. A":          "NXDOMAIN",
		"svc.cluster.local. A":              "",
		"cluster.local. A":                  "",
		"dns-version.cluster.local. TXT":    `dns-version.cluster.local. 5 IN TXT "1.1.0"`,
		// The Pods of a headless Service, and of any other by their addresses.
		"2.2.244.10.in-addr.arpa. PTR":              "2.2.244.10.in-addr.arpa. 5 IN PTR db-1.db.shop.svc.cluster.local.",
		"2.3.244.10.in-addr.arpa. PTR":              "NXDOMAIN", // not ready
		"10-244-1-9.web.shop.svc.cluster.local. A":  "10-244-1-9.web.shop.svc.cluster.local. 5 IN A 10.244.1.9",
		"10-244-1-10.web.shop.svc.cluster.local. A": "NXDOMAIN",
		"9.1.244.10.in-addr.arpa. PTR":              "NXDOMAIN", // it has no host name
	} {
		name, kind, _ := strings.Cut(question, " ")
		m := n.reply(new(dns.Msg).SetQuestion(name, dns.StringToType[kind]))
		var got []string
		for _, rr := range m.Answer {
			got = append(got, strings.ReplaceAll(rr.String(), "\t", " "))
		}
		if kind == "SRV" {
			slices.Sort(got)
		}
		if m.Rcode != dns.RcodeSuccess {
			got = append(got, dns.RcodeToString[m.Rcode])
		}
		if s := strings.Join(got, "\n"); s != want {
			t.Errorf("%s\n  gives %s\n  want  %s", question, s, want)
		}
	}
}

// A client of the network asks by UDP and by TCP.
func TestDNSServer(t *testing.T) {
	network := podnet.New()
	stop, err := serveDNS(network, shop())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, protocol := range []string{"udp", "tcp"} {
		c, err := network.DialContext(t.Context(), protocol, netip.AddrPortFrom(podnet.Gateway, 53).String())
		if err != nil {
			t.Fatal(err)
		}
		q := new(dns.Msg).SetQuestion("web.shop.svc.cluster.local.", dns.TypeA)
		m, _, err := new(dns.Client).ExchangeWithConn(q, &dns.Conn{Conn: c})
		if err != nil || len(m.Answer) != 1 {
			t.Errorf("%s: %v, %v", protocol, m, err)
		}
		_ = c.Close()
	}
}

// An answer that is too long for a datagram says so, and is whole by TCP.
func TestLongAnswer(t *testing.T) {
	network := podnet.New()
	n := shop()
	m := meta("db-many")
	m.Labels = map[string]string{discoveryv1.LabelServiceName: "empty"}
	many := &discoveryv1.EndpointSlice{ObjectMeta: m}
	for i := range 100 {
		many.Endpoints = append(many.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.244.7.%d", i)}})
	}
	n.slice(nil, many)
	stop, err := serveDNS(network, n)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, test := range []struct {
		protocol string
		size     uint16
		whole    bool
	}{{"udp", 0, false}, {"udp", 4096, true}, {"tcp", 0, true}} {
		c, err := network.DialContext(t.Context(), test.protocol, netip.AddrPortFrom(podnet.Gateway, 53).String())
		if err != nil {
			t.Fatal(err)
		}
		q := new(dns.Msg).SetQuestion("empty.shop.svc.cluster.local.", dns.TypeA)
		if test.size > 0 {
			q.SetEdns0(test.size, false)
		}
		m, _, err := new(dns.Client).ExchangeWithConn(q, &dns.Conn{Conn: c, UDPSize: test.size})
		if err != nil || m.Truncated == test.whole || test.whole != (len(m.Answer) == 100) {
			t.Errorf("%s with %d bytes: %d answers, %v", test.protocol, test.size, len(m.Answer), err)
		}
		_ = c.Close()
	}
}

func TestServiceThatGoes(t *testing.T) {
	n := shop()
	n.service(&corev1.Service{ObjectMeta: meta("web"), Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.7"}}, nil)
	if addrs, known := n.lookup("web.shop.svc.cluster.local"); !known || len(addrs) > 0 {
		t.Errorf("a deleted Service has addresses %v", addrs)
	}
	if p, ok := n.pointer(netip.MustParseAddr("10.96.0.7")); ok {
		t.Errorf("a deleted Service's address is still %s", p)
	}
}
