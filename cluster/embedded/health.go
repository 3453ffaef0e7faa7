package embedded

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/version"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded/kubeversion"
	"github.com/podarium/podarium/controllers/node"
)

// health keeps the state of every component, in start order.
type health struct {
	began time.Time

	mu         sync.Mutex
	components []cluster.Component
	changed    chan struct{} // closed and replaced at each change
}

func newHealth(began time.Time, nodes []NodeSpec, simulated int) *health {
	h := &health{began: began, changed: make(chan struct{})}
	names := []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
	for _, n := range nodes {
		names = append(names, kubelet(n.Name))
	}
	if simulated > 0 {
		names = append(names, SimulatedNodes)
	}
	for _, n := range names {
		h.components = append(h.components, cluster.Component{Name: n, State: cluster.Pending})
	}
	return h
}

func nodeName(i int) string { return fmt.Sprintf("node-%d", i+1) }

// set changes a component's state; names that are not components are ignored.
func (h *health) set(name string, state cluster.State, message string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.components, func(c cluster.Component) bool { return c.Name == name })
	if i < 0 {
		return
	}
	c := &h.components[i]
	c.State, c.Message = state, message
	if state == cluster.Ready && c.SinceStart == 0 {
		c.SinceStart = time.Since(h.began).Milliseconds()
	}
	h.signal()
}

// signal needs h.mu.
func (h *health) signal() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *health) list() ([]cluster.Component, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.components), h.changed
}

// awaitReady returns true once every component is ready, false when stop is closed before.
func (h *health) awaitReady(stop <-chan struct{}) bool {
	for {
		list, changed := h.list()
		if !slices.ContainsFunc(list, func(c cluster.Component) bool { return c.State != cluster.Ready }) {
			return true
		}
		select {
		case <-changed:
		case <-stop:
			return false
		}
	}
}

// Status is the health of each component, known without asking any of them.
func (s *Server) Status(context.Context) (cluster.Status, error) {
	list, _ := s.health.list()
	return cluster.Status{KubernetesVersion: kubeversion.Version, EtcdVersion: version.Version, Components: list, Runtimes: s.runtimes()}, nil
}

// runtimes are what containers are on the nodes: each node's own, and where a Pod may choose another, that too.
func (s *Server) runtimes() []cluster.Runtime {
	s.nodes.Lock()
	specs := slices.SortedFunc(maps.Values(s.nodes.specs), func(a, b NodeSpec) int { return strings.Compare(a.Name, b.Name) })
	s.nodes.Unlock()
	var out []cluster.Runtime
	add := func(runtime, endpoint, name string) {
		i := slices.IndexFunc(out, func(r cluster.Runtime) bool { return r.Name == runtime && r.Endpoint == endpoint })
		if i < 0 {
			i = len(out)
			out = append(out, cluster.Runtime{Name: runtime, Endpoint: endpoint, Limits: node.Limits(runtime)})
		}
		out[i].Nodes = append(out[i].Nodes, name)
	}
	for _, own := range []bool{true, false} {
		for _, spec := range specs {
			runtime, endpoint := s.runtimeOf(spec)
			switch {
			case own && runtime == node.CRI:
				add(runtime, endpoint, spec.Name)
			case own:
				add(runtime, "", spec.Name)
			case endpoint != "" && runtime != node.CRI: // by RuntimeClass
				add(node.CRI, endpoint, spec.Name)
			}
		}
	}
	return out
}
