package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/screen"
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

// await waits until the container runs, and tells what it waits for: a debug container comes a moment after it was asked for.
func await(ctx context.Context, c *cluster.Cluster, t target, tell func(string)) error {
	pods, only := c.Kubernetes().CoreV1().Pods(t.at.Namespace), "metadata.name="+t.at.Pod
	for {
		list, err := pods.List(ctx, metav1.ListOptions{FieldSelector: only})
		if err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return apierrors.NewNotFound(corev1.Resource("pods"), t.at.Pod)
		}
		runs, why := running(&list.Items[0], t.at.Name)
		tell(why)
		if runs {
			return nil
		}
		// From the list and not from the Pod, which may have changed last before what the server remembers.
		w, err := pods.Watch(ctx, metav1.ListOptions{FieldSelector: only, ResourceVersion: list.ResourceVersion})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-w.ResultChan(): // whatever it was, look again
		}
		w.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// running says whether a container runs, or has run and ended, or else why it does not.
func running(pod *corev1.Pod, name string) (bool, string) {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses, pod.Status.EphemeralContainerStatuses} {
		for i := range list {
			st := &list[i]
			switch {
			case st.Name != name:
			case st.State.Waiting == nil:
				return true, ""
			case st.State.Waiting.Message != "":
				return false, st.State.Waiting.Reason + ": " + st.State.Waiting.Message
			default:
				return false, st.State.Waiting.Reason
			}
		}
	}
	return false, "its node has not begun it"
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
	case lost(err):
		return "The connection was lost, and with it the session: enter leaves, r begins another."
	case !ran && !errors.Is(err, context.Canceled):
		return "enter leaves, r tries again: " + screen.Reason(err)
	}
	return ""
}

// lost says that a session that ran lost its connection: the server, or the way to it, has gone.
func lost(err error) bool {
	if err == nil {
		return false
	}
	for _, text := range []string{"close 1006", "unexpected EOF", "connection reset", "use of closed network connection", "broken pipe"} {
		if strings.Contains(err.Error(), text) { // the libraries of websockets and of SPDY say it in words only
			return true
		}
	}
	return false
}
