package embedded

import (
	"context"
	"path/filepath"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/controllers/metrics"
	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/provisioner"
)

// runMetrics serves the resource metrics API until ctx ends. Nothing needs it to start.
func (s *Server) runMetrics(ctx context.Context) error {
	if !s.awaitReady(ctx) {
		return nil
	}
	c, err := s.connect("metrics", metricsUser)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return err
	}
	dyn, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return err
	}
	cert, key, err := s.pki.issueFiles(s.pki.ca, "metrics-server", identity{name: "metrics-server", hosts: []string{metrics.ServiceHost}})
	if err != nil {
		return err
	}
	return metrics.Run(ctx, metrics.Options{
		Client: client, Dynamic: dyn, Network: s.network, Nodes: s.runningNodes,
		CertFile: cert, KeyFile: key, CA: s.pki.ca.pem(), ClientCAFile: s.pki.file("front-proxy-ca.crt"),
	})
}

// runProvisioner makes local volumes until ctx ends.
func (s *Server) runProvisioner(ctx context.Context) error {
	c, err := s.connect("provisioner", provisionerUser)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return err
	}
	return provisioner.Run(ctx, provisioner.Options{
		Client:   client,
		NodeRoot: func(name string) string { return filepath.Join(s.state.file("nodes", name), node.RootDir) },
	})
}

// awaitReady returns true once every component is ready, false when ctx ends before.
func (s *Server) awaitReady(ctx context.Context) bool {
	select {
	case <-s.ready:
		return true
	case <-ctx.Done():
		return false
	}
}

// runningNodes are those that run now.
func (s *Server) runningNodes() []metrics.Node {
	s.nodes.Lock()
	defer s.nodes.Unlock()
	out := make([]metrics.Node, 0, len(s.nodes.running))
	for _, n := range s.nodes.running {
		out = append(out, n)
	}
	return out
}
