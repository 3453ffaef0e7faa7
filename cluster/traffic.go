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
	// Affinity says that a client stays with its endpoint (sessionAffinity ClientIP).
	Affinity bool `json:"affinity,omitempty"`
	// Endpoints are those that get new connections.
	Endpoints []EndpointTraffic `json:"endpoints,omitempty"`
}

// EndpointTraffic is one endpoint's part.
type EndpointTraffic struct {
	// Address is address:port, Pod the Pod that has it; empty where it is none.
	Address string `json:"address"`
	Pod     string `json:"pod,omitempty"`
	// Total counts the connections since it became an endpoint, Open those that have not ended.
	Total int64 `json:"total"`
	Open  int64 `json:"open"`
}

// ErrNoTraffic says that nobody counts connections: the cluster is not one of podarium's own.
var ErrNoTraffic = errors.New("only a cluster that podarium runs counts the connections of its Services")

// Traffic tells how connections were spread, by namespace, Service and port; ErrNoTraffic where nobody counts them.
func (c *Cluster) Traffic(ctx context.Context) ([]ServiceTraffic, error) {
	if c.o.Traffic == nil {
		return nil, ErrNoTraffic
	}
	return c.o.Traffic(ctx)
}
