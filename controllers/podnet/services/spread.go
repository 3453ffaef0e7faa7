package services

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/controllers/podnet"
)

// spread says which endpoints get whose connections: kube-proxy's own code decides it, as the proxy of each node would.
//
// The machine that podarium runs on is no node and all of them: connections from there that are not to the node port of
// one particular node reach every endpoint, whatever the Service's policies say.
func (c *Controller) spread(svc *podnet.Service, s proxy.ServicePort, endpoints []proxy.Endpoint, nodes map[string]machine) {
	internal, _ := c.usable(s, endpoints, "", machine{})
	svc.Endpoints = addresses(internal)
	if !s.UsesLocalEndpoints() && !hinted(endpoints) {
		return
	}
	svc.Near, svc.Outside = map[netip.Addr][]netip.AddrPort{}, map[netip.AddrPort][]netip.AddrPort{}
	for name, m := range nodes {
		if c.o.Network.NodeOf(m.addr) != m.addr {
			continue // nothing runs there that could connect: a simulated node, or one that has gone
		}
		internal, external := c.usable(s, endpoints, name, m)
		svc.Near[m.addr] = addresses(internal)
		if s.ExternalPolicyLocal() && s.NodePort() != 0 {
			svc.Outside[netip.AddrPortFrom(m.addr, uint16(s.NodePort()))] = addresses(external)
		}
	}
}

// usable gives the endpoints that get connections from within the cluster on a node, and those that get what comes to the
// node from outside of it. Without a node, all count as local.
func (c *Controller) usable(s proxy.ServicePort, endpoints []proxy.Endpoint, node string, m machine) (internal, external []proxy.Endpoint) {
	seen := make([]proxy.Endpoint, len(endpoints))
	for i, e := range endpoints {
		ip, err := netip.ParseAddr(e.IP())
		seen[i] = seenFrom{e, node == "" || err == nil && c.o.Network.NodeOf(ip) == m.addr}
	}
	cluster, local, _, _ := proxy.CategorizeEndpoints(seen, s, node, map[string]string{corev1.LabelTopologyZone: m.zone})
	internal, external = cluster, cluster
	if s.InternalPolicyLocal() {
		internal = local
	}
	if s.ExternalPolicyLocal() {
		external = local
	}
	return internal, external
}

// seenFrom is an endpoint as the proxy of a node sees it.
type seenFrom struct {
	proxy.Endpoint
	local bool
}

func (e seenFrom) IsLocal() bool { return e.local }

// hinted says whether an endpoint is meant for some nodes or zones more than for others.
func hinted(endpoints []proxy.Endpoint) bool {
	for _, e := range endpoints {
		if e.NodeHints().Len() > 0 || e.ZoneHints().Len() > 0 {
			return true
		}
	}
	return false
}

func addresses(endpoints []proxy.Endpoint) []netip.AddrPort {
	out := make([]netip.AddrPort, 0, len(endpoints))
	for _, e := range endpoints {
		if ip, err := netip.ParseAddr(e.IP()); err == nil {
			out = append(out, netip.AddrPortFrom(ip, uint16(e.Port())))
		}
	}
	return out
}
