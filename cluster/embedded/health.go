package embedded

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/version"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded/kubeversion"
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
	return cluster.Status{KubernetesVersion: kubeversion.Version, EtcdVersion: version.Version, Components: list}, nil
}
