// Package metrics serves the resource metrics API (metrics.k8s.io/v1beta1) from what the nodes of this process use, as
// metrics-server does from the kubelets of a cluster: kubectl top and HorizontalPodAutoscalers read it.
//
// The API server reaches it over the virtual network, by an APIService and a Service of its own; it answers to nobody but
// the API server's aggregator (its client certificate is checked).
package metrics
