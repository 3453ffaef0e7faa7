package embedded

import (
	"context"
	"strings"

	"github.com/podarium/podarium/cluster"
)

// machines are the nodes of a cluster as front ends see them: of this process, or of another one.
type machines struct {
	add    func(context.Context, NodeSpec) (string, error)
	remove func(ctx context.Context, name string, force bool) error
	power  func(ctx context.Context, name string, on bool) error
	status func(context.Context) (cluster.Status, error)
}

var _ cluster.Nodes = machines{}

// AddNode implements cluster.Nodes.
func (m machines) AddNode(ctx context.Context, name string) (string, error) {
	return m.add(ctx, NodeSpec{Name: name})
}

// RemoveNode implements cluster.Nodes.
func (m machines) RemoveNode(ctx context.Context, name string, force bool) error {
	return m.remove(ctx, name, force)
}

// PowerNode implements cluster.Nodes.
func (m machines) PowerNode(ctx context.Context, name string, on bool) error {
	return m.power(ctx, name, on)
}

// PoweredNodes implements cluster.Nodes.
func (m machines) PoweredNodes(ctx context.Context) (map[string]bool, error) {
	st, err := m.status(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, c := range st.Components {
		if name, ok := strings.CutPrefix(c.Name, kubelet("")); ok {
			out[name] = c.State != cluster.Stopped
		}
	}
	return out, nil
}

func (s *Server) machines() machines {
	return machines{add: s.AddNode, remove: s.RemoveNode, power: s.PowerNode, status: s.Status}
}

func (r *Remote) machines() machines {
	return machines{
		add: r.AddNode, remove: r.RemoveNode,
		power: func(ctx context.Context, name string, on bool) error {
			return r.Node(ctx, name, map[bool]string{true: "on", false: "off"}[on])
		},
		status: func(ctx context.Context) (cluster.Status, error) {
			info, err := r.Info(ctx)
			return info.Status, err
		},
	}
}
