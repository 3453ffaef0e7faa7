package services

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"sort"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/controllers/podnet"
)

// Options says what Run works with.
type Options struct {
	// Client may list and watch Services, EndpointSlices, Nodes, Pods, Namespaces and NetworkPolicies, patch the status of Services, create Services and
	// EndpointSlices and write events.
	Client kubernetes.Interface
	// Network is the cluster's.
	Network *podnet.Network
	// DNS is the cluster IP of the Service kube-dns; zero: there is none, but dialers know the names.
	DNS netip.Addr
	// APIServer is the host:port at which this machine reaches the API server; empty: Pods cannot.
	APIServer string
	// APIServerAt is the address, of those that are up, at which somebody serves the API server's port on the network;
	// zero: the gateway, where Run does.
	APIServerAt netip.Addr
	// Domain is the cluster's; empty means cluster.local.
	Domain string
	// Ready is called when the Services that there were at the start are in the network. It may be nil.
	Ready func()
}

// Controller keeps the network in step with the API.
type Controller struct {
	o         Options
	recorder  record.EventRecorder
	services  *proxy.ServiceChangeTracker
	endpoints *proxy.EndpointsChangeTracker
	dns       *names
	host      *hostPorts
	kick      chan struct{}

	mu    sync.Mutex
	nodes map[string]machine
	specs map[string]*corev1.Service // by namespace/name
}

// machine is what a Service may want to know of a node.
type machine struct {
	addr netip.Addr
	zone string
}

// New makes a Controller, which Run makes work.
func New(o Options) *Controller {
	if o.Domain == "" {
		o.Domain = "cluster.local"
	}
	if !o.APIServerAt.IsValid() {
		o.APIServerAt = podnet.Gateway
	}
	return &Controller{
		o:         o,
		services:  proxy.NewServiceChangeTracker(corev1.IPv4Protocol, nil, nil),
		endpoints: proxy.NewEndpointsChangeTracker(corev1.IPv4Protocol, "", nil, nil),
		dns:       newNames(o.Domain),
		kick:      make(chan struct{}, 1),
		nodes:     map[string]machine{},
		specs:     map[string]*corev1.Service{},
	}
}

// Run follows the API until ctx ends. It is called once.
func (c *Controller) Run(ctx context.Context) error {
	o := c.o
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: o.Client.CoreV1().Events("")})
	c.recorder = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "podarium-network"})
	c.host = newHostPorts(o.Network)
	defer c.host.close()
	o.Network.SetResolver(c.dns.lookup)
	defer o.Network.SetResolver(nil)
	if o.DNS.IsValid() {
		stop, err := serveDNS(o.Network, c.dns)
		if err != nil {
			return fmt.Errorf("cluster DNS: %w", err)
		}
		defer stop()
	}
	if o.APIServer != "" {
		stop, err := serveAPI(ctx, o.Network, o.APIServer)
		if err != nil {
			return fmt.Errorf("API server for Pods: %w", err)
		}
		defer stop()
	}
	go c.builtin(ctx)
	policies, err := newPolicies(o)
	if err != nil {
		return err
	}
	go policies.run(ctx)
	defer o.Network.SetPolicy(nil)
	factory := informers.NewSharedInformerFactory(o.Client, 0)
	synced, err := c.follow(factory)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	klog.FromContext(ctx).Info("Following Services, EndpointSlices and Nodes", "domain", o.Domain, "dns", o.DNS, "apiServer", netip.AddrPortFrom(o.APIServerAt, apiPort))
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return nil
	}
	klog.FromContext(ctx).Info("The caches are synced: connections to Services are balanced, round robin")
	serviceMap, endpointsMap := proxy.ServicePortMap{}, proxy.EndpointsMap{}
	for first := true; ; first = false {
		serviceMap.Update(c.services)
		endpointsMap.Update(c.endpoints)
		c.apply(ctx, serviceMap, endpointsMap)
		if first && o.Ready != nil {
			o.Ready()
		}
		var again <-chan time.Time
		if c.host.missing() {
			again = time.After(portRetry) // whoever has the port may have given it back by then
		}
		select {
		case <-c.kick:
		case <-again:
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *Controller) changed() {
	select {
	case c.kick <- struct{}{}:
	default: // one is waiting already
	}
}

// follow feeds what changes in the API to kube-proxy's trackers and to the names.
func (c *Controller) follow(f informers.SharedInformerFactory) ([]cache.InformerSynced, error) {
	services, err := f.Core().V1().Services().Informer().AddEventHandler(handler(c.changed, func(old, now *corev1.Service) {
		c.mu.Lock()
		if now != nil {
			c.specs[now.Namespace+"/"+now.Name] = now
		} else {
			delete(c.specs, old.Namespace+"/"+old.Name)
		}
		c.mu.Unlock()
		c.dns.service(old, now)
		c.services.Update(old, now)
	}))
	if err != nil {
		return nil, err
	}
	slices, err := f.Discovery().V1().EndpointSlices().Informer().AddEventHandler(handler(c.changed, func(old, now *discoveryv1.EndpointSlice) {
		c.dns.slice(old, now)
		if now != nil {
			c.endpoints.EndpointSliceUpdate(now, false)
		} else {
			c.endpoints.EndpointSliceUpdate(old, true)
		}
	}))
	if err != nil {
		return nil, err
	}
	nodes, err := f.Core().V1().Nodes().Informer().AddEventHandler(handler(func() {}, func(old, now *corev1.Node) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if now == nil {
			delete(c.nodes, old.Name)
			c.changed()
			return
		}
		for _, a := range now.Status.Addresses {
			ip, err := netip.ParseAddr(a.Address)
			if m := (machine{ip, now.Labels[corev1.LabelTopologyZone]}); err == nil && a.Type == corev1.NodeInternalIP && c.nodes[now.Name] != m {
				c.nodes[now.Name] = m
				c.changed()
			}
		}
	}))
	if err != nil {
		return nil, err
	}
	return []cache.InformerSynced{services.HasSynced, slices.HasSynced, nodes.HasSynced}, nil
}

// handler calls on with the object before and after, nil where there is none, and then after.
func handler[T any](after func(), on func(old, now *T)) cache.ResourceEventHandlerFuncs {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) {
			if t, ok := o.(*T); ok {
				on(nil, t)
				after()
			}
		},
		UpdateFunc: func(o, n any) {
			old, ok1 := o.(*T)
			now, ok2 := n.(*T)
			if ok1 && ok2 {
				on(old, now)
				after()
			}
		},
		DeleteFunc: func(o any) {
			if d, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = d.Obj
			}
			if t, ok := o.(*T); ok {
				on(t, nil)
				after()
			}
		},
	}
}

// apply puts the Services into the network and opens their ports on the host.
func (c *Controller) apply(ctx context.Context, services proxy.ServicePortMap, endpoints proxy.EndpointsMap) {
	c.mu.Lock()
	nodes := maps.Clone(c.nodes)
	specs := maps.Clone(c.specs)
	c.mu.Unlock()

	var out []podnet.Service
	var ports []hostPort
	for name, s := range services {
		protocol := podnet.Protocol(strings.ToLower(string(s.Protocol())))
		if protocol != podnet.TCP && protocol != podnet.UDP {
			continue // SCTP: the network does not carry it
		}
		svc := podnet.Service{Name: serviceName(name), Protocol: protocol}
		c.spread(&svc, s, endpoints[name], nodes)
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
		if np := s.NodePort(); np != 0 {
			for _, n := range nodes {
				add(n.addr, true, np)
			}
			ports = append(ports, hostPort{service: name.NamespacedName.String(), protocol: protocol, at: netip.AddrPortFrom(loopback, uint16(np)), to: netip.AddrPortFrom(vip.Unmap(), uint16(s.Port()))})
		}
		if spec := specs[name.NamespacedName.String()]; spec != nil && spec.Spec.Type == corev1.ServiceTypeLoadBalancer {
			ports = append(ports, hostPort{
				service: name.NamespacedName.String(), protocol: protocol, balancer: true, wanted: spec.Spec.LoadBalancerIP, //nolint:staticcheck // deprecated, and still what people set
				at: netip.AddrPortFrom(loopback, uint16(s.Port())), to: netip.AddrPortFrom(vip.Unmap(), uint16(s.Port())),
			})
		}
		out = append(out, svc)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	c.o.Network.SetServices(out)
	failed, balancers := c.host.set(ports)
	for name, err := range failed {
		if s := specs[name]; s != nil {
			c.recorder.Event(s, corev1.EventTypeWarning, "PortUnavailable", err.Error())
		}
	}
	c.publish(ctx, specs, balancers)
}

func serviceName(n proxy.ServicePortName) string {
	s := n.NamespacedName.String()
	if n.Port != "" {
		s += ":" + n.Port
	}
	return s
}
