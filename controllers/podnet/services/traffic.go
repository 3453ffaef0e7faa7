package services

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/podnet"
)

// Traffic tells how connections were spread over the endpoints of each Service, by namespace, name and port.
func (c *Controller) Traffic() []cluster.ServiceTraffic {
	counts := c.o.Network.Counts()
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []cluster.ServiceTraffic
	for key, s := range c.specs {
		for _, p := range s.Spec.Ports {
			name := key
			if p.Name != "" {
				name += ":" + p.Name
			}
			ends, known := counts[name]
			if !known {
				continue // headless, of a protocol that is not carried, or the network has not heard of it yet
			}
			out = append(out, cluster.ServiceTraffic{
				Namespace: s.Namespace, Service: s.Name, Port: p.Name, Protocol: string(p.Protocol), Address: s.Spec.ClusterIP,
				Number: p.Port, NodePort: p.NodePort, Type: string(s.Spec.Type),
				Affinity: s.Spec.SessionAffinity == corev1.ServiceAffinityClientIP, Endpoints: c.endpointTraffic(s, ends, c.states[name]),
			})
		}
	}
	slices.SortFunc(out, func(a, b cluster.ServiceTraffic) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
	})
	return out
}

// endpointTraffic joins what was counted, of the endpoints that get connections, with all that the API knows.
func (c *Controller) endpointTraffic(s *corev1.Service, counts []podnet.EndpointCount, states map[netip.AddrPort]cluster.EndpointState) []cluster.EndpointTraffic {
	at := make([]netip.AddrPort, 0, len(states))
	of := make(map[netip.AddrPort]podnet.EndpointCount, len(counts))
	for _, n := range counts {
		of[n.Endpoint] = n
		if _, known := states[n.Endpoint]; !known {
			at = append(at, n.Endpoint) // it has gone since the network heard of it
		}
	}
	for a := range states {
		at = append(at, a)
	}
	slices.SortFunc(at, netip.AddrPort.Compare)
	var out []cluster.EndpointTraffic
	for _, a := range at {
		n, receives := of[a]
		pod, node := c.dns.pod(s.Name, s.Namespace, a.Addr())
		out = append(out, cluster.EndpointTraffic{
			Address: a.String(), Pod: pod, Node: node, State: cmp.Or(states[a], cluster.EndpointTerminating),
			Receives: receives, Next: n.Next, Total: n.Total, Open: n.Open, Sessions: n.Sessions,
		})
	}
	return out
}

// endpointStates says how each endpoint of a Service's port is.
func endpointStates(endpoints []proxy.Endpoint) map[netip.AddrPort]cluster.EndpointState {
	out := make(map[netip.AddrPort]cluster.EndpointState, len(endpoints))
	for _, e := range endpoints {
		ip, err := netip.ParseAddr(e.IP())
		if err != nil {
			continue
		}
		state := cluster.EndpointUnready
		switch {
		case e.IsTerminating():
			state = cluster.EndpointTerminating
		case e.IsReady():
			state = cluster.EndpointReady
		}
		out[netip.AddrPortFrom(ip, uint16(e.Port()))] = state
	}
	return out
}

// pod gives the name of the Pod that an endpoint of a Service is, and that of its node; empty where it is none.
func (n *names) pod(service, namespace string, ip netip.Addr) (pod, node string) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, s := range n.slices[service+"."+namespace] {
		for _, e := range s.Endpoints {
			if !has(e, ip) {
				continue
			}
			if e.NodeName != nil {
				node = *e.NodeName
			}
			if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
				return e.TargetRef.Name, node
			}
		}
	}
	return "", node
}

func has(e discoveryv1.Endpoint, ip netip.Addr) bool {
	return slices.Contains(e.Addresses, ip.String())
}
