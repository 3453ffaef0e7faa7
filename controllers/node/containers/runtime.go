package containers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// Options says what a Runtime works with.
type Options struct {
	// Name and Version are reported to the kubelet as containerRuntimeVersion, NAME://VERSION.
	Name, Version string
	// Host is the node's name, which containers on the host network have as their host name.
	Host string
	// Dir is an absolute directory of the runtime's own.
	Dir string
	// Network and Subnet give Pods their addresses.
	Network *podnet.Network
	Subnet  *podnet.Subnet
	// Engine runs the containers.
	Engine Engine
	// Handlers run those whose Pod names a RuntimeClass with that handler.
	Handlers map[string]Engine
	// Images are the node's.
	Images *Images
}

// Runtime is the runtime service of one node.
type Runtime struct {
	o       Options
	streams *streams

	mu         sync.Mutex
	sandboxes  map[string]*sandbox
	containers map[string]*container
	watchers   map[chan *runtimeapi.ContainerEventResponse]struct{}
	spent      time.Duration // processor time of containers that have ended
}

var _ internalapi.RuntimeService = (*Runtime)(nil)

// New makes a runtime without Pods. What an earlier process left in Dir is removed: its containers are gone.
func New(o Options) (*Runtime, error) {
	if !filepath.IsAbs(o.Dir) {
		return nil, fmt.Errorf("container runtime: directory %q is not absolute", o.Dir)
	}
	if err := os.RemoveAll(o.Dir); err != nil {
		return nil, fmt.Errorf("container runtime: remove what is left of the last run: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("container runtime: %w", err)
	}
	r := &Runtime{
		o:          o,
		sandboxes:  map[string]*sandbox{},
		containers: map[string]*container{},
		watchers:   map[chan *runtimeapi.ContainerEventResponse]struct{}{},
	}
	r.streams = &streams{runtime: r}
	return r, nil
}

// Has says whether a sandbox or a container is this runtime's.
func (r *Runtime) Has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sandboxes[id] != nil || r.containers[id] != nil
}

// newID makes an identifier as container runtimes do: 64 hexadecimal digits.
func newID() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func notFound(kind, id string) error {
	return status.Errorf(codes.NotFound, "%s %q is not there", kind, id)
}

// Version names the runtime.
func (r *Runtime) Version(context.Context, string) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{Version: "0.1.0", RuntimeName: r.o.Name, RuntimeVersion: r.o.Version, RuntimeApiVersion: "v1"}, nil
}

// Status is always ready: the runtime is there as long as the process is.
func (r *Runtime) Status(context.Context, bool) (*runtimeapi.StatusResponse, error) {
	return &runtimeapi.StatusResponse{
		Status: &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
			{Type: runtimeapi.RuntimeReady, Status: true},
			{Type: runtimeapi.NetworkReady, Status: true},
		}},
		RuntimeHandlers: r.handlers(),
	}, nil
}

func (r *Runtime) handlers() []*runtimeapi.RuntimeHandler {
	out := []*runtimeapi.RuntimeHandler{{Name: ""}}
	for _, name := range slices.Sorted(maps.Keys(r.o.Handlers)) {
		out = append(out, &runtimeapi.RuntimeHandler{Name: name})
	}
	return out
}

// RuntimeConfig leaves cgroups to the kubelet's own configuration: there are none.
func (r *Runtime) RuntimeConfig(context.Context) (*runtimeapi.RuntimeConfigResponse, error) {
	return nil, status.Error(codes.Unimplemented, "this runtime has no cgroups")
}

// UpdateRuntimeConfig is how a kubelet tells the node's Pod range, once a controller has given the Node one.
func (r *Runtime) UpdateRuntimeConfig(_ context.Context, c *runtimeapi.RuntimeConfig) error {
	if cidr := c.GetNetworkConfig().GetPodCidr(); cidr != "" {
		p, err := netip.ParsePrefix(cidr)
		if err != nil {
			return fmt.Errorf("range of Pod addresses: %w", err)
		}
		return r.o.Subnet.Use(p)
	}
	return nil
}

// Close stops every container at once.
func (r *Runtime) Close(context.Context) error {
	r.mu.Lock()
	var all []*container
	for _, c := range r.containers {
		all = append(all, c)
	}
	var open []*sandbox
	for _, s := range r.sandboxes {
		if s.ownIP && s.ready {
			open = append(open, s)
		}
	}
	r.mu.Unlock()
	for _, c := range all {
		c.kill()
	}
	for _, s := range open {
		s.closeHostPorts()
		r.o.Network.Release(s.ip)
	}
	return r.streams.stop()
}

// sandbox is a Pod's part of the runtime. Its fields are guarded by Runtime.mu.
type sandbox struct {
	id      string
	config  *runtimeapi.PodSandboxConfig
	handler string
	created time.Time
	ready   bool
	ip      netip.Addr
	ownIP   bool
	closers []func() // of its host ports; it does not change once the sandbox runs
}

func hostNetwork(c *runtimeapi.PodSandboxConfig) bool {
	return c.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == runtimeapi.NamespaceMode_NODE
}

// RunPodSandbox gives a Pod its address.
func (r *Runtime) RunPodSandbox(_ context.Context, config *runtimeapi.PodSandboxConfig, handler string) (string, error) {
	if config.GetMetadata() == nil {
		return "", status.Error(codes.InvalidArgument, "sandbox without metadata")
	}
	if r.o.Handlers[handler] == nil && handler != "" {
		return "", status.Errorf(codes.InvalidArgument, "no runtime handler %q is configured: this node has %q", handler, slices.Sorted(maps.Keys(r.o.Handlers)))
	}
	s := &sandbox{id: newID(), config: config, handler: handler, created: time.Now(), ready: true, ip: r.o.Subnet.Node}
	if !hostNetwork(config) {
		ip, err := r.o.Subnet.Allocate()
		if err != nil {
			return "", err
		}
		s.ip, s.ownIP = ip, true
	}
	if err := r.openHostPorts(s); err != nil {
		s.closeHostPorts()
		r.o.Network.Release(s.ip)
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sandboxes[s.id] = s
	return s.id, nil
}

// StopPodSandbox ends what still runs in a Pod and gives its address back.
func (r *Runtime) StopPodSandbox(ctx context.Context, id string) error {
	r.mu.Lock()
	s := r.sandboxes[id]
	if s == nil {
		r.mu.Unlock()
		return nil // stopping twice is no error
	}
	running := r.containersOf(id)
	release := s.ownIP && s.ready
	s.ready = false
	r.mu.Unlock()
	for _, c := range running {
		c.kill()
	}
	if release {
		s.closeHostPorts()
		r.o.Network.Release(s.ip)
		r.mu.Lock()
		r.changed(s, s.id)
		r.mu.Unlock()
	}
	return nil
}

// containersOf needs r.mu.
func (r *Runtime) containersOf(sandbox string) []*container {
	var cs []*container
	for _, c := range r.containers {
		if c.sandbox.id == sandbox {
			cs = append(cs, c)
		}
	}
	return cs
}

// RemovePodSandbox forgets a Pod and its containers.
func (r *Runtime) RemovePodSandbox(ctx context.Context, id string) error {
	if err := r.StopPodSandbox(ctx, id); err != nil {
		return err
	}
	r.mu.Lock()
	cs := r.containersOf(id)
	delete(r.sandboxes, id)
	r.mu.Unlock()
	for _, c := range cs {
		if err := r.RemoveContainer(ctx, c.id); err != nil {
			return err
		}
	}
	return nil
}

func (s *sandbox) state() runtimeapi.PodSandboxState {
	if s.ready {
		return runtimeapi.PodSandboxState_SANDBOX_READY
	}
	return runtimeapi.PodSandboxState_SANDBOX_NOTREADY
}

// status needs r.mu.
func (s *sandbox) status() *runtimeapi.PodSandboxStatus {
	st := &runtimeapi.PodSandboxStatus{
		Id: s.id, Metadata: s.config.Metadata, State: s.state(), CreatedAt: s.created.UnixNano(),
		Labels: s.config.Labels, Annotations: s.config.Annotations, RuntimeHandler: s.handler,
		Network: &runtimeapi.PodSandboxNetworkStatus{},
		Linux:   &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{Options: s.config.GetLinux().GetSecurityContext().GetNamespaceOptions()}},
	}
	if s.ownIP && s.ready {
		st.Network.Ip = s.ip.String()
	}
	return st
}

// PodSandboxStatus describes a Pod.
func (r *Runtime) PodSandboxStatus(_ context.Context, id string, _ bool) (*runtimeapi.PodSandboxStatusResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sandboxes[id]
	if s == nil {
		return nil, notFound("sandbox", id)
	}
	return &runtimeapi.PodSandboxStatusResponse{Status: s.status()}, nil
}

// ListPodSandbox lists the Pods that a filter lets through.
func (r *Runtime) ListPodSandbox(_ context.Context, f *runtimeapi.PodSandboxFilter) ([]*runtimeapi.PodSandbox, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*runtimeapi.PodSandbox
	for _, s := range r.sandboxes {
		if f.GetId() != "" && f.GetId() != s.id || f.GetState() != nil && f.GetState().State != s.state() || !matches(f.GetLabelSelector(), s.config.Labels) {
			continue
		}
		out = append(out, &runtimeapi.PodSandbox{
			Id: s.id, Metadata: s.config.Metadata, State: s.state(), CreatedAt: s.created.UnixNano(),
			Labels: s.config.Labels, Annotations: s.config.Annotations, RuntimeHandler: s.handler,
		})
	}
	return out, nil
}

func matches(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// UpdatePodSandboxResources accepts every size: nothing is reserved.
func (r *Runtime) UpdatePodSandboxResources(context.Context, *runtimeapi.UpdatePodSandboxResourcesRequest) (*runtimeapi.UpdatePodSandboxResourcesResponse, error) {
	return &runtimeapi.UpdatePodSandboxResourcesResponse{}, nil
}

// CheckpointPod is not to be had from this runtime.
func (r *Runtime) CheckpointPod(context.Context, *runtimeapi.CheckpointPodRequest) error {
	return status.Error(codes.Unimplemented, "this runtime has no checkpoints")
}

// RestorePod is not to be had from this runtime.
func (r *Runtime) RestorePod(context.Context, *runtimeapi.RestorePodRequest) (*runtimeapi.RestorePodResponse, error) {
	return nil, status.Error(codes.Unimplemented, "this runtime has no checkpoints")
}
