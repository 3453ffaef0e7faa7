package cluster

import "context"

// Nodes is what can be done to the machines of a cluster that podarium runs, for which Kubernetes has no API: they are real
// elsewhere. Nothing here asks whether the cluster is read-only: package cluster/change does, through which all changes go.
type Nodes interface {
	// AddNode adds a node for good and returns its name once it is Ready; an empty name is the first free one.
	AddNode(ctx context.Context, name string) (string, error)
	// RemoveNode ends a node's kubelet and its containers, for good, and deletes its Node, the Pods bound to it and its
	// directory. It does not drain. The error says so where PersistentVolumes are on the node, unless force is set.
	RemoveNode(ctx context.Context, name string, force bool) error
	// PowerNode switches a node off, as a power failure does, or on again.
	PowerNode(ctx context.Context, name string, on bool) error
	// PoweredNodes says of each node that has a kubelet whether it is on.
	PoweredNodes(ctx context.Context) (map[string]bool, error)
}

// Nodes is what can be done to the cluster's machines, nil where they are not podarium's.
func (c *Cluster) Nodes() Nodes { return c.o.Nodes }
