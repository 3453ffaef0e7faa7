package services

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// names are what cluster DNS knows, as the Kubernetes DNS specification has it: Services, headless Services, the Pods
// behind them by host name, their ports (SRV), and Pods by address.
type names struct {
	domain string // without dots around it
	host   func(ctx context.Context, network, name string) ([]netip.Addr, error)

	mu       sync.RWMutex
	services map[string]*corev1.Service                       // by name.namespace
	slices   map[string]map[string]*discoveryv1.EndpointSlice // by name.namespace, then by the slice's name
	pointers map[netip.Addr]string
	// namespaces counts the Services of each.
	namespaces map[string]int
}

// outsideLimit bounds a question to the host's resolver.
const outsideLimit = 5 * time.Second

func newNames(domain string) *names {
	return &names{
		domain: strings.Trim(domain, "."), host: net.DefaultResolver.LookupNetIP, services: map[string]*corev1.Service{},
		slices: map[string]map[string]*discoveryv1.EndpointSlice{}, pointers: map[netip.Addr]string{}, namespaces: map[string]int{},
	}
}

func (n *names) service(old, now *corev1.Service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if old != nil {
		delete(n.services, old.Name+"."+old.Namespace)
		if n.namespaces[old.Namespace]--; n.namespaces[old.Namespace] == 0 {
			delete(n.namespaces, old.Namespace)
		}
		if ip, err := netip.ParseAddr(old.Spec.ClusterIP); err == nil {
			delete(n.pointers, ip)
		}
	}
	if now != nil {
		n.services[now.Name+"."+now.Namespace] = now
		n.namespaces[now.Namespace]++
		if ip, err := netip.ParseAddr(now.Spec.ClusterIP); err == nil {
			n.pointers[ip] = fmt.Sprintf("%s.%s.svc.%s.", now.Name, now.Namespace, n.domain)
		}
	}
}

func (n *names) slice(old, now *discoveryv1.EndpointSlice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range []*discoveryv1.EndpointSlice{old, now} {
		if s == nil {
			continue
		}
		k := s.Labels[discoveryv1.LabelServiceName] + "." + s.Namespace
		if s == old {
			delete(n.slices[k], s.Name)
			if len(n.slices[k]) == 0 {
				delete(n.slices, k)
			}
			continue
		}
		if n.slices[k] == nil {
			n.slices[k] = map[string]*discoveryv1.EndpointSlice{}
		}
		n.slices[k][s.Name] = s
	}
}

// target is one endpoint of a headless Service.
type target struct {
	host string // the Pod's host name, or its address with dashes
	ip   netip.Addr
	port uint16
}

// answer is what a name stands for.
type answer struct {
	addrs  []netip.Addr
	srv    []target
	alias  string // an external name
	text   string
	exists bool
}

// maxAliases is how many external names may lead to each other.
const maxAliases = 8

// lookup serves dialers. Besides whole names it knows name.namespace, as a browser would want to write it. What an external
// name leads to outside of the cluster is asked of the host's resolver.
func (n *names) lookup(name string) ([]netip.Addr, bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	a, ours := n.find(name)
	if ours {
		return n.follow(a), true
	}
	// A short name is tried without claiming it: example.com may be a Service com's namespace, and usually is not.
	if strings.Count(name, ".") >= 1 {
		for _, full := range []string{name + ".svc." + n.domain, name + "." + n.domain} {
			if a, _ := n.find(full); a.exists {
				return n.follow(a), true
			}
		}
	}
	return nil, false
}

// follow gives the addresses of an answer, which may be another name.
func (n *names) follow(a answer) []netip.Addr {
	for range maxAliases {
		if a.alias == "" {
			return a.addrs
		}
		next, ours := n.find(strings.ToLower(strings.TrimSuffix(a.alias, ".")))
		if !ours {
			return n.outside(a.alias)
		}
		a = next
	}
	return nil
}

// outside asks the host's resolver.
func (n *names) outside(name string) []netip.Addr {
	ctx, cancel := context.WithTimeout(context.Background(), outsideLimit)
	defer cancel()
	found, err := n.host(ctx, "ip4", name)
	if err != nil {
		return nil // no such host, as far as the cluster is concerned
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found
}

// find answers for a whole name; ours says that the name is in the cluster's domain.
func (n *names) find(name string) (a answer, ours bool) {
	if name == n.domain {
		return answer{exists: true}, true
	}
	rest, ours := strings.CutSuffix(name, "."+n.domain)
	if !ours {
		return answer{}, false
	}
	labels := strings.Split(rest, ".")
	kind := labels[len(labels)-1]
	labels = labels[:len(labels)-1]
	n.mu.RLock()
	defer n.mu.RUnlock()
	switch {
	case kind == "dns-version" && len(labels) == 0:
		return answer{text: "1.1.0", exists: true}, true // of the specification
	case (kind == "svc" || kind == "pod") && len(labels) == 0:
		return answer{exists: true}, true
	case (kind == "svc" || kind == "pod") && len(labels) == 1:
		return answer{exists: n.namespaces[labels[0]] > 0}, true
	case kind == "pod" && len(labels) == 2:
		if ip, err := netip.ParseAddr(strings.ReplaceAll(labels[0], "-", ".")); err == nil {
			return answer{addrs: []netip.Addr{ip}, exists: true}, true
		}
	case kind == "svc" && len(labels) == 2:
		return n.of(labels[0], labels[1], "", ""), true
	case kind == "svc" && len(labels) == 3:
		return n.endpoint(labels[0], labels[1], labels[2]), true
	case kind == "svc" && len(labels) == 4 && strings.HasPrefix(labels[0], "_") && strings.HasPrefix(labels[1], "_"):
		return n.of(labels[2], labels[3], labels[0][1:], labels[1][1:]), true
	}
	return answer{}, true
}

// of answers for a Service, or one of its ports by name; it needs n.mu.
func (n *names) of(service, namespace, port, protocol string) answer {
	s := n.services[service+"."+namespace]
	if s == nil {
		return answer{}
	}
	a := answer{exists: true}
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		a.alias = s.Spec.ExternalName
		return a
	}
	wanted := func(p corev1.ServicePort) bool {
		return port == "" || p.Name == port && strings.EqualFold(string(p.Protocol), protocol)
	}
	if ip, err := netip.ParseAddr(s.Spec.ClusterIP); err == nil {
		for _, p := range s.Spec.Ports {
			if wanted(p) {
				a.srv = append(a.srv, target{host: "", ip: ip, port: uint16(p.Port)})
			}
		}
		a.addrs = []netip.Addr{ip}
		a.exists = port == "" || len(a.srv) > 0
		return a
	}
	for _, t := range n.targets(service, namespace, s.Spec.PublishNotReadyAddresses, port, protocol) {
		if !slices.Contains(a.addrs, t.ip) {
			a.addrs = append(a.addrs, t.ip)
		}
		a.srv = append(a.srv, t)
	}
	a.exists = len(a.addrs) > 0 // CoreDNS has it so
	rand.Shuffle(len(a.addrs), func(i, j int) { a.addrs[i], a.addrs[j] = a.addrs[j], a.addrs[i] })
	return a
}

// targets are the endpoints of a headless Service; it needs n.mu.
func (n *names) targets(service, namespace string, unready bool, port, protocol string) []target {
	var out []target
	for _, s := range n.slices[service+"."+namespace] {
		for _, e := range s.Endpoints {
			if !unready && e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			for _, address := range e.Addresses {
				ip, err := netip.ParseAddr(address)
				if err != nil {
					continue
				}
				t := target{host: strings.ReplaceAll(address, ".", "-"), ip: ip}
				if e.Hostname != nil && *e.Hostname != "" {
					t.host = *e.Hostname
				}
				if len(s.Ports) == 0 && port == "" {
					out = append(out, t)
				}
				for _, p := range s.Ports {
					if p.Port == nil || port != "" && (p.Name == nil || *p.Name != port || p.Protocol == nil || !strings.EqualFold(string(*p.Protocol), protocol)) {
						continue
					}
					t.port = uint16(*p.Port)
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// endpoint answers for one endpoint of a Service by its host name, or its address with dashes; it needs n.mu.
func (n *names) endpoint(host, service, namespace string) answer {
	s := n.services[service+"."+namespace]
	if s == nil || s.Spec.Type == corev1.ServiceTypeExternalName {
		return answer{}
	}
	a := answer{}
	for _, t := range n.targets(service, namespace, s.Spec.PublishNotReadyAddresses, "", "") {
		if t.host == host && !slices.Contains(a.addrs, t.ip) {
			a.addrs, a.exists = append(a.addrs, t.ip), true
		}
	}
	return a
}

// pointer gives the name of a Service's address, or those of the endpoints there that have a host name.
func (n *names) pointer(ip netip.Addr) ([]string, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if name, ok := n.pointers[ip]; ok {
		return []string{name}, true
	}
	var out []string
	for service, all := range n.slices {
		for _, s := range all {
			for _, e := range s.Endpoints {
				if e.Hostname != nil && *e.Hostname != "" && (e.Conditions.Ready == nil || *e.Conditions.Ready) && has(e, ip) {
					out = append(out, fmt.Sprintf("%s.%s.svc.%s.", *e.Hostname, service, n.domain))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), len(out) > 0
}
