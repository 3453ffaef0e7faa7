package services

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// policies enforces NetworkPolicies. Pods and Namespaces are followed from the first policy on only.
type policies struct {
	o        Options
	policies networkinglisters.NetworkPolicyLister
	factory  informers.SharedInformerFactory
	kick     chan struct{}
}

func newPolicies(o Options) (*policies, error) {
	p := &policies{o: o, factory: informers.NewSharedInformerFactory(o.Client, 0), kick: make(chan struct{}, 1)}
	informer := p.factory.Networking().V1().NetworkPolicies()
	p.policies = informer.Lister()
	_, err := informer.Informer().AddEventHandler(handler(p.changed, func(_, _ *networkingv1.NetworkPolicy) {}))
	return p, err
}

func (p *policies) changed() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

func (p *policies) run(ctx context.Context) {
	p.factory.Start(ctx.Done())
	p.factory.WaitForCacheSync(ctx.Done())
	var pods corelisters.PodLister
	var namespaces corelisters.NamespaceLister
	for {
		all, err := p.policies.List(labels.Everything())
		if err == nil && len(all) > 0 && pods == nil {
			if pods, namespaces, err = p.followPods(ctx); err != nil {
				return
			}
		}
		if len(all) == 0 {
			p.o.Network.SetPolicy(nil)
		} else if r, err := newRules(all, pods, namespaces, p.o.Network.NodeOf); err == nil {
			p.o.Network.SetPolicy(r.allow)
		}
		select {
		case <-p.kick:
		case <-ctx.Done():
			return
		}
	}
}

func (p *policies) followPods(ctx context.Context) (corelisters.PodLister, corelisters.NamespaceLister, error) {
	f := informers.NewSharedInformerFactory(p.o.Client, 0)
	pods, namespaces := f.Core().V1().Pods(), f.Core().V1().Namespaces()
	if _, err := pods.Informer().AddEventHandler(handler(p.changed, func(_, _ *corev1.Pod) {})); err != nil {
		return nil, nil, err
	}
	if _, err := namespaces.Informer().AddEventHandler(handler(p.changed, func(_, _ *corev1.Namespace) {})); err != nil {
		return nil, nil, err
	}
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	return pods.Lister(), namespaces.Lister(), nil
}

// endpoint is what a policy knows of an address.
type endpoint struct {
	namespace string
	labels    labels.Set
	ports     []corev1.ContainerPort
}

// rules are the policies as they are at one moment. They do not change.
type rules struct {
	endpoints  map[netip.Addr]*endpoint
	namespaces map[string]labels.Set
	policies   map[string][]*networkingv1.NetworkPolicy // by namespace
	nodeOf     func(netip.Addr) netip.Addr              // the node that an address is on
	selectors  sync.Map                                 // *metav1.LabelSelector to labels.Selector
}

func newRules(all []*networkingv1.NetworkPolicy, pods corelisters.PodLister, namespaces corelisters.NamespaceLister, nodeOf func(netip.Addr) netip.Addr) (*rules, error) {
	r := &rules{nodeOf: nodeOf, endpoints: map[netip.Addr]*endpoint{}, namespaces: map[string]labels.Set{}, policies: map[string][]*networkingv1.NetworkPolicy{}}
	for _, p := range all {
		r.policies[p.Namespace] = append(r.policies[p.Namespace], p)
	}
	nss, err := namespaces.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, n := range nss {
		r.namespaces[n.Name] = n.Labels
	}
	ps, err := pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		if p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		if ip, err := netip.ParseAddr(p.Status.PodIP); err == nil {
			e := &endpoint{namespace: p.Namespace, labels: p.Labels}
			for _, c := range p.Spec.Containers {
				e.ports = append(e.ports, c.Ports...)
			}
			for _, c := range p.Spec.InitContainers { // sidecars
				if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
					e.ports = append(e.ports, c.Ports...)
				}
			}
			r.endpoints[ip] = e
		}
	}
	return r, nil
}

// clusterDNS is what policies that let Pods ask cluster DNS expect to find.
var clusterDNS = &endpoint{namespace: metav1.NamespaceSystem, labels: labels.Set{"k8s-app": "kube-dns"}, ports: []corev1.ContainerPort{
	{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {Name: "dns-tcp", ContainerPort: 53, Protocol: corev1.ProtocolTCP},
}}

func (r *rules) allow(p podnet.Protocol, from netip.Addr, to netip.AddrPort) bool {
	if from == to.Addr() {
		return true
	}
	if from != podnet.Gateway && podnet.NodeRange.Contains(from) {
		if n := r.nodeOf(to.Addr()); n == from || !n.IsValid() {
			return true // a node to its Pods, which may be containers of another runtime's network
		}
	}
	source, target := r.endpoints[from], r.endpoints[to.Addr()]
	if target == nil && to.Addr() == podnet.Gateway && to.Port() == 53 {
		target = clusterDNS
	}
	return r.direction(networkingv1.PolicyTypeEgress, source, target, to.Addr(), p, to.Port(), target) &&
		r.direction(networkingv1.PolicyTypeIngress, target, source, from, p, to.Port(), target)
}

// direction asks the policies that select a Pod about its peer, one way. named is whose ports have names.
func (r *rules) direction(way networkingv1.PolicyType, subject, peer *endpoint, peerIP netip.Addr, p podnet.Protocol, port uint16, named *endpoint) bool {
	if subject == nil || subject == clusterDNS {
		return true
	}
	isolated := false
	for _, np := range r.policies[subject.namespace] {
		if !slices.Contains(np.Spec.PolicyTypes, way) || !r.matches(&np.Spec.PodSelector, subject.labels) {
			continue
		}
		isolated = true
		if way == networkingv1.PolicyTypeIngress {
			for _, rule := range np.Spec.Ingress {
				if r.peers(np.Namespace, rule.From, peer, peerIP) && ports(rule.Ports, p, port, named) {
					return true
				}
			}
		} else {
			for _, rule := range np.Spec.Egress {
				if r.peers(np.Namespace, rule.To, peer, peerIP) && ports(rule.Ports, p, port, named) {
					return true
				}
			}
		}
	}
	return !isolated
}

func (r *rules) matches(s *metav1.LabelSelector, l labels.Set) bool {
	if cached, ok := r.selectors.Load(s); ok {
		return cached.(labels.Selector).Matches(l)
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		selector = labels.Nothing() // the API server does not let such a one in
	}
	r.selectors.Store(s, selector)
	return selector.Matches(l)
}

// peers says whether one of the peers is meant; none means anybody.
func (r *rules) peers(namespace string, peers []networkingv1.NetworkPolicyPeer, e *endpoint, ip netip.Addr) bool {
	if len(peers) == 0 {
		return true
	}
	for i := range peers {
		p := &peers[i]
		switch {
		case p.IPBlock != nil:
			if inBlock(p.IPBlock, ip) {
				return true
			}
		case e == nil:
		case p.NamespaceSelector != nil && !r.matches(p.NamespaceSelector, r.namespaces[e.namespace]):
		case p.NamespaceSelector == nil && e.namespace != namespace:
		case p.PodSelector != nil && !r.matches(p.PodSelector, e.labels):
		default:
			return true
		}
	}
	return false
}

func inBlock(b *networkingv1.IPBlock, ip netip.Addr) bool {
	in := func(cidr string) bool {
		p, err := netip.ParsePrefix(cidr)
		return err == nil && p.Contains(ip)
	}
	return in(b.CIDR) && !slices.ContainsFunc(b.Except, in)
}

// ports says whether a port is meant; none means all.
func ports(ps []networkingv1.NetworkPolicyPort, p podnet.Protocol, port uint16, named *endpoint) bool {
	if len(ps) == 0 {
		return true
	}
	for _, np := range ps {
		protocol := corev1.ProtocolTCP
		if np.Protocol != nil {
			protocol = *np.Protocol
		}
		if !strings.EqualFold(string(protocol), string(p)) {
			continue
		}
		switch {
		case np.Port == nil:
			return true
		case np.Port.Type == intstr.String:
			if named != nil && slices.ContainsFunc(named.ports, func(c corev1.ContainerPort) bool {
				return c.Name == np.Port.StrVal && c.ContainerPort == int32(port) && cmp.Or(c.Protocol, corev1.ProtocolTCP) == protocol
			}) {
				return true
			}
		case np.EndPort != nil:
			if int32(port) >= np.Port.IntVal && int32(port) <= *np.EndPort {
				return true
			}
		case np.Port.IntVal == int32(port):
			return true
		}
	}
	return false
}
