package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg"
	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// streams serves exec, attach and port-forward. A kubelet answers such a request by passing it on to a URL that the
// runtime gives it, which must be on TCP: the server listens on a free loopback port, from the first request on, and
// answers only to the single-use tokens in these URLs (k8s.io/cri-streaming keeps them for a minute).
type streams struct {
	runtime *Runtime
	mu      sync.Mutex
	server  streaming.Server
	http    *http.Server
}

func (s *streams) get() (streaming.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return s.server, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("exec, attach and port-forward need a loopback port: %w", err)
	}
	c := streaming.DefaultConfig
	c.BaseURL = &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"}
	srv, err := streaming.NewServer(c, streamer{s.runtime})
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	s.server, s.http = srv, &http.Server{Handler: srv, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }() // ends with stop
	return srv, nil
}

func (s *streams) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil {
		return nil
	}
	return s.http.Close()
}

// Exec prepares to run a command in a container.
func (r *Runtime) Exec(_ context.Context, req *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	if _, _, err := r.running(req.ContainerId); err != nil {
		return nil, err
	}
	s, err := r.streams.get()
	if err != nil {
		return nil, err
	}
	return s.GetExec(req)
}

// Attach prepares to attach to a container.
func (r *Runtime) Attach(_ context.Context, req *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	if _, _, err := r.running(req.ContainerId); err != nil {
		return nil, err
	}
	s, err := r.streams.get()
	if err != nil {
		return nil, err
	}
	return s.GetAttach(req)
}

// PortForward prepares to connect to a port of a Pod.
func (r *Runtime) PortForward(_ context.Context, req *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	if _, err := r.address(req.PodSandboxId); err != nil {
		return nil, err
	}
	s, err := r.streams.get()
	if err != nil {
		return nil, err
	}
	return s.GetPortForward(req)
}

// running gives the process of a container, or says why there is none.
func (r *Runtime) running(id string) (*container, Process, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.state != runtimeapi.ContainerState_CONTAINER_RUNNING {
		return nil, nil, status.Errorf(codes.FailedPrecondition, "container %q is not running: it is %s", c.config.Metadata.Name, stateName(c))
	}
	return c, c.process, nil
}

func stateName(c *container) string {
	switch c.state {
	case runtimeapi.ContainerState_CONTAINER_EXITED:
		return fmt.Sprintf("finished with exit code %d", c.exit.Code)
	case runtimeapi.ContainerState_CONTAINER_CREATED:
		return "created"
	}
	return "in an unknown state"
}

// ExecSync runs a command and gives its output: exec probes and hooks.
func (r *Runtime) ExecSync(ctx context.Context, id string, cmd []string, timeout time.Duration) ([]byte, []byte, error) {
	_, p, err := r.running(id)
	if err != nil {
		return nil, nil, err
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var stdout, stderr safeBuffer
	code, err := p.Exec(ctx, Exec{Command: cmd, Stdout: &stdout, Stderr: &stderr})
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, nil, fmt.Errorf("%w: %q timed out after %s", cri.ErrCommandTimedOut, strings.Join(cmd, " "), timeout)
	case err != nil:
		return nil, nil, err
	case code != 0:
		err = utilexec.CodeExitError{Err: fmt.Errorf("command '%s' exited with %d: %s", strings.Join(cmd, " "), code, stderr.Bytes()), Code: code}
	}
	return stdout.Bytes(), stderr.Bytes(), err
}

// safeBuffer may be written to by a command that outlives its timeout.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) Bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}

// streamer is what the streaming server calls.
type streamer struct{ r *Runtime }

func sizes(in <-chan remotecommand.TerminalSize) <-chan Size {
	if in == nil {
		return nil
	}
	out := make(chan Size, 1)
	go func() {
		defer close(out)
		for s := range in {
			select {
			case out <- Size{Width: s.Width, Height: s.Height}:
			default: // only the last one counts, and nobody may be looking
			}
		}
	}()
	return out
}

func (s streamer) Exec(ctx context.Context, id string, cmd []string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	_, p, err := s.r.running(id)
	if err != nil {
		return err
	}
	e := Exec{Command: cmd, Stdin: in, TTY: tty, Resize: sizes(resize)}
	if out != nil {
		e.Stdout = out
	}
	if errs != nil {
		e.Stderr = errs
	}
	code, err := p.Exec(ctx, e)
	if err != nil {
		return err
	}
	if code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
	}
	return nil
}

func (s streamer) Attach(ctx context.Context, id string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, _, err := s.r.running(id)
	if err != nil {
		return err
	}
	var stdout, stderr io.Writer
	if out != nil {
		stdout = out
	}
	if errs != nil {
		stderr = errs
	} else if tty {
		stderr = stdout
	}
	a := c.spread.add(stdout, stderr)
	defer c.spread.remove(a)
	var ended <-chan struct{}
	if in != nil && c.stdin != nil {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(c.stdin, in)
			if c.config.StdinOnce {
				c.stdin.end()
			}
		}()
		if stdout == nil && stderr == nil {
			ended = done
		}
	}
	select {
	case <-a.gone:
	case <-ended:
	case <-ctx.Done():
	}
	return nil
}

func (s streamer) PortForward(ctx context.Context, sandbox string, port int32, stream io.ReadWriteCloser) error {
	addr, err := s.r.address(sandbox)
	if err != nil {
		return err
	}
	// As in a network namespace, localhost of the Pod is where its containers listen.
	c, err := s.r.o.Network.Dialer(addr)(ctx, "tcp", netip.AddrPortFrom(addr, uint16(port)).String())
	if err != nil {
		return fmt.Errorf("failed to connect to port %d inside the Pod: %w", port, err)
	}
	defer c.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(stream, c)
	}()
	go func() {
		_, _ = io.Copy(c, stream)
		if w, ok := c.(interface{ CloseWrite() error }); ok {
			_ = w.CloseWrite()
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return stream.Close()
}

// stdin joins those who attach, one after the other, to one input.
type stdin struct {
	r *io.PipeReader
	w *io.PipeWriter
}

func newStdin() *stdin {
	r, w := io.Pipe()
	return &stdin{r: r, w: w}
}

func (s *stdin) Read(b []byte) (int, error)  { return s.r.Read(b) }
func (s *stdin) Write(b []byte) (int, error) { return s.w.Write(b) }
func (s *stdin) end()                        { _ = s.w.Close() }
