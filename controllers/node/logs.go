package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"

	"github.com/podarium/podarium/controllers/node/containers"
)

// following is a kubelet whose logs are followed without inotify where its containers are this process's own runtime's, and that
// says of a container that is not found for an exec that it has finished.
type following struct {
	*kubelet.Kubelet
	runtime *containers.Runtime
}

// GetKubeletContainerLogs writes a container's log (pkg/kubelet/server, HostInterface).
func (f following) GetKubeletContainerLogs(ctx context.Context, podFullName, name string, o *corev1.PodLogOptions, stdout, stderr io.Writer) error {
	if !o.Follow || o.Previous { // a container that has ended writes no more
		once := *o
		once.Follow = false
		return f.Kubelet.GetKubeletContainerLogs(ctx, podFullName, name, &once, stdout, stderr)
	}
	// The kubelet says what is wrong with the request, and writes nothing.
	none := int64(0)
	asked := *o
	asked.Follow, asked.TailLines = false, &none
	if err := f.Kubelet.GetKubeletContainerLogs(ctx, podFullName, name, &asked, stdout, stderr); err != nil {
		return err
	}
	pod, namespace, err := kubecontainer.ParsePodFullName(podFullName)
	if err != nil {
		return fmt.Errorf("logs of %s: %w", podFullName, err)
	}
	err = f.runtime.Follow(ctx, namespace, pod, name, o, stdout, stderr)
	if errors.Is(err, containers.ErrOtherRuntime) {
		return f.Kubelet.GetKubeletContainerLogs(ctx, podFullName, name, o, stdout, stderr)
	}
	return err
}

// GetExec gives the URL at which a command is run in a container (pkg/kubelet/server, HostInterface).
func (f following) GetExec(ctx context.Context, podFullName string, uid types.UID, name string, cmd []string, o remotecommand.Options) (*url.URL, error) {
	u, err := f.Kubelet.GetExec(ctx, podFullName, uid, name, cmd, o)
	return u, f.why(err, podFullName, name)
}

// GetAttach gives the URL at which one attaches to a container (pkg/kubelet/server, HostInterface).
func (f following) GetAttach(ctx context.Context, podFullName string, uid types.UID, name string, o remotecommand.Options) (*url.URL, error) {
	u, err := f.Kubelet.GetAttach(ctx, podFullName, uid, name, o)
	return u, f.why(err, podFullName, name)
}

// why adds to an error that the container has finished, where it has.
func (f following) why(err error, podFullName, name string) error {
	if err == nil {
		return nil
	}
	pod, namespace, parse := kubecontainer.ParsePodFullName(podFullName)
	if parse != nil {
		return err
	}
	if end := f.runtime.Finished(namespace, pod, name); end != "" {
		return fmt.Errorf("%w: it does not run, it is %s; 'kubectl logs' has what it wrote, 'kubectl debug' starts another beside it", err, end)
	}
	return err
}
