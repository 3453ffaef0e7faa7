package services

import (
	"net/netip"
	"sort"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/podarium/podarium/cluster"
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
				continue // headless, or the network has not heard of it yet
			}
			t := cluster.ServiceTraffic{
				Namespace: s.Namespace, Service: s.Name, Port: p.Name, Protocol: string(p.Protocol), Address: s.Spec.ClusterIP,
				Number: p.Port, NodePort: p.NodePort, Affinity: s.Spec.SessionAffinity == corev1.ServiceAffinityClientIP,
			}
			for _, e := range ends {
				t.Endpoints = append(t.Endpoints, cluster.EndpointTraffic{
					Address: e.Endpoint.String(), Pod: c.dns.pod(s.Name, s.Namespace, e.Endpoint.Addr()), Total: e.Total, Open: e.Open,
				})
			}
			out = append(out, t)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Namespace != b.Namespace {
			return a.Namespace < b.Namespace
		}
		if a.Service != b.Service {
			return a.Service < b.Service
		}
		return a.Number < b.Number || a.Number == b.Number && a.Protocol < b.Protocol
	})
	return out
}

// pod gives the name of the Pod that an endpoint of a Service is; empty where it is none.
func (n *names) pod(service, namespace string, ip netip.Addr) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, s := range n.slices[service+"."+namespace] {
		for _, e := range s.Endpoints {
			if e.TargetRef != nil && e.TargetRef.Kind == "Pod" && has(e, ip) {
				return e.TargetRef.Name
			}
		}
	}
	return ""
}

func has(e discoveryv1.Endpoint, ip netip.Addr) bool {
	for _, a := range e.Addresses {
		if a == ip.String() {
			return true
		}
	}
	return false
}
