// Package node runs Kubernetes' own kubelet in this process, any number of times, over a container runtime that is Go
// code too (package containers). What a container does is the business of an engine (package standin).
//
// How to use it, in this order:
//
//  1. Prepare, once per process and before anything else of Kubernetes starts: it sets feature gates and puts the shims
//     of shims.go in place, without which a second kubelet panics and an ordinary user's kubelet gives up on Linux.
//  2. network := podnet.New(), one for the cluster. Give network.DialContext to the API server twice: as
//     ProxyTransport.DialContext (services/proxy, pods/proxy, webhooks, aggregated APIs) and through KubeletConfig.Lookup
//     (logs, exec, port-forward, node proxy). A kubelet's HTTPS server is at its node's virtual address, port 10250, and on
//     no port of the host.
//  3. Start, once the API server answers requests of system:node:NAME. It returns when the kubelet runs; the Node object
//     becomes Ready a moment later.
//
// Guarantees: everything that a kubelet or its containers write or delete is below Options.Dir; no root, no cgroups, no
// mounts and no port of the host are needed; Pods in the API stay as their author wrote them.
//
// Caveats: Kubernetes cannot stop a kubelet. Stop ends its Pods, its loops that can be ended and its connections; a few
// goroutines remain, each waiting for a timer.
package node
