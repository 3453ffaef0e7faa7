package node

import (
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"

	"github.com/podarium/podarium/controllers/node/containers"
)

// following is a kubelet whose logs are followed without inotify where its containers are this process's own runtime's.
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
