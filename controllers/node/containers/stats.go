package containers

import (
	"context"
	"strings"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// stats needs r.mu; it is nil for a container that does not run.
func (c *container) stats(now int64) *runtimeapi.ContainerStats {
	if c.state != runtimeapi.ContainerState_CONTAINER_RUNNING {
		return nil
	}
	u := c.process.Usage()
	return &runtimeapi.ContainerStats{
		Attributes: &runtimeapi.ContainerAttributes{Id: c.id, Metadata: c.config.Metadata, Labels: c.config.Labels, Annotations: c.config.Annotations},
		Cpu:        &runtimeapi.CpuUsage{Timestamp: now, UsageCoreNanoSeconds: &runtimeapi.UInt64Value{Value: uint64(u.CPU)}},
		Memory:     &runtimeapi.MemoryUsage{Timestamp: now, WorkingSetBytes: &runtimeapi.UInt64Value{Value: u.Memory}, UsageBytes: &runtimeapi.UInt64Value{Value: u.Memory}, RssBytes: &runtimeapi.UInt64Value{Value: u.Memory}},
		WritableLayer: &runtimeapi.FilesystemUsage{
			Timestamp: now, FsId: &runtimeapi.FilesystemIdentifier{}, UsedBytes: &runtimeapi.UInt64Value{}, InodesUsed: &runtimeapi.UInt64Value{},
		},
	}
}

// PodUsage is what a Pod's containers use.
type PodUsage struct {
	Namespace, Pod string
	// Labels are the Pod's, as they were when it started.
	Labels     map[string]string
	Started    time.Time
	Containers map[string]Usage
}

// podLabels are the Pod's own labels, without those that the kubelet adds.
func (s *sandbox) podLabels() map[string]string {
	out := make(map[string]string, len(s.config.Labels))
	for k, v := range s.config.Labels {
		if !strings.HasPrefix(k, "io.kubernetes.pod.") {
			out[k] = v
		}
	}
	return out
}

// PodUsage is what each Pod with running containers uses now.
func (r *Runtime) PodUsage() []PodUsage {
	r.mu.Lock()
	defer r.mu.Unlock()
	pods := map[string]*PodUsage{}
	for _, c := range r.containers {
		if c.state != runtimeapi.ContainerState_CONTAINER_RUNNING {
			continue
		}
		m := c.sandbox.config.Metadata
		p := pods[m.Uid]
		if p == nil {
			p = &PodUsage{Namespace: m.Namespace, Pod: m.Name, Labels: c.sandbox.podLabels(), Started: c.started, Containers: map[string]Usage{}}
			pods[m.Uid] = p
		}
		p.Containers[c.config.Metadata.Name] = c.process.Usage()
	}
	out := make([]PodUsage, 0, len(pods))
	for _, p := range pods {
		out = append(out, *p)
	}
	return out
}

// Usage is what all containers use now; the processor time of those that have ended stays counted.
func (r *Runtime) Usage() Usage {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := Usage{CPU: r.spent}
	for _, c := range r.containers {
		if c.state == runtimeapi.ContainerState_CONTAINER_RUNNING {
			now := c.process.Usage()
			u.CPU += now.CPU
			u.Memory += now.Memory
		}
	}
	return u
}

// ContainerStats is what one container uses.
func (r *Runtime) ContainerStats(_ context.Context, id string) (*runtimeapi.ContainerStats, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return c.stats(time.Now().UnixNano()), nil
}

// ListContainerStats is what each running container uses.
func (r *Runtime) ListContainerStats(_ context.Context, f *runtimeapi.ContainerStatsFilter) ([]*runtimeapi.ContainerStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now().UnixNano()
	var out []*runtimeapi.ContainerStats
	for _, c := range r.containers {
		if f.GetId() != "" && f.GetId() != c.id || f.GetPodSandboxId() != "" && f.GetPodSandboxId() != c.sandbox.id || !matches(f.GetLabelSelector(), c.config.Labels) {
			continue
		}
		if s := c.stats(now); s != nil {
			out = append(out, s)
		}
	}
	return out, nil
}

// podStats needs r.mu.
func (r *Runtime) podStats(s *sandbox) *runtimeapi.PodSandboxStats {
	now := time.Now().UnixNano()
	var cpu, memory uint64
	var cs []*runtimeapi.ContainerStats
	for _, c := range r.containersOf(s.id) {
		if st := c.stats(now); st != nil {
			cs = append(cs, st)
			cpu += st.Cpu.UsageCoreNanoSeconds.Value
			memory += st.Memory.WorkingSetBytes.Value
		}
	}
	return &runtimeapi.PodSandboxStats{
		Attributes: &runtimeapi.PodSandboxAttributes{Id: s.id, Metadata: s.config.Metadata, Labels: s.config.Labels, Annotations: s.config.Annotations},
		Linux: &runtimeapi.LinuxPodSandboxStats{
			Cpu:        &runtimeapi.CpuUsage{Timestamp: now, UsageCoreNanoSeconds: &runtimeapi.UInt64Value{Value: cpu}},
			Memory:     &runtimeapi.MemoryUsage{Timestamp: now, WorkingSetBytes: &runtimeapi.UInt64Value{Value: memory}, UsageBytes: &runtimeapi.UInt64Value{Value: memory}},
			Process:    &runtimeapi.ProcessUsage{Timestamp: now, ProcessCount: &runtimeapi.UInt64Value{Value: uint64(len(cs))}},
			Containers: cs,
		},
	}
}

// PodSandboxStats is what one Pod uses.
func (r *Runtime) PodSandboxStats(_ context.Context, id string) (*runtimeapi.PodSandboxStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sandboxes[id]
	if s == nil {
		return nil, notFound("sandbox", id)
	}
	return r.podStats(s), nil
}

// ListPodSandboxStats is what each Pod uses.
func (r *Runtime) ListPodSandboxStats(_ context.Context, f *runtimeapi.PodSandboxStatsFilter) ([]*runtimeapi.PodSandboxStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*runtimeapi.PodSandboxStats
	for _, s := range r.sandboxes {
		if f.GetId() != "" && f.GetId() != s.id || !s.ready || !matches(f.GetLabelSelector(), s.config.Labels) {
			continue
		}
		out = append(out, r.podStats(s))
	}
	return out, nil
}

// ListMetricDescriptors has none beyond the statistics above.
func (r *Runtime) ListMetricDescriptors(context.Context) ([]*runtimeapi.MetricDescriptor, error) {
	return nil, nil
}

// ListPodSandboxMetrics has none beyond the statistics above.
func (r *Runtime) ListPodSandboxMetrics(context.Context) ([]*runtimeapi.PodSandboxMetrics, error) {
	return nil, nil
}
