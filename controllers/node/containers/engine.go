package containers

import (
	"context"
	"io"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Engine makes containers run.
type Engine interface {
	// Start runs a container and returns at once. The error is shown to the user in an event and as the container's state.
	Start(c Spec) (Process, error)
}

// Spec says what a container is.
type Spec struct {
	// ID is the container's, unique in the node.
	ID string
	// Name is the container's name in its Pod.
	Name string
	// Pod, Namespace, UID and Labels are the Pod's.
	Pod, Namespace, UID string
	Labels              map[string]string
	// Annotations are the Pod's.
	Annotations map[string]string
	// Image is as the Pod names it.
	Image string
	// Command and Args are the Pod's; both empty mean the image's own.
	Command, Args []string
	// Env is NAME=value.
	Env        []string
	WorkingDir string
	Mounts     []*runtimeapi.Mount
	Ports      []corev1.ContainerPort
	// IP is the Pod's address, Hostname its name.
	IP       netip.Addr
	Hostname string
	// HostNetwork says that IP is the node's.
	HostNetwork bool
	DNS         *runtimeapi.DNSConfig
	Attempt     uint32
	// Dir is an existing directory of the container's own, removed with it.
	Dir string
	TTY bool
	// User, Group and Groups are what the Pod says of who the container runs as; User is negative where it says nothing.
	User, Group int64
	Groups      []int64
	// SharesProcesses says that the Pod's containers see each other's processes; Target is the ID of the one container whose
	// processes this one sees beside its own, empty for none.
	SharesProcesses bool
	Target          string
	// ReadOnly says that the container writes to its volumes only.
	ReadOnly bool
	// MemoryLimit is in bytes, 0 for none.
	MemoryLimit int64
	// CPULimit is in processors, 0 for none.
	CPULimit float64
	// Stdin is nil unless the container asks for it.
	Stdin io.Reader
	// Stdout and Stderr are the log. They may be written to by several goroutines, until the Process is done.
	Stdout, Stderr io.Writer
}

// Process is a running container.
type Process interface {
	// Done is closed when the container has ended.
	Done() <-chan struct{}
	// Exit says how; it is valid once Done is closed.
	Exit() Exit
	// Terminate asks the container to end (SIGTERM).
	Terminate()
	// Kill ends it (SIGKILL).
	Kill()
	// Exec runs a command beside it and gives its exit code. An error means that it could not be run.
	Exec(ctx context.Context, e Exec) (int, error)
	// Usage is what the container uses now.
	Usage() Usage
}

// Exit says how a container ended.
type Exit struct {
	Code int
	// Reason is Completed, Error or OOMKilled; empty lets the exit code decide.
	Reason  string
	Message string
}

// Exec is a command to run in a container. Streams that are nil are not attached.
type Exec struct {
	Command        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	TTY            bool
	Resize         <-chan Size
}

// Size is a terminal's.
type Size struct{ Width, Height uint16 }

// Usage is what a container has used.
type Usage struct {
	// CPU is the processor time since the start.
	CPU time.Duration
	// Memory is the working set in bytes.
	Memory uint64
}
