// Package process runs containers as processes of the host, with the rights of the user who runs podarium: nothing is
// isolated. It is for those who want the real program behind an image, such as redis-server, where it is installed.
//
// What a container runs is its command, found in the host's PATH, or else what the catalogue (catalogue.yaml) gives for its
// image. A program listens on loopback ports that are chosen for it (PORT, PORT_6379 and so on in its environment); the
// Pod's address on the virtual network leads there. Volumes are where the host keeps them: {path /data} in the catalogue and
// the directory ROOT in the environment lead to them.
//
// A container is a process group: it is asked to end with SIGTERM and then killed as a whole.
package process

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

//go:embed catalogue.yaml
var builtin []byte

// image is what the catalogue says of one image.
type image struct {
	Match   string            `json:"match"`
	Command []string          `json:"command"`
	Ports   []int32           `json:"ports,omitempty"`
	Files   map[string]string `json:"files,omitempty"`
}

// Engine runs containers as processes.
type Engine struct {
	network *podnet.Network
	images  []image
}

// New makes an engine whose containers are reached over network.
func New(network *podnet.Network) (*Engine, error) {
	var c struct {
		Images []image `json:"images"`
	}
	if err := yaml.UnmarshalStrict(builtin, &c); err != nil {
		return nil, fmt.Errorf("catalogue of processes: %w", err)
	}
	return &Engine{network: network, images: c.Images}, nil
}

func (e *Engine) find(name string) image {
	for _, i := range e.images {
		if ok, err := regexp.MatchString("^"+strings.ReplaceAll(regexp.QuoteMeta(i.Match), `\*`, ".*")+"$", name); err == nil && ok {
			return i
		}
	}
	return image{}
}

// Start runs a container.
func (e *Engine) Start(c containers.Spec) (containers.Process, error) {
	img := e.find(c.Image)
	p := &process{spec: c, network: e.network, root: filepath.Join(c.Dir, "root"), ports: map[int32]int{}, started: time.Now(), done: make(chan struct{})}
	if err := p.prepare(img); err != nil {
		p.release()
		return nil, err
	}
	argv := append(append([]string(nil), c.Command...), c.Args...)
	if len(c.Command) == 0 {
		argv = nil
		for _, a := range img.Command {
			a, err := p.expand(a)
			if err != nil {
				p.release()
				return nil, err
			}
			argv = append(argv, a)
		}
		argv = append(argv, c.Args...)
	}
	if len(argv) == 0 {
		p.release()
		return nil, fmt.Errorf("image %q is none that the process runtime knows, and the container has no command", c.Image)
	}
	p.cmd = p.command(context.Background(), argv)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Stdin = c.Stdout, c.Stderr, c.Stdin
	if err := p.cmd.Start(); err != nil {
		p.release()
		return nil, fmt.Errorf("%s: %w: the process runtime runs programs of this machine", argv[0], err)
	}
	go p.wait()
	return p, nil
}

type process struct {
	spec    containers.Spec
	network *podnet.Network
	root    string
	ports   map[int32]int // the container's port, and the host's
	cmd     *exec.Cmd
	started time.Time

	mu      sync.Mutex
	closers []func()
	killed  bool
	done    chan struct{}
	exit    containers.Exit
}

// prepare makes the directory, the files of the catalogue, links to the volumes, and opens the ports.
func (p *process) prepare(img image) error {
	if err := os.MkdirAll(p.root, 0o700); err != nil {
		return err
	}
	for _, m := range p.spec.Mounts {
		at := filepath.Join(p.root, filepath.FromSlash(m.ContainerPath))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return err
		}
		if err := os.Symlink(m.HostPath, at); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("volume %s: %w", m.ContainerPath, err)
		}
	}
	want := p.spec.Ports
	if len(want) == 0 {
		for _, n := range img.Ports {
			want = append(want, corev1.ContainerPort{ContainerPort: n})
		}
	}
	for _, port := range want {
		if port.Protocol == corev1.ProtocolUDP {
			return fmt.Errorf("port %d: the process runtime has no UDP", port.ContainerPort)
		}
		if err := p.open(port.ContainerPort); err != nil {
			return err
		}
	}
	for name, text := range img.Files {
		text, err := p.expand(text)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(p.root, filepath.Base(name)), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// open chooses a loopback port and leads the Pod's port there.
func (p *process) open(port int32) error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.ports[port] = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil { // for the program to take
		return err
	}
	l, err := p.network.Listen(netip.AddrPortFrom(p.spec.IP, uint16(port)))
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() { _ = l.Close() })
	to := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.ports[port]))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				target, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", to)
				if err != nil {
					return
				}
				defer target.Close()
				podnet.Join(c, target)
			}()
		}
	}()
	return nil
}

var placeholder = regexp.MustCompile(`\{(port|path|root) ?([^}]*)\}`)

// expand fills in {port 6379}, {path /data} and {root}.
func (p *process) expand(s string) (string, error) {
	var failed error
	out := placeholder.ReplaceAllStringFunc(s, func(m string) string {
		f := placeholder.FindStringSubmatch(m)
		switch f[1] {
		case "port":
			n, _ := strconv.Atoi(f[2])
			if host, ok := p.ports[int32(n)]; ok {
				return strconv.Itoa(host)
			}
			if err := p.open(int32(n)); err != nil {
				failed = err
			}
			return strconv.Itoa(p.ports[int32(n)])
		case "path":
			for _, mount := range p.spec.Mounts {
				if filepath.Clean(mount.ContainerPath) == f[2] {
					return mount.HostPath
				}
			}
			dir := filepath.Join(p.root, filepath.FromSlash(f[2]))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				failed = err
			}
			return dir
		}
		return p.root
	})
	return out, failed
}

func (p *process) command(ctx context.Context, argv []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = p.root
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.root, "ROOT=" + p.root, "HOSTNAME=" + p.spec.Hostname}, p.spec.Env...)
	first := true
	for port, host := range p.ports {
		cmd.Env = append(cmd.Env, fmt.Sprintf("PORT_%d=%d", port, host))
		if first {
			cmd.Env, first = append(cmd.Env, fmt.Sprintf("PORT=%d", host)), false
		}
	}
	cmd.WaitDelay = 5 * time.Second // of what the program has left behind with its output open
	ownGroup(cmd)
	return cmd
}

func (p *process) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.closers {
		f()
	}
	p.closers = nil
}

func (p *process) wait() {
	err := p.cmd.Wait()
	killGroup(p.cmd, true) // nothing of the container stays behind
	p.release()
	code := p.cmd.ProcessState.ExitCode()
	if code < 0 {
		code = 128 + signalOf(p.cmd.ProcessState)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exit = containers.Exit{Code: code}
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) && !errors.Is(err, exec.ErrWaitDelay) {
		p.exit.Message = err.Error()
	}
	close(p.done)
}

// Done is closed when the process has ended.
func (p *process) Done() <-chan struct{} { return p.done }

// Exit says how.
func (p *process) Exit() containers.Exit { return p.exit }

// Terminate sends SIGTERM to the process group.
func (p *process) Terminate() { killGroup(p.cmd, false) }

// Kill kills the process group.
func (p *process) Kill() { killGroup(p.cmd, true) }

// Exec runs a program of the host beside the container, with its environment and directory.
func (p *process) Exec(ctx context.Context, e containers.Exec) (int, error) {
	if len(e.Command) == 0 {
		return 0, errors.New("exec: no command")
	}
	cmd := p.command(ctx, e.Command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	err := cmd.Run()
	if x := (*exec.ExitError)(nil); errors.As(err, &x) {
		return max(x.ExitCode(), 1), nil
	}
	return 0, err
}

// Usage is what the operating system says of the process itself, without its children.
func (p *process) Usage() containers.Usage { return usageOf(p.cmd.Process.Pid) }
