package embedded

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/server/egressselector"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/podnet/services"
)

// nodeStopLimit is how long a node's kubelet may take to end its main loop; its containers are gone at once.
const nodeStopLimit = time.Second

// runNode runs a node until ctx ends.
func (s *Server) runNode(ctx context.Context, name string) error {
	s.health.set("kubelet/"+name, cluster.Started, "")
	client, err := s.connect("kubelet-"+name, nodeIdentity(name))
	if err != nil {
		return err
	}
	subnet, err := s.network.Subnet(name)
	if err != nil {
		return err
	}
	cert, key, err := s.pki.issueFiles(s.pki.ca, "kubelet-"+name, identity{name: "system:node:" + name, groups: []string{"system:nodes"}, hosts: []string{name, subnet.Node.String()}})
	if err != nil {
		return err
	}
	n, err := node.Start(ctx, node.Options{
		Name: name, Dir: s.state.file("nodes", name), Config: client.config,
		ServingCertFile: cert, ServingKeyFile: key, ClientCAFile: s.pki.file("ca.crt"),
		Network: s.network, ClusterDNS: clusterDNS,
		Ready: func() { s.health.set("kubelet/"+name, cluster.Ready, subnet.Node.String()) },
	})
	if err != nil {
		return err
	}
	s.nodes.Lock()
	s.nodes.byName[name] = n
	s.nodes.Unlock()
	select {
	case <-ctx.Done():
	case <-n.Done():
		if ctx.Err() == nil {
			return errors.New("its kubelet has ended")
		}
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), nodeStopLimit)
	defer cancel()
	return n.Stop(stop)
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
	return services.Run(ctx, services.Options{
		Client: client, Network: s.network, DNS: netip.MustParseAddr(clusterDNS), APIServer: strings.TrimPrefix(s.address, "https://"),
	})
}

// kubeletDialer is how the API server reaches kubelets: they are on the virtual network.
func (s *Server) kubeletDialer(egressselector.NetworkContext) (utilnet.DialFunc, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return s.network.DialContext(ctx, network, addr)
	}, nil
}
