// Package remote speaks with containers: it runs commands in them, attaches to what runs, copies files, and opens the connections of
// port-forwards.
//
// Connections are websockets, and SPDY where the server knows no others, as kubectl makes them. A command can change anything, so that a
// cluster that is opened read-only refuses Exec, Attach and all that is built on them with change.ErrReadOnly.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	clientexec "k8s.io/client-go/util/exec"
	streamhttp "k8s.io/streaming/pkg/httpstream"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// Container names a container. An empty Name is the Pod's only one.
type Container struct{ Namespace, Pod, Name string }

// String is the container as people write it: web-1/nginx.
func (c Container) String() string {
	if c.Name == "" {
		return c.Pod
	}
	return c.Pod + "/" + c.Name
}

// Streams are the ends of a command's input and output. A nil one is not opened.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// TTY asks for a terminal: then there is no Err, and Sizes says how large it is, whenever that changes.
	TTY   bool
	Sizes Sizes
}

// Sizes yields the sizes of a terminal: Next blocks until there is another one, and returns nil when there will be none.
type Sizes = remotecommand.TerminalSizeQueue

// Size is the size of a terminal in cells.
type Size = remotecommand.TerminalSize

// Exec runs a command in a container until it ends or ctx does. A command that ends with another code than 0 is an error, and ExitCode
// tells the code.
func Exec(ctx context.Context, c *cluster.Cluster, at Container, command []string, s Streams) error {
	return stream(ctx, c, at, "exec", &corev1.PodExecOptions{
		Container: at.Name, Command: command, Stdin: s.In != nil, Stdout: s.Out != nil, Stderr: s.Err != nil && !s.TTY, TTY: s.TTY,
	}, s)
}

// Attach joins the streams of a container's own process until that ends or ctx does. In and TTY have to be as in the container's spec.
func Attach(ctx context.Context, c *cluster.Cluster, at Container, s Streams) error {
	return stream(ctx, c, at, "attach", &corev1.PodAttachOptions{
		Container: at.Name, Stdin: s.In != nil, Stdout: s.Out != nil, Stderr: s.Err != nil && !s.TTY, TTY: s.TTY,
	}, s)
}

func stream(ctx context.Context, c *cluster.Cluster, at Container, what string, o runtime.Object, s Streams) error {
	if c.ReadOnly() {
		return fmt.Errorf("%s %s: %w", what, at, change.ErrReadOnly)
	}
	query, err := scheme.ParameterCodec.EncodeParameters(o, corev1.SchemeGroupVersion)
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, at, err)
	}
	u := podURL(c, at, what)
	u.RawQuery = query.Encode()
	executor, err := dial(c, u)
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, at, err)
	}
	o2 := remotecommand.StreamOptions{Stdin: s.In, Stdout: s.Out, Tty: s.TTY, TerminalSizeQueue: s.Sizes}
	if !s.TTY {
		o2.Stderr = s.Err
	}
	if err := executor.StreamWithContext(ctx, o2); err != nil {
		return fmt.Errorf("%s %s: %w", what, at, err)
	}
	return nil
}

func dial(c *cluster.Cluster, u *url.URL) (remotecommand.Executor, error) {
	config := c.Config()
	old, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, u)
	if err != nil {
		return nil, err
	}
	websocket, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, u.String())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(websocket, old, lacksWebsockets)
}

// DialPorts is the way to the ports of a Pod. It connects nothing yet.
func DialPorts(c *cluster.Cluster, namespace, pod string) (streamhttp.Dialer, error) {
	u := podURL(c, Container{Namespace: namespace, Pod: pod}, "portforward")
	config := c.Config()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, u)
	websocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(u, config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(websocket, old, lacksWebsockets), nil
}

func lacksWebsockets(err error) bool {
	return streamhttp.IsUpgradeFailure(err) || streamhttp.IsHTTPSProxyError(err)
}

func podURL(c *cluster.Cluster, at Container, subresource string) *url.URL {
	return c.Kubernetes().CoreV1().RESTClient().Post().Resource("pods").Namespace(at.Namespace).Name(at.Pod).SubResource(subresource).URL()
}

// ExitCode is the code that a command ended with; false where err is none of a command that ran.
func ExitCode(err error) (code int, ok bool) {
	var exit clientexec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitStatus(), true
	}
	return 0, false
}
