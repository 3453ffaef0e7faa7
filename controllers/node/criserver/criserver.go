// Package criserver serves a container runtime of this process over gRPC, as containerd serves its own: for crictl, and for
// kubelets elsewhere.
package criserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	cri "k8s.io/cri-client/pkg"
	utilexec "k8s.io/utils/exec"
)

// Serve answers on a unix socket, unix:///path, until ctx ends. ready is called when it does; it may be nil.
func Serve(ctx context.Context, endpoint string, runtime internalapi.RuntimeService, images internalapi.ImageManagerService, ready func()) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "unix" || u.Path == "" {
		return fmt.Errorf("%q is no socket to listen on: it is written as unix:///tmp/podarium-cri.sock", endpoint)
	}
	if c, err := net.Dial("unix", u.Path); err == nil {
		return errors.Join(fmt.Errorf("%s: somebody listens there already: choose another path", endpoint), c.Close())
	}
	if info, err := os.Stat(u.Path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(u.Path); err != nil { // left behind
			return err
		}
	}
	l, err := net.Listen("unix", u.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", endpoint, err)
	}
	if err := os.Chmod(u.Path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	s := grpc.NewServer()
	runtimeapi.RegisterRuntimeServiceServer(s, &server{r: runtime})
	runtimeapi.RegisterImageServiceServer(s, &imageServer{i: images})
	context.AfterFunc(ctx, s.Stop)
	if ready != nil {
		ready()
	}
	return s.Serve(l)
}

type server struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	r internalapi.RuntimeService
}

func (s *server) Version(ctx context.Context, r *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return s.r.Version(ctx, r.Version)
}

func (s *server) Status(ctx context.Context, r *runtimeapi.StatusRequest) (*runtimeapi.StatusResponse, error) {
	return s.r.Status(ctx, r.Verbose)
}

func (s *server) RunPodSandbox(ctx context.Context, r *runtimeapi.RunPodSandboxRequest) (*runtimeapi.RunPodSandboxResponse, error) {
	id, err := s.r.RunPodSandbox(ctx, r.Config, r.RuntimeHandler)
	return &runtimeapi.RunPodSandboxResponse{PodSandboxId: id}, err
}

func (s *server) StopPodSandbox(ctx context.Context, r *runtimeapi.StopPodSandboxRequest) (*runtimeapi.StopPodSandboxResponse, error) {
	return &runtimeapi.StopPodSandboxResponse{}, s.r.StopPodSandbox(ctx, r.PodSandboxId)
}

func (s *server) RemovePodSandbox(ctx context.Context, r *runtimeapi.RemovePodSandboxRequest) (*runtimeapi.RemovePodSandboxResponse, error) {
	return &runtimeapi.RemovePodSandboxResponse{}, s.r.RemovePodSandbox(ctx, r.PodSandboxId)
}

func (s *server) PodSandboxStatus(ctx context.Context, r *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	return s.r.PodSandboxStatus(ctx, r.PodSandboxId, r.Verbose)
}

func (s *server) ListPodSandbox(ctx context.Context, r *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	items, err := s.r.ListPodSandbox(ctx, r.Filter)
	return &runtimeapi.ListPodSandboxResponse{Items: items}, err
}

func (s *server) CreateContainer(ctx context.Context, r *runtimeapi.CreateContainerRequest) (*runtimeapi.CreateContainerResponse, error) {
	id, err := s.r.CreateContainer(ctx, r.PodSandboxId, r.Config, r.SandboxConfig)
	return &runtimeapi.CreateContainerResponse{ContainerId: id}, err
}

func (s *server) StartContainer(ctx context.Context, r *runtimeapi.StartContainerRequest) (*runtimeapi.StartContainerResponse, error) {
	return &runtimeapi.StartContainerResponse{}, s.r.StartContainer(ctx, r.ContainerId)
}

func (s *server) StopContainer(ctx context.Context, r *runtimeapi.StopContainerRequest) (*runtimeapi.StopContainerResponse, error) {
	return &runtimeapi.StopContainerResponse{}, s.r.StopContainer(ctx, r.ContainerId, r.Timeout)
}

func (s *server) RemoveContainer(ctx context.Context, r *runtimeapi.RemoveContainerRequest) (*runtimeapi.RemoveContainerResponse, error) {
	return &runtimeapi.RemoveContainerResponse{}, s.r.RemoveContainer(ctx, r.ContainerId)
}

func (s *server) ListContainers(ctx context.Context, r *runtimeapi.ListContainersRequest) (*runtimeapi.ListContainersResponse, error) {
	cs, err := s.r.ListContainers(ctx, r.Filter)
	return &runtimeapi.ListContainersResponse{Containers: cs}, err
}

func (s *server) ContainerStatus(ctx context.Context, r *runtimeapi.ContainerStatusRequest) (*runtimeapi.ContainerStatusResponse, error) {
	return s.r.ContainerStatus(ctx, r.ContainerId, r.Verbose)
}

func (s *server) UpdateContainerResources(ctx context.Context, r *runtimeapi.UpdateContainerResourcesRequest) (*runtimeapi.UpdateContainerResourcesResponse, error) {
	return &runtimeapi.UpdateContainerResourcesResponse{}, s.r.UpdateContainerResources(ctx, r.ContainerId, &runtimeapi.ContainerResources{Linux: r.Linux, Windows: r.Windows})
}

func (s *server) ReopenContainerLog(ctx context.Context, r *runtimeapi.ReopenContainerLogRequest) (*runtimeapi.ReopenContainerLogResponse, error) {
	return &runtimeapi.ReopenContainerLogResponse{}, s.r.ReopenContainerLog(ctx, r.ContainerId)
}

// ExecSync gives the exit code as a part of the answer, where in this process it is an error.
func (s *server) ExecSync(ctx context.Context, r *runtimeapi.ExecSyncRequest) (*runtimeapi.ExecSyncResponse, error) {
	stdout, stderr, err := s.r.ExecSync(ctx, r.ContainerId, r.Cmd, time.Duration(r.Timeout)*time.Second)
	var exit utilexec.CodeExitError
	switch {
	case errors.As(err, &exit):
		return &runtimeapi.ExecSyncResponse{Stdout: stdout, Stderr: stderr, ExitCode: int32(exit.Code)}, nil
	case errors.Is(err, cri.ErrCommandTimedOut):
		return nil, status.Error(codes.DeadlineExceeded, err.Error())
	}
	return &runtimeapi.ExecSyncResponse{Stdout: stdout, Stderr: stderr}, err
}

func (s *server) Exec(ctx context.Context, r *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	return s.r.Exec(ctx, r)
}

func (s *server) Attach(ctx context.Context, r *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	return s.r.Attach(ctx, r)
}

func (s *server) PortForward(ctx context.Context, r *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	return s.r.PortForward(ctx, r)
}

func (s *server) ContainerStats(ctx context.Context, r *runtimeapi.ContainerStatsRequest) (*runtimeapi.ContainerStatsResponse, error) {
	st, err := s.r.ContainerStats(ctx, r.ContainerId)
	return &runtimeapi.ContainerStatsResponse{Stats: st}, err
}

func (s *server) ListContainerStats(ctx context.Context, r *runtimeapi.ListContainerStatsRequest) (*runtimeapi.ListContainerStatsResponse, error) {
	st, err := s.r.ListContainerStats(ctx, r.Filter)
	return &runtimeapi.ListContainerStatsResponse{Stats: st}, err
}

func (s *server) PodSandboxStats(ctx context.Context, r *runtimeapi.PodSandboxStatsRequest) (*runtimeapi.PodSandboxStatsResponse, error) {
	st, err := s.r.PodSandboxStats(ctx, r.PodSandboxId)
	return &runtimeapi.PodSandboxStatsResponse{Stats: st}, err
}

func (s *server) ListPodSandboxStats(ctx context.Context, r *runtimeapi.ListPodSandboxStatsRequest) (*runtimeapi.ListPodSandboxStatsResponse, error) {
	st, err := s.r.ListPodSandboxStats(ctx, r.Filter)
	return &runtimeapi.ListPodSandboxStatsResponse{Stats: st}, err
}

func (s *server) UpdateRuntimeConfig(ctx context.Context, r *runtimeapi.UpdateRuntimeConfigRequest) (*runtimeapi.UpdateRuntimeConfigResponse, error) {
	return &runtimeapi.UpdateRuntimeConfigResponse{}, s.r.UpdateRuntimeConfig(ctx, r.RuntimeConfig)
}

func (s *server) GetContainerEvents(_ *runtimeapi.GetEventsRequest, out runtimeapi.RuntimeService_GetContainerEventsServer) error {
	events := make(chan *runtimeapi.ContainerEventResponse, 64)
	ctx, cancel := context.WithCancel(out.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.r.GetContainerEvents(ctx, events, nil) }()
	for {
		select {
		case e := <-events:
			if err := out.Send(e); err != nil {
				return err
			}
		case err := <-ended:
			return err
		}
	}
}

type imageServer struct {
	runtimeapi.UnimplementedImageServiceServer
	i internalapi.ImageManagerService
}

func (s *imageServer) ListImages(ctx context.Context, r *runtimeapi.ListImagesRequest) (*runtimeapi.ListImagesResponse, error) {
	images, err := s.i.ListImages(ctx, r.Filter)
	return &runtimeapi.ListImagesResponse{Images: images}, err
}

func (s *imageServer) ImageStatus(ctx context.Context, r *runtimeapi.ImageStatusRequest) (*runtimeapi.ImageStatusResponse, error) {
	return s.i.ImageStatus(ctx, r.Image, r.Verbose)
}

func (s *imageServer) PullImage(ctx context.Context, r *runtimeapi.PullImageRequest) (*runtimeapi.PullImageResponse, error) {
	ref, err := s.i.PullImage(ctx, r.Image, r.Auth, r.SandboxConfig)
	return &runtimeapi.PullImageResponse{ImageRef: ref}, err
}

func (s *imageServer) RemoveImage(ctx context.Context, r *runtimeapi.RemoveImageRequest) (*runtimeapi.RemoveImageResponse, error) {
	return &runtimeapi.RemoveImageResponse{}, s.i.RemoveImage(ctx, r.Image)
}

func (s *imageServer) ImageFsInfo(ctx context.Context, _ *runtimeapi.ImageFsInfoRequest) (*runtimeapi.ImageFsInfoResponse, error) {
	return s.i.ImageFsInfo(ctx)
}
