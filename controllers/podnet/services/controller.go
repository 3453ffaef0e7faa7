package services

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/proxy"

	"github.com/podarium/podarium/cluster"
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

	health  *healthChecks
	refused map[types.UID]string // what has been said to a Service of ports that are not carried

	mu     sync.Mutex
	nodes  map[string]machine
	specs  map[string]*corev1.Service                          // by namespace/name
	states map[string]map[netip.AddrPort]cluster.EndpointState // by namespace/name:port
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
		refused:   map[types.UID]string{},
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
	c.health = newHealthChecks(o.Network)
	defer c.health.close()
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
