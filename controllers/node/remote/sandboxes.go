package remote

import (
	"context"
	"net/netip"
	"time"

	"google.golang.org/protobuf/proto"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// RunPodSandbox makes a sandbox where its handler leads.
func (r *Runtime) RunPodSandbox(ctx context.Context, config *runtimeapi.PodSandboxConfig, handler string) (string, error) {
	there, remote := r.isRemote(handler)
	if !remote {
		return r.Runtime.RunPodSandbox(ctx, config, handler)
	}
	return r.remote.RunPodSandbox(ctx, r.sandboxConfig(config), there)
}

// sandboxConfig is a sandbox's as the remote runtime is given it. The cluster's DNS is on the virtual network: it gets the
// host's.
func (r *Runtime) sandboxConfig(config *runtimeapi.PodSandboxConfig) *runtimeapi.PodSandboxConfig {
	c := proto.CloneOf(config)
	c.Labels = r.owned(c.Labels)
	c.DnsConfig = nil
	return c
}

// StopPodSandbox ends a Pod.
func (r *Runtime) StopPodSandbox(ctx context.Context, id string) error {
	if !r.Runtime.Has(id) {
		r.forget(id)
	}
	return r.of(id).StopPodSandbox(ctx, id)
}

// RemovePodSandbox forgets it.
func (r *Runtime) RemovePodSandbox(ctx context.Context, id string) error {
	return r.of(id).RemovePodSandbox(ctx, id)
}

// PodSandboxStatus describes it.
func (r *Runtime) PodSandboxStatus(ctx context.Context, id string, verbose bool) (*runtimeapi.PodSandboxStatusResponse, error) {
	s, err := r.of(id).PodSandboxStatus(ctx, id, verbose)
	if err == nil && !r.Runtime.Has(id) && s.Status.GetState() == runtimeapi.PodSandboxState_SANDBOX_READY {
		r.learn(id, s.Status.GetNetwork().GetIp())
	}
	return s, err
}

// learn tells the virtual network that an address is the host's to reach, be it in a range of its own or not.
func (r *Runtime) learn(id, ip string) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return // the Pod is on the host's network
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addresses[id] != addr {
		r.addresses[id] = addr
		r.o.Network.Adopt(addr)
	}
}

func (r *Runtime) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if addr, ok := r.addresses[id]; ok {
		delete(r.addresses, id)
		r.out.forget(addr)
		r.o.Network.Release(addr)
	}
}

// ListPodSandbox lists those of both runtimes.
func (r *Runtime) ListPodSandbox(ctx context.Context, f *runtimeapi.PodSandboxFilter) ([]*runtimeapi.PodSandbox, error) {
	here, err := r.Runtime.ListPodSandbox(ctx, f)
	if err != nil {
		return nil, err
	}
	there, err := r.remote.ListPodSandbox(ctx, &runtimeapi.PodSandboxFilter{Id: f.GetId(), State: f.GetState(), LabelSelector: r.owned(f.GetLabelSelector())})
	return append(here, there...), err
}

// PortForward prepares to connect to a port of a Pod.
func (r *Runtime) PortForward(ctx context.Context, req *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	return r.of(req.PodSandboxId).PortForward(ctx, req)
}

// UpdatePodSandboxResources notes a Pod's new size.
func (r *Runtime) UpdatePodSandboxResources(ctx context.Context, req *runtimeapi.UpdatePodSandboxResourcesRequest) (*runtimeapi.UpdatePodSandboxResourcesResponse, error) {
	return r.of(req.PodSandboxId).UpdatePodSandboxResources(ctx, req)
}

// CreateContainer makes a container that does not run yet.
func (r *Runtime) CreateContainer(ctx context.Context, sandbox string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	if r.Runtime.Has(sandbox) {
		return r.Runtime.CreateContainer(ctx, sandbox, config, sandboxConfig)
	}
	c := proto.CloneOf(config)
	c.Labels = r.owned(c.Labels)
	r.mu.Lock()
	pod, known := r.addresses[sandbox]
	r.mu.Unlock()
	if known {
		env, err := r.out.of(pod, sandboxConfig.GetDnsConfig())
		if err != nil {
			return "", err
		}
		c.Envs = append(env, c.Envs...) // of two with the same name the last counts: the Pod's own
	}
	return r.remote.CreateContainer(ctx, sandbox, c, r.sandboxConfig(sandboxConfig))
}

// StartContainer runs a container.
func (r *Runtime) StartContainer(ctx context.Context, id string) error {
	return r.of(id).StartContainer(ctx, id)
}

// StopContainer ends it.
func (r *Runtime) StopContainer(ctx context.Context, id string, timeout int64) error {
	return r.of(id).StopContainer(ctx, id, timeout)
}

// RemoveContainer forgets it.
func (r *Runtime) RemoveContainer(ctx context.Context, id string) error {
	return r.of(id).RemoveContainer(ctx, id)
}

// ListContainers lists those of both runtimes.
func (r *Runtime) ListContainers(ctx context.Context, f *runtimeapi.ContainerFilter) ([]*runtimeapi.Container, error) {
	here, err := r.Runtime.ListContainers(ctx, f)
	if err != nil {
		return nil, err
	}
	there, err := r.remote.ListContainers(ctx, &runtimeapi.ContainerFilter{
		Id: f.GetId(), State: f.GetState(), PodSandboxId: f.GetPodSandboxId(), LabelSelector: r.owned(f.GetLabelSelector()),
	})
	return append(here, there...), err
}

// ContainerStatus describes a container.
func (r *Runtime) ContainerStatus(ctx context.Context, id string, verbose bool) (*runtimeapi.ContainerStatusResponse, error) {
	return r.of(id).ContainerStatus(ctx, id, verbose)
}

// UpdateContainerResources gives a container another size.
func (r *Runtime) UpdateContainerResources(ctx context.Context, id string, res *runtimeapi.ContainerResources) error {
	return r.of(id).UpdateContainerResources(ctx, id, res)
}

// ReopenContainerLog starts a new log file.
func (r *Runtime) ReopenContainerLog(ctx context.Context, id string) error {
	return r.of(id).ReopenContainerLog(ctx, id)
}

// ExecSync runs a command in a container and gives its output.
func (r *Runtime) ExecSync(ctx context.Context, id string, cmd []string, timeout time.Duration) ([]byte, []byte, error) {
	return r.of(id).ExecSync(ctx, id, cmd, timeout)
}

// Exec prepares to run a command in a container.
func (r *Runtime) Exec(ctx context.Context, req *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	return r.of(req.ContainerId).Exec(ctx, req)
}

// Attach prepares to attach to a container.
func (r *Runtime) Attach(ctx context.Context, req *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	return r.of(req.ContainerId).Attach(ctx, req)
}

// ContainerStats is what a container uses.
func (r *Runtime) ContainerStats(ctx context.Context, id string) (*runtimeapi.ContainerStats, error) {
	return r.of(id).ContainerStats(ctx, id)
}

// ListContainerStats is what the containers of both runtimes use.
func (r *Runtime) ListContainerStats(ctx context.Context, f *runtimeapi.ContainerStatsFilter) ([]*runtimeapi.ContainerStats, error) {
	here, err := r.Runtime.ListContainerStats(ctx, f)
	if err != nil {
		return nil, err
	}
	there, err := r.remote.ListContainerStats(ctx, &runtimeapi.ContainerStatsFilter{
		Id: f.GetId(), PodSandboxId: f.GetPodSandboxId(), LabelSelector: r.owned(f.GetLabelSelector()),
	})
	return append(here, there...), err
}

// PodSandboxStats is what a Pod uses.
func (r *Runtime) PodSandboxStats(ctx context.Context, id string) (*runtimeapi.PodSandboxStats, error) {
	return r.of(id).PodSandboxStats(ctx, id)
}

// ListPodSandboxStats is what the Pods of both runtimes use.
func (r *Runtime) ListPodSandboxStats(ctx context.Context, f *runtimeapi.PodSandboxStatsFilter) ([]*runtimeapi.PodSandboxStats, error) {
	here, err := r.Runtime.ListPodSandboxStats(ctx, f)
	if err != nil {
		return nil, err
	}
	there, err := r.remote.ListPodSandboxStats(ctx, &runtimeapi.PodSandboxStatsFilter{Id: f.GetId(), LabelSelector: r.owned(f.GetLabelSelector())})
	return append(here, there...), err
}
