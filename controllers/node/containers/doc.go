// Package containers is a container runtime in this process: the services that a kubelet asks a runtime for (the CRI
// interfaces of k8s.io/cri-api) as plain Go, without a socket, a daemon or root.
//
// It keeps sandboxes, containers, their states, logs and images. What a container does is an Engine's business.
//
// Guarantees: every container has its own log file, with an absolute path below the log directory of its Pod (a kubelet
// deletes LogPath+"*", so that an empty one would make it delete the working directory's files); a stopped container is
// reported at once through GetContainerEvents; a container that does not end within its grace period is killed.
package containers
