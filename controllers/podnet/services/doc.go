// Package services is what kube-proxy and a cluster's DNS are to a virtual network: it follows Services and EndpointSlices
// and tells the network where connections go. Which endpoints count (ready, terminating, local, by topology) is decided by
// kube-proxy's own code (k8s.io/kubernetes/pkg/proxy).
//
// NodePorts are opened on 127.0.0.1 of the host and on every node's virtual address; a Service of type LoadBalancer gets a
// loopback address of the host, which is written to its status. Where a port cannot be opened, an event on the Service says
// why, and it is tried again every few seconds.
//
// internalTrafficPolicy, externalTrafficPolicy and trafficDistribution are kept for each node; the machine that podarium runs
// on is no node and all of them (see spread). healthCheckNodePorts are served on each node's virtual address, and for all nodes
// together on 127.0.0.1. SCTP is not carried: an event on the Service says so.
//
// NetworkPolicies are enforced between Pods, for new connections and datagrams: what they do not let through is dropped.
// The kubelets' own probes come from the nodes' addresses and always pass.
package services
