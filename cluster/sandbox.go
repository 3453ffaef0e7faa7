package cluster

import (
	"context"
	"errors"
	"time"
)

// Sandbox is what a Pod's containers share, which elsewhere the container called pause holds open: above all one network
// address. A Pod has one that is ready while it runs; those of earlier runs go when the kubelet tidies up.
type Sandbox struct {
	Node      string `json:"node"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	UID       string `json:"uid"`
	ID        string `json:"id"`
	// Ready says that it is in use.
	Ready   bool      `json:"ready"`
	Created time.Time `json:"created"`
	// Network is pod where it has an address of its own, node where it shares the node's (hostNetwork); Address is that.
	Network string `json:"network"`
	Address string `json:"address,omitempty"`
	// PID and IPC are whose processes a container sees: container, pod or node.
	PID string `json:"pid"`
	IPC string `json:"ipc"`
	// RuntimeHandler is what the Pod's RuntimeClass names, empty where it has none.
	RuntimeHandler string `json:"runtimeHandler,omitempty"`
	// Containers share it, the oldest first.
	Containers []SandboxContainer `json:"containers,omitempty"`
}

// SandboxContainer is a container in a Sandbox, as the runtime knows it.
type SandboxContainer struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	Image string `json:"image"`
	// State is created, running, exited or unknown.
	State string `json:"state"`
	// Restarts is how many of the same name came before it in the Pod.
	Restarts uint32     `json:"restarts"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	ExitCode *int32     `json:"exitCode,omitempty"`
	Reason   string     `json:"reason,omitempty"`
}

// ErrNoSandboxes says that nobody tells of sandboxes: the API does not.
var ErrNoSandboxes = errors.New("only a cluster that podarium runs tells of its Pods' sandboxes")

// Sandboxes lists the sandboxes of all nodes that are on, by node, namespace and Pod; ErrNoSandboxes where nobody knows.
func (c *Cluster) Sandboxes(ctx context.Context) ([]Sandbox, error) {
	if c.o.Sandboxes == nil {
		return nil, ErrNoSandboxes
	}
	return c.o.Sandboxes(ctx)
}
