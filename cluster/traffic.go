package cluster

import (
	"context"
	"errors"
)

// ServiceTraffic says how the connections to one port of a Service were spread over its endpoints. Over UDP a client counts
// as a connection, for as long as it sends.
type ServiceTraffic struct {
	Namespace string `json:"namespace"`
	Service   string `json:"service"`
	// Port is its name, empty where it has none; Number and NodePort are where it is reached, Address is the cluster IP.
	Port     string `json:"port,omitempty"`
	Number   int32  `json:"number"`
	NodePort int32  `json:"nodePort,omitempty"`
	Protocol string `json:"protocol"`
	Address  string `json:"address"`
	// Type is the Service's: ClusterIP, NodePort or LoadBalancer.
	Type string `json:"type"`
	// Affinity says that a client stays with its endpoint (sessionAffinity ClientIP).
	Affinity bool `json:"affinity,omitempty"`
	// Endpoints are all of them by address, also those that get no new connections (see Receives).
	Endpoints []EndpointTraffic `json:"endpoints,omitempty"`
}

// EndpointTraffic is one endpoint's part.
type EndpointTraffic struct {
	// Address is address:port, Pod the Pod that has it and Node where that is; empty where it is none.
	Address string `json:"address"`
	Pod     string `json:"pod,omitempty"`
	Node    string `json:"node,omitempty"`
	// State is what its EndpointSlice says of it.
	State EndpointState `json:"state"`
	// Receives says that it gets new connections: it is ready, or on its way out while no other is ready.
	Receives bool `json:"receives"`
	// Next says that the next connection is its, unless the client stays with another (Affinity) or the Service prefers
	// endpoints near the client.
	Next bool `json:"next,omitempty"`
	// Total counts the connections since it became an endpoint, Open those that have not ended.
	Total int64 `json:"total"`
	Open  int64 `json:"open"`
	// Sessions is how many clients stay with it (sessionAffinity ClientIP).
	Sessions int `json:"sessions,omitempty"`
}

// EndpointState is how an endpoint is.
type EndpointState string

// The states of endpoints.
const (
	EndpointReady       EndpointState = "ready"
	EndpointUnready     EndpointState = "not ready"
	EndpointTerminating EndpointState = "terminating"
)

// ErrNoTraffic says that nobody counts connections: the cluster is not one of podarium's own.
var ErrNoTraffic = errors.New("only a cluster that podarium runs counts the connections of its Services")

// Traffic tells how connections were spread, by namespace, Service and port; ErrNoTraffic where nobody counts them.
func (c *Cluster) Traffic(ctx context.Context) ([]ServiceTraffic, error) {
	if c.o.Traffic == nil {
		return nil, ErrNoTraffic
	}
	return c.o.Traffic(ctx)
}
