package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/server/egressselector"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/podnet/services"
)

// nodeStopLimit is how long a node's kubelet may take to end its main loop; its containers are gone at once.
const nodeStopLimit = time.Second

// nodeSet is the nodes of the cluster by name. A node that is switched off keeps its place.
type nodeSet struct {
	sync.Mutex
	specs   map[string]NodeSpec // of those that run or are switched off
	running map[string]*node.Node
	off     map[string]chan struct{} // those that are switched off; closed to switch on, removed when that is heard
	// leave ends a node for good; what it returns is closed when it has ended.
	leave map[string]func() <-chan struct{}
	start func(NodeSpec) // runs a node that is added; nil until the cluster has come that far
}

// startNodes runs nodes in a layer, and lets others be added to it.
func (s *Server) startNodes(l *layer, nodes []NodeSpec) {
	start := func(spec NodeSpec) {
		s.run(l, kubelet(spec.Name), func(ctx context.Context) error { return s.runNode(ctx, spec) })
	}
	for _, spec := range nodes {
		start(spec)
	}
	s.nodes.Lock()
	defer s.nodes.Unlock()
	s.nodes.start = start
}

// runNode runs a node until ctx ends or it is removed, and again each time it has been switched off and on.
func (s *Server) runNode(ctx context.Context, spec NodeSpec) error {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	s.nodes.Lock()
	s.nodes.specs[spec.Name] = spec
	s.nodes.leave[spec.Name] = func() <-chan struct{} { cancel(errRemoved); return ended }
	s.nodes.Unlock()
	defer func() {
		s.nodes.Lock()
		delete(s.nodes.specs, spec.Name)
		delete(s.nodes.leave, spec.Name)
		delete(s.nodes.running, spec.Name)
		delete(s.nodes.off, spec.Name)
		s.nodes.Unlock()
		cancel(nil)
		close(ended)
	}()
	return s.keepNode(ctx, spec)
}

// keepNode returns errRemoved where that is why ctx has ended.
func (s *Server) keepNode(ctx context.Context, spec NodeSpec) error {
	name := spec.Name
	leaving := func(err error) error {
		if errors.Is(context.Cause(ctx), errRemoved) {
			return errors.Join(errRemoved, err)
		}
		return err
	}
	for {
		n, err := s.startNode(ctx, spec)
		if err != nil {
			return leaving(err)
		}
		select {
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), nodeStopLimit)
			defer cancel()
			return leaving(n.Stop(stop))
		case <-n.Done():
		}
		s.nodes.Lock()
		on := s.nodes.off[name]
		s.nodes.Unlock()
		if on == nil {
			if ctx.Err() != nil {
				return leaving(nil)
			}
			return errors.New("its kubelet has ended")
		}
		select {
		case <-on:
		case <-ctx.Done():
			return leaving(nil)
		}
		s.nodes.Lock()
		delete(s.nodes.off, name)
		s.nodes.Unlock()
	}
}

// runtimeOf is what a node's containers are, and the endpoint for those of a runtime outside of this process.
func (s *Server) runtimeOf(spec NodeSpec) (runtime, endpoint string) {
	return cmp.Or(spec.Runtime, s.o.Runtime, node.Standin), cmp.Or(spec.CRIEndpoint, s.o.CRIEndpoint)
}

func (s *Server) startNode(ctx context.Context, spec NodeSpec) (*node.Node, error) {
	name := spec.Name
	runtime, endpoint := s.runtimeOf(spec)
	s.health.set(kubelet(name), cluster.Started, "")
	client, err := s.connect(kubeletFile(name), nodeIdentity(name))
	if err != nil {
		return nil, err
	}
	subnet, err := s.network.Subnet(name)
	if err != nil {
		return nil, err
	}
	cert, key, err := s.pki.issueFiles(s.pki.ca, kubeletFile(name), identity{name: "system:node:" + name, groups: []string{"system:nodes"}, hosts: []string{name, subnet.Node.String()}})
	if err != nil {
		return nil, err
	}
	o := node.Options{
		Name: name, Dir: s.state.file("nodes", name), Config: client.config,
		ServingCertFile: cert, ServingKeyFile: key, ClientCAFile: s.pki.file("ca.crt"),
		Network: s.network, ClusterDNS: clusterDNS, Runtime: runtime, CRIEndpoint: endpoint, Labels: spec.Labels, Catalogue: s.catalogue,
		Version:   RuntimeVersion(s.o.Version),
		Residents: s.resident,
		Ready: func() {
			s.health.set(kubelet(name), cluster.Ready, subnet.Node.String())
			if runtime == node.CRI {
				return // its containers are real: what only shows what runs here is none
			}
			go func() {
				if err := s.showNode(ctx, name); err != nil && ctx.Err() == nil {
					klog.Background().Error(err, "The node does not show what runs on it", "node", name)
				}
			}()
		},
	}
	if isControlPlaneNode(name) && runtime != node.CRI {
		o.StaticPods = staticPodsDir
	}
	n, err := node.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	s.nodes.Lock()
	defer s.nodes.Unlock()
	s.nodes.running[name] = n
	return n, nil
}

// Sandboxes lists what the containers of each Pod share, on the nodes that are on.
func (s *Server) Sandboxes(ctx context.Context) ([]cluster.Sandbox, error) {
	s.nodes.Lock()
	nodes := slices.SortedFunc(maps.Values(s.nodes.running), func(a, b *node.Node) int { return cmp.Compare(a.Name(), b.Name()) })
	s.nodes.Unlock()
	var out []cluster.Sandbox
	for _, n := range nodes {
		list, err := n.Sandboxes(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// PowerNode switches a node off, as a power failure does, or on again. Off, its containers are gone and the API server
// hears nothing of it; after the node lifecycle controller's grace time its Pods are taken for lost.
func (s *Server) PowerNode(ctx context.Context, name string, on bool) error {
	s.nodes.Lock()
	n, off := s.nodes.running[name], s.nodes.off[name]
	switch {
	case n == nil && off == nil:
		s.nodes.Unlock()
		return fmt.Errorf("no node of this cluster is called %q", name)
	case on && off != nil:
		select {
		case <-off: // it is about to start
		default:
			close(off)
		}
	case !on && off == nil:
		s.nodes.off[name] = make(chan struct{})
		delete(s.nodes.running, name)
		s.health.set(kubelet(name), cluster.Stopped, "switched off")
	default:
		s.nodes.Unlock()
		return nil // it is as asked for
	}
	s.nodes.Unlock()
	if on {
		return nil
	}
	return n.Stop(ctx)
}

// LinkNode cuts the network between a node and the API server, or mends it: the node's Pods go on meanwhile.
func (s *Server) LinkNode(name string, up bool) error {
	s.nodes.Lock()
	defer s.nodes.Unlock()
	n := s.nodes.running[name]
	switch {
	case n == nil:
		return fmt.Errorf("no node called %q runs", name)
	case up:
		n.Connect()
		s.health.set(kubelet(name), cluster.Ready, n.Address().Addr().String())
	default:
		n.Disconnect()
		s.health.set(kubelet(name), cluster.Failed, "cut off from the API server")
	}
	return nil
}

// runNetwork keeps the virtual network in step with Services until ctx ends.
func (s *Server) runNetwork(ctx context.Context) error {
	c, err := s.connect("network", networkUser)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return err
	}
	subnet, err := s.network.Subnet(nodeName(0)) // of the control-plane node
	if err != nil {
		return err
	}
	network := services.New(services.Options{
		Client: client, Network: s.network, DNS: netip.MustParseAddr(clusterDNS), APIServer: strings.TrimPrefix(s.address, "https://"), APIServerAt: subnet.Node,
	})
	s.traffic.Store(network)
	return network.Run(ctx)
}

// kubeletDialer is how the API server reaches kubelets: they are on the virtual network.
func (s *Server) kubeletDialer(egressselector.NetworkContext) (utilnet.DialFunc, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return s.network.DialContext(ctx, network, addr)
	}, nil
}
