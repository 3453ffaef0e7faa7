package cluster

import (
	"context"
	"encoding/json"
	"fmt"
)

// State is the health of a component.
type State string

// The states of a component, in the order in which they are reached.
const (
	Pending State = "pending" // not started yet: it waits for another
	Started State = "started" // runs, not yet ready
	Ready   State = "ready"
	Failed  State = "failed"
	Stopped State = "stopped"
	Unknown State = "unknown" // it cannot be asked
)

// Component is one part of a control plane, or a node.
type Component struct {
	// Name is etcd, kube-apiserver, kube-controller-manager, kube-scheduler or kubelet/NODE.
	Name string `json:"name"`
	// State is its health.
	State State `json:"state"`
	// Message says more where State alone does not: an error, an address.
	Message string `json:"message,omitempty"`
	// SinceStart is when it reached Ready, in milliseconds after the start of the process; 0 where not known.
	SinceStart int64 `json:"readyAfterMilliseconds,omitempty"`
}

// Status is the health of a cluster at one moment.
type Status struct {
	// KubernetesVersion is the API server's, such as v1.37.2.
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// EtcdVersion is the etcd server's, such as 3.7.3; empty where etcd is out of reach.
	EtcdVersion string `json:"etcdVersion,omitempty"`
	// Components are in start order.
	Components []Component `json:"components"`
	// Runtimes are what containers are on the nodes, where this process has them.
	Runtimes []Runtime `json:"runtimes,omitempty"`
}

// Runtime is what runs containers on some nodes.
type Runtime struct {
	// Name is standin, process or cri.
	Name string `json:"name"`
	// Nodes are those that have it, their own first.
	Nodes []string `json:"nodes"`
	// Endpoint is the socket of a runtime outside of the process.
	Endpoint string `json:"endpoint,omitempty"`
	// Limits say in a sentence each what a container is, what holds for it and what does not.
	Limits []string `json:"limits"`
}

// Status asks for the health of every component. The error says that the cluster could not be asked at all.
func (c *Cluster) Status(ctx context.Context) (Status, error) {
	if c.o.Status != nil {
		return c.o.Status(ctx)
	}
	return c.statusFromAPI(ctx)
}

// statusFromAPI knows only what an API server tells any of its users.
func (c *Cluster) statusFromAPI(ctx context.Context) (Status, error) {
	var s Status
	raw, err := c.kube.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw() // DoRaw would not read what the server says of an error
	if err != nil {
		return s, fmt.Errorf("cluster %q: %w", c.o.Name, err)
	}
	var v struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return s, fmt.Errorf("cluster %q: version: %w", c.o.Name, err)
	}
	s.KubernetesVersion = v.GitVersion
	api := Component{Name: "kube-apiserver", State: Ready}
	if _, err := c.kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Raw(); err != nil {
		api.State, api.Message = Started, err.Error()
	}
	if e := c.o.Etcd; e != nil {
		etcd := Component{Name: "etcd", State: Unknown}
		for _, ep := range e.Endpoints() {
			r, err := e.Status(ctx, ep)
			if err != nil {
				etcd.State, etcd.Message = Failed, err.Error()
				continue
			}
			s.EtcdVersion, etcd.State, etcd.Message = r.Version, Ready, ""
			break
		}
		s.Components = append(s.Components, etcd)
	}
	s.Components = append(s.Components, api)
	return s, nil
}
