package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/remote"
)

// shellCommand is a shell with the terminal's name set, bash where there is one.
var shellCommand = []string{"sh", "-c", "export TERM=xterm-256color; command -v bash >/dev/null 2>&1 && exec bash || exec sh"}

// target is a container and how its process takes input.
type target struct {
	at         remote.Container
	stdin, tty bool
}

// defaultContainer is the annotation by which a Pod names the container that kubectl takes where none is named.
const defaultContainer = "kubectl.kubernetes.io/default-container"

// find reads what a session needs to know of its container, and refuses Pods that are not the one that the user saw.
func find(ctx context.Context, c *cluster.Cluster, r Session) (target, error) {
	pod, err := c.Kubernetes().CoreV1().Pods(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	switch {
	case err != nil:
		return target{}, err
	case r.UID != "" && pod.UID != r.UID:
		return target{}, fmt.Errorf("pod/%s: %w: it was deleted and created anew", r.Name, change.ErrConflict)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return target{}, fmt.Errorf("pod/%s has finished (%s): no process is left in it", r.Name, pod.Status.Phase)
	}
	name := r.Container
	if name == "" {
		name = pod.Annotations[defaultContainer]
	}
	if name == "" && len(pod.Spec.Containers) > 0 {
		name = pod.Spec.Containers[0].Name
	}
	t := target{at: remote.Container{Namespace: r.Namespace, Pod: r.Name, Name: name}}
	for _, spec := range append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
		if spec.Name == name {
			t.stdin, t.tty = spec.Stdin, spec.TTY
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if e := &pod.Spec.EphemeralContainers[i]; e.Name == name {
			t.stdin, t.tty = e.Stdin, e.TTY
		}
	}
	if !r.Attach {
		t.stdin, t.tty = true, true // the shell's own
	}
	return t, nil
}

// hintFor says what to do about a session that could not begin.
func hintFor(err error) string {
	if err == nil {
		return ""
	}
	code, ran := remote.ExitCode(err)
	noShell := ran && (code == 126 || code == 127) || strings.Contains(err.Error(), "executable file not found") || strings.Contains(err.Error(), "no such file or directory")
	switch {
	case errors.Is(err, change.ErrReadOnly):
		return ""
	case noShell:
		return "The image has no shell, it seems: B on the Pod starts a debug container beside it.   enter leaves"
	case !ran && !errors.Is(err, context.Canceled):
		return err.Error() + "   enter leaves, r tries again"
	}
	return ""
}
