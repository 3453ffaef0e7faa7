package containers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// portsAnnotation is where a kubelet leaves the container's ports with their names
// (pkg/kubelet/kuberuntime/labels.go, containerPortsLabel); the CRI itself has no field for the names.
const portsAnnotation = "io.kubernetes.container.ports"

// container is one container. The identity never changes; the state is guarded by Runtime.mu.
type container struct {
	id      string
	runtime *Runtime
	sandbox *sandbox
	config  *runtimeapi.ContainerConfig
	image   string // the image's ID
	created time.Time
	logPath string
	log     *logFile
	stdin   *stdin
	spread  *spread
	stdout  *output
	stderr  *output

	resources *runtimeapi.ContainerResources
	state     runtimeapi.ContainerState
	process   Process
	started   time.Time
	finished  time.Time
	exit      Exit
	ended     chan struct{} // closed when state is exited
}

// CreateContainer makes a container that does not run yet.
func (r *Runtime) CreateContainer(_ context.Context, sandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	if config.GetMetadata() == nil || config.GetImage() == nil {
		return "", status.Error(codes.InvalidArgument, "container without metadata or image")
	}
	if config.LogPath == "" || !filepath.IsAbs(sandboxConfig.GetLogDirectory()) {
		return "", status.Errorf(codes.InvalidArgument, "container %q has no log path of its own: directory %q, file %q", config.Metadata.Name, sandboxConfig.GetLogDirectory(), config.LogPath)
	}
	for _, m := range config.Mounts { // as containerd does: a hostPath without a type may not be there yet
		if _, err := os.Stat(m.HostPath); os.IsNotExist(err) {
			if err := os.MkdirAll(m.HostPath, 0o755); err != nil {
				return "", fmt.Errorf("volume at %s: %w", m.ContainerPath, err)
			}
		}
	}
	id := newID()
	if err := os.Mkdir(r.dir(id), 0o700); err != nil {
		return "", fmt.Errorf("container directory: %w", err)
	}
	c := &container{
		id: id, runtime: r, config: config, created: time.Now(),
		logPath: filepath.Join(sandboxConfig.LogDirectory, config.LogPath),
		state:   runtimeapi.ContainerState_CONTAINER_CREATED,
		ended:   make(chan struct{}),
	}
	c.image = imageID(config.Image.Image)
	c.log, c.spread = &logFile{path: c.logPath}, &spread{}
	c.stdout, c.stderr = &output{c: c, stream: "stdout"}, &output{c: c, stream: "stderr"}
	if config.Stdin {
		c.stdin = newStdin()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.sandbox = r.sandboxes[sandboxID]; c.sandbox == nil {
		_ = os.RemoveAll(r.dir(id))
		return "", notFound("sandbox", sandboxID)
	}
	r.containers[id] = c
	return id, nil
}

func (r *Runtime) dir(id string) string { return filepath.Join(r.o.Dir, id) }

func (r *Runtime) container(id string) (*container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.containers[id]
	if c == nil {
		return nil, notFound("container", id)
	}
	return c, nil
}

// spec is what the engine is told.
func (c *container) spec() Spec {
	s := c.sandbox
	env := make([]string, 0, len(c.config.Envs))
	for _, e := range c.config.Envs {
		env = append(env, e.Key+"="+string(e.Value))
	}
	var ports []corev1.ContainerPort
	_ = json.Unmarshal([]byte(c.config.Annotations[portsAnnotation]), &ports) // absent where there are none
	hostname := s.config.Hostname
	if hostname == "" { // the kubelet names none for Pods on the host network
		hostname = cmp.Or(c.runtime.o.Host, s.config.Metadata.Name)
	}
	image := c.config.Image.UserSpecifiedImage
	if image == "" {
		image = c.config.Image.Image
	}
	spec := Spec{
		ID: c.id, Name: c.config.Metadata.Name,
		Pod: s.config.Metadata.Name, Namespace: s.config.Metadata.Namespace, UID: s.config.Metadata.Uid,
		Labels: s.config.Labels, Annotations: s.config.Annotations,
		Image: image, Command: c.config.Command, Args: c.config.Args, Env: env, WorkingDir: c.config.WorkingDir,
		Mounts: c.config.Mounts, Ports: ports, IP: s.ip, Hostname: hostname, HostNetwork: !s.ownIP, DNS: s.config.DnsConfig,
		Attempt: c.config.Metadata.Attempt, Dir: c.runtime.dir(c.id), TTY: c.config.Tty,
		MemoryLimit: c.config.GetLinux().GetResources().GetMemoryLimitInBytes(),
		Stdout:      c.stdout, Stderr: c.stderr,
	}
	if r := c.config.GetLinux().GetResources(); r.GetCpuQuota() > 0 && r.GetCpuPeriod() > 0 {
		spec.CPULimit = float64(r.CpuQuota) / float64(r.CpuPeriod)
	}
	spec.user(c.config.GetLinux().GetSecurityContext())
	if c.stdin != nil {
		spec.Stdin = c.stdin
	}
	return spec
}

// user sets who the container runs as, what it sees, and where it may write.
func (s *Spec) user(sc *runtimeapi.LinuxContainerSecurityContext) {
	s.User = -1
	if u := sc.GetRunAsUser(); u != nil {
		s.User = u.Value
	}
	if o := sc.GetNamespaceOptions(); o != nil {
		s.SharesProcesses = o.Pid == runtimeapi.NamespaceMode_POD
		if o.Pid == runtimeapi.NamespaceMode_TARGET {
			s.Target = o.TargetId
		}
	}
	s.Group, s.Groups, s.ReadOnly = sc.GetRunAsGroup().GetValue(), sc.GetSupplementalGroups(), sc.GetReadonlyRootfs()
}

// StartContainer runs a container.
func (r *Runtime) StartContainer(_ context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return err
	}
	if err := c.log.create(); err != nil {
		return fmt.Errorf("container log: %w", err)
	}
	r.mu.Lock()
	if c.state != runtimeapi.ContainerState_CONTAINER_CREATED {
		r.mu.Unlock()
		return status.Errorf(codes.FailedPrecondition, "container %q is %s, not created", id, c.state)
	}
	spec := c.spec()
	r.mu.Unlock()

	started := time.Now()
	engine := r.o.Engine
	if h := r.o.Handlers[c.sandbox.handler]; h != nil {
		engine = h
	}
	p, err := engine.Start(spec)
	if err != nil {
		r.finish(c, Exit{Code: 128, Reason: "StartError", Message: err.Error()}, time.Time{})
		return err
	}
	r.mu.Lock()
	c.process, c.started, c.state = p, started, runtimeapi.ContainerState_CONTAINER_RUNNING
	r.mu.Unlock()
	go func() {
		<-p.Done()
		r.finish(c, p.Exit(), started)
	}()
	return nil
}

// finish records a container's end and reports it.
func (r *Runtime) finish(c *container, e Exit, started time.Time) {
	c.stdout.flush()
	c.stderr.flush()
	c.log.close()
	c.spread.close()
	if e.Reason == "" {
		e.Reason = "Completed"
		if e.Code != 0 {
			e.Reason = "Error"
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.process != nil {
		r.spent += c.process.Usage().CPU
	}
	c.exit, c.finished, c.state = e, time.Now(), runtimeapi.ContainerState_CONTAINER_EXITED
	if !started.IsZero() {
		c.started = started
	}
	close(c.ended)
	r.changed(c.sandbox, c.id)
}

// kill ends a container without grace and waits for its end.
func (c *container) kill() {
	c.runtime.mu.Lock()
	p := c.process
	c.runtime.mu.Unlock()
	if p == nil {
		return
	}
	p.Kill()
	<-c.ended
}

// StopContainer asks a container to end, and kills it after timeout seconds.
func (r *Runtime) StopContainer(ctx context.Context, id string, timeout int64) error {
	c, err := r.container(id)
	if err != nil {
		return nil // stopping what is gone is no error
	}
	r.mu.Lock()
	p := c.process
	r.mu.Unlock()
	if p == nil {
		return nil
	}
	if timeout > 0 {
		p.Terminate()
		t := time.NewTimer(time.Duration(timeout) * time.Second)
		defer t.Stop()
		select {
		case <-c.ended:
			return nil
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.kill()
	return nil
}

// RemoveContainer forgets a container and deletes its directory. The log file is the kubelet's to delete.
func (r *Runtime) RemoveContainer(_ context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return nil
	}
	c.kill()
	r.mu.Lock()
	delete(r.containers, id)
	r.mu.Unlock()
	return os.RemoveAll(r.dir(id))
}

// ListContainers lists the containers that a filter lets through.
func (r *Runtime) ListContainers(_ context.Context, f *runtimeapi.ContainerFilter) ([]*runtimeapi.Container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*runtimeapi.Container
	for _, c := range r.containers {
		if f.GetId() != "" && f.GetId() != c.id || f.GetPodSandboxId() != "" && f.GetPodSandboxId() != c.sandbox.id ||
			f.GetState() != nil && f.GetState().State != c.state || !matches(f.GetLabelSelector(), c.config.Labels) {
			continue
		}
		out = append(out, &runtimeapi.Container{
			Id: c.id, PodSandboxId: c.sandbox.id, Metadata: c.config.Metadata, Image: c.config.Image, ImageRef: c.image, ImageId: c.image,
			State: c.state, CreatedAt: c.created.UnixNano(), Labels: c.config.Labels, Annotations: c.config.Annotations,
		})
	}
	return out, nil
}

// status needs r.mu.
func (c *container) status() *runtimeapi.ContainerStatus {
	image := c.config.Image.UserSpecifiedImage
	if image == "" {
		image = c.config.Image.Image
	}
	s := &runtimeapi.ContainerStatus{
		Id: c.id, Metadata: c.config.Metadata, State: c.state, CreatedAt: c.created.UnixNano(),
		Image: &runtimeapi.ImageSpec{Image: image}, ImageRef: c.image, ImageId: c.image,
		Labels: c.config.Labels, Annotations: c.config.Annotations, Mounts: c.config.Mounts, LogPath: c.logPath,
		Resources: c.resources,
	}
	if !c.started.IsZero() {
		s.StartedAt = c.started.UnixNano()
	}
	if c.state == runtimeapi.ContainerState_CONTAINER_EXITED {
		s.FinishedAt, s.ExitCode, s.Reason, s.Message = c.finished.UnixNano(), int32(c.exit.Code), c.exit.Reason, c.exit.Message
	}
	return s
}

// ContainerStatus describes a container.
func (r *Runtime) ContainerStatus(_ context.Context, id string, _ bool) (*runtimeapi.ContainerStatusResponse, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return &runtimeapi.ContainerStatusResponse{Status: c.status()}, nil
}

// UpdateContainerResources notes a container's new size, so that in-place resizes complete.
func (r *Runtime) UpdateContainerResources(_ context.Context, id string, res *runtimeapi.ContainerResources) error {
	c, err := r.container(id)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.resources = res
	return nil
}

// ReopenContainerLog starts a new log file after the kubelet has moved the old one away.
func (r *Runtime) ReopenContainerLog(_ context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return err
	}
	c.log.close()
	return c.log.create()
}

// CheckpointContainer is not to be had from this runtime.
func (r *Runtime) CheckpointContainer(context.Context, *runtimeapi.CheckpointContainerRequest) error {
	return status.Error(codes.Unimplemented, "this runtime has no checkpoints")
}

// echoes are when a change is reported again. A kubelet that ends a Pod waits for a look at its state that is younger than
// the work it has just done, which may still go on when the first event comes; without these it would wait for its next
// periodic look (pkg/kubelet/pod_workers.go, podCache.GetNewerThan).
var echoes = []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond}

// changed needs r.mu. It reports that a Pod has changed, now and a few times more.
func (r *Runtime) changed(s *sandbox, id string) {
	r.report(s, id)
	for _, d := range echoes {
		time.AfterFunc(d, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.report(s, id)
		})
	}
}

// report needs r.mu. A watcher that does not keep up misses events; the kubelet lists all once a period anyway.
func (r *Runtime) report(s *sandbox, id string) {
	if len(r.watchers) == 0 {
		return
	}
	e := &runtimeapi.ContainerEventResponse{
		ContainerId: id, ContainerEventType: runtimeapi.ContainerEventType_CONTAINER_STOPPED_EVENT,
		CreatedAt: time.Now().UnixNano(), PodSandboxStatus: s.status(),
	}
	for w := range r.watchers {
		select {
		case w <- e:
		default:
		}
	}
}

// GetContainerEvents sends an event for every container that ends, until ctx does.
func (r *Runtime) GetContainerEvents(ctx context.Context, events chan *runtimeapi.ContainerEventResponse, connected func(runtimeapi.RuntimeService_GetContainerEventsClient)) error {
	r.mu.Lock()
	r.watchers[events] = struct{}{}
	r.mu.Unlock()
	if connected != nil {
		connected(nil)
	}
	<-ctx.Done()
	r.mu.Lock()
	delete(r.watchers, events)
	r.mu.Unlock()
	return ctx.Err()
}

// address is the Pod address of a sandbox, for dialling into it.
func (r *Runtime) address(sandboxID string) (netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sandboxes[sandboxID]
	if s == nil || !s.ready {
		return netip.Addr{}, notFound("sandbox", sandboxID)
	}
	return s.ip, nil
}
