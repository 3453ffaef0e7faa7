package services

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/podnet"
)

// apply puts the Services into the network and opens their ports on the host.
func (c *Controller) apply(ctx context.Context, services proxy.ServicePortMap, endpoints proxy.EndpointsMap) {
	c.mu.Lock()
	nodes := maps.Clone(c.nodes)
	specs := maps.Clone(c.specs)
	c.mu.Unlock()

	var out []podnet.Service
	var ports []hostPort
	states := make(map[string]map[netip.AddrPort]cluster.EndpointState, len(services))
	for name, s := range services {
		protocol := podnet.Protocol(strings.ToLower(string(s.Protocol())))
		if protocol != podnet.TCP && protocol != podnet.UDP {
			continue // refuse says so
		}
		svc, open := c.port(name, s, protocol, endpoints[name], nodes, specs[name.NamespacedName.String()])
		out, ports = append(out, svc), append(ports, open...)
		states[svc.Name] = endpointStates(endpoints[name])
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	c.o.Network.SetServices(out)
	c.mu.Lock()
	c.states = states
	c.mu.Unlock()
	health, open := c.healthPorts(services, endpoints, nodes)
	c.health.set(health)
	sort.SliceStable(ports, func(i, j int) bool { return ports[i].service < ports[j].service })
	failed, balancers := c.host.set(append(ports, open...))
	for name, err := range failed {
		if s := specs[name]; s != nil {
			c.recorder.Event(s, corev1.EventTypeWarning, "PortUnavailable", err.Error())
		}
	}
	c.refuse(specs)
	c.publish(ctx, specs, balancers)
}

// port describes one port of a Service, and the ports of the host that lead there.
func (c *Controller) port(name proxy.ServicePortName, s proxy.ServicePort, protocol podnet.Protocol, endpoints []proxy.Endpoint, nodes map[string]machine, spec *corev1.Service) (podnet.Service, []hostPort) {
	svc := podnet.Service{Name: serviceName(name), Protocol: protocol}
	c.spread(&svc, s, endpoints, nodes)
	if s.SessionAffinityType() == corev1.ServiceAffinityClientIP {
		svc.Affinity = time.Duration(s.StickyMaxAgeSeconds()) * time.Second
	}
	add := func(ip netip.Addr, ok bool, port int) {
		if ok {
			svc.Addresses = append(svc.Addresses, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		}
	}
	vip, ok := netip.AddrFromSlice(s.ClusterIP())
	add(vip, ok, s.Port())
	for _, e := range s.ExternalIPs() {
		ip, ok := netip.AddrFromSlice(e)
		add(ip, ok, s.Port())
	}
	to := netip.AddrPortFrom(vip.Unmap(), uint16(s.Port()))
	var ports []hostPort
	if np := s.NodePort(); np != 0 {
		for _, n := range nodes {
			add(n.addr, true, np)
		}
		ports = append(ports, hostPort{service: name.NamespacedName.String(), protocol: protocol, at: netip.AddrPortFrom(loopback, uint16(np)), to: to})
	}
	if spec != nil && balanced(spec) {
		p := hostPort{
			service: name.NamespacedName.String(), protocol: protocol, balancer: true, wanted: spec.Spec.LoadBalancerIP, //nolint:staticcheck // deprecated, and still what people set
			at: netip.AddrPortFrom(loopback, uint16(s.Port())), to: to, sources: sources(spec),
		}
		if i := spec.Status.LoadBalancer.Ingress; len(i) > 0 {
			p.had = i[0].IP
		}
		ports = append(ports, p)
	}
	return svc, ports
}

// BalancerClass is the loadBalancerClass of the load balancers here. They serve Services without a class, too.
const BalancerClass = "podarium.io/loopback"

// balanced says whether a Service wants a load balancer of ours.
func balanced(s *corev1.Service) bool {
	class := s.Spec.LoadBalancerClass
	return s.Spec.Type == corev1.ServiceTypeLoadBalancer && (class == nil || *class == BalancerClass)
}

// sources are the loadBalancerSourceRanges of a Service; none means everybody.
func sources(s *corev1.Service) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range s.Spec.LoadBalancerSourceRanges {
		if p, err := netip.ParsePrefix(strings.TrimSpace(r)); err == nil { // the API server lets nothing else in
			out = append(out, p)
		}
	}
	return out
}

// refuse says once to each Service which of its ports the network does not carry, and that nobody is let in by its ranges.
func (c *Controller) refuse(specs map[string]*corev1.Service) {
	said := make(map[types.UID]string, len(c.refused))
	for _, s := range specs {
		if ranges := s.Spec.LoadBalancerSourceRanges; len(ranges) > 0 && balanced(s) && !admits(sources(s), loopback) {
			said[s.UID] = strings.Join(ranges, ", ")
			if c.refused[s.UID] != said[s.UID] {
				c.recorder.Eventf(s, corev1.EventTypeWarning, "NobodyAdmitted", "the load balancer refuses all connections: they come from %s, which is not in loadBalancerSourceRanges %s", loopback, said[s.UID])
			}
		}
		var ports []string
		for _, p := range s.Spec.Ports {
			if p.Protocol == corev1.ProtocolSCTP {
				ports = append(ports, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
			}
		}
		if len(ports) == 0 {
			continue
		}
		slices.Sort(ports)
		text := strings.Join(ports, ", ")
		if said[s.UID] += text; c.refused[s.UID] != said[s.UID] {
			c.recorder.Eventf(s, corev1.EventTypeWarning, "ProtocolNotCarried", "nothing answers at %s: podarium's network carries TCP and UDP, no SCTP", text)
		}
	}
	c.refused = said
}

func serviceName(n proxy.ServicePortName) string {
	s := n.NamespacedName.String()
	if n.Port != "" {
		s += ":" + n.Port
	}
	return s
}
