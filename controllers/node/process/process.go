// Package process runs containers as processes of the host, with the rights of the user who runs podarium: nothing is
// isolated. It is for those who want the real program behind an image, such as redis-server, where it is installed.
//
// What a container runs is its command, found in the host's PATH, or else what the catalogue (catalogue.yaml) gives for its
// image. A program listens on loopback ports that are chosen for it (PORT, PORT_6379, PORT_53_UDP and so on in its
// environment); the Pod's address on the virtual network leads there. Volumes are where the host keeps them: {path /data} in
// the catalogue and the directory ROOT in the environment lead to them. The working directory is the container's, below ROOT.
// The API server is where KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT say, and KUBECONFIG names a file with the
// Pod's own token for it; the in-cluster configuration of client-go reads its token from /var/run/secrets, which a process
// of this machine has not.
//
// A container is a process group: it is asked to end with SIGTERM and then killed as a whole. Groups do not outlive
// podarium, also where that is killed: on Unix a shell waits for its end and kills what is left. On Windows a process is
// ended alone, without being asked, and goes on where podarium is killed.
//
// A memory limit is watched once a second on Linux, and a group that exceeds it is killed (OOMKilled); a process that asks for
// more than 1 GiB above it in between is refused by the kernel. A CPU limit is kept on average, by stopping the group for as long
// as it has run too much. On other systems neither is limited. Read-only volumes are not enforced. Programs reach the cluster's names and addresses by a proxy of the container's own,
// which http_proxy, https_proxy and all_proxy name: curl and most others use it without being told.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// Engine runs containers as processes.
type Engine struct {
	network *podnet.Network
	// apiServer is the host:port at which a process of this machine reaches it; empty where there is none.
	apiServer string
	images    []Image
	guard     guardian
	usage     usages

	mu       sync.Mutex
	limited  map[*process]struct{} // those whose memory is watched
	watching bool
}

// New makes an engine whose containers are reached over network. apiServer is the
// host:port at which a process of this machine reaches the API server; empty where there is none. Images go before those of
// the catalogue.
func New(network *podnet.Network, apiServer string, images ...Image) (*Engine, error) {
	own, err := Builtin()
	if err != nil {
		return nil, err
	}
	return &Engine{network: network, apiServer: apiServer, images: append(images, own...), limited: map[*process]struct{}{}}, nil
}

// Start runs a container.
func (e *Engine) Start(c containers.Spec) (containers.Process, error) {
	img := e.find(c.Image)
	p := &process{engine: e, spec: c, root: filepath.Join(c.Dir, "root"), ports: map[portKey]int{}, started: time.Now(), done: make(chan struct{}), ending: make(chan struct{})}
	if err := p.start(img); err != nil {
		p.release()
		return nil, err
	}
	go p.wait()
	return p, nil
}

type process struct {
	engine  *Engine
	spec    containers.Spec
	root    string
	ports   map[portKey]int // the host's by the container's
	proxy   string          // host:port of the way to the cluster's addresses
	cmd     *exec.Cmd
	started time.Time

	mu      sync.Mutex
	closers []func()
	why     containers.Exit // what has ended it from outside, where it says more than the exit code
	done    chan struct{}
	ending  chan struct{} // closed when it is asked to end
	asked   sync.Once
	exit    containers.Exit
}

func (p *process) start(img Image) error {
	if err := p.prepare(img); err != nil {
		return err
	}
	argv := append(append([]string(nil), p.spec.Command...), p.spec.Args...)
	if len(p.spec.Command) == 0 {
		argv = nil
		for _, a := range img.Command {
			a, err := p.expand(a)
			if err != nil {
				return err
			}
			argv = append(argv, a)
		}
		if len(argv) == 0 {
			return fmt.Errorf("image %q is none that the process runtime knows, and the container has no command: give it one, or a catalogue with the image (--catalogue)", p.spec.Image)
		}
		argv = append(argv, p.spec.Args...)
	}
	if err := p.engine.guard.start(); err != nil {
		return fmt.Errorf("process runtime: %w", err)
	}
	p.cmd = p.command(context.Background(), argv)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Stdin = p.spec.Stdout, p.spec.Stderr, p.spec.Stdin
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w: the process runtime runs programs of this machine", argv[0], err)
	}
	p.engine.guard.add(p.cmd.Process.Pid)
	if p.spec.MemoryLimit > 0 {
		limitData(p.cmd.Process.Pid, p.spec.MemoryLimit)
		p.engine.watch(p)
	}
	if p.spec.CPULimit > 0 {
		go p.throttle()
	}
	return nil
}

// prepare makes the directory, links to the volumes, opens the ports and writes the files of the catalogue.
func (p *process) prepare(img Image) error {
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
	if err := p.writeKubeconfig(); err != nil {
		return err
	}
	if err := p.openPorts(img); err != nil {
		return err
	}
	if err := p.openProxy(); err != nil {
		return err
	}
	for name, text := range img.Files {
		text, err := p.expand(text)
		if err != nil {
			return err
		}
		at := filepath.Join(p.root, filepath.Base(name))
		if strings.HasPrefix(name, "/") {
			at = p.hostPath(name)
			if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
				return err
			}
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// hostPath is where a path of the container is on the host.
func (p *process) hostPath(name string) string {
	name = filepath.Clean("/" + name)
	best := ""
	host := filepath.Join(p.root, name)
	for _, m := range p.spec.Mounts {
		at := filepath.Clean(m.ContainerPath)
		rest, below := strings.CutPrefix(name, at)
		if below && (rest == "" || rest[0] == '/') && len(at) > len(best) {
			best, host = at, filepath.Join(m.HostPath, rest)
		}
	}
	return host
}

func (p *process) command(ctx context.Context, argv []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = p.root
	if p.spec.WorkingDir != "" {
		cmd.Dir = p.hostPath(p.spec.WorkingDir)
		_ = os.MkdirAll(cmd.Dir, 0o700) // where that fails, starting says so
	}
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.root, "ROOT=" + p.root, "HOSTNAME=" + p.spec.Hostname}, p.portEnv()...)
	cmd.Env = append(cmd.Env, p.proxyEnv()...)
	cmd.Env = append(cmd.Env, p.spec.Env...)
	cmd.Env = append(cmd.Env, p.apiServerEnv()...) // of two with the same name the last counts
	cmd.WaitDelay = 5 * time.Second                // of what the program has left behind with its output open
	ownGroup(cmd)
	return cmd
}

// onPipes runs a command.
func (p *process) onPipes(cmd *exec.Cmd, e containers.Exec) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	p.engine.guard.add(cmd.Process.Pid)
	defer p.engine.guard.remove(cmd.Process.Pid)
	return cmd.Wait()
}

// release gives back what the container holds of the network.
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
	p.engine.guard.remove(p.cmd.Process.Pid)
	p.engine.unwatch(p)
	p.release()
	code := p.cmd.ProcessState.ExitCode()
	if code < 0 {
		code = 128 + signalOf(p.cmd.ProcessState)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exit = containers.Exit{Code: code, Reason: p.why.Reason, Message: p.why.Message}
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
func (p *process) Terminate() {
	killGroup(p.cmd, false)
	p.asked.Do(func() { close(p.ending) }) // and it is not throttled any more, so that it can end in time
}

// Kill kills the process group.
func (p *process) Kill() { killGroup(p.cmd, true) }

// Exec runs a program of the host beside the container, with its environment and directory.
func (p *process) Exec(ctx context.Context, e containers.Exec) (int, error) {
	if len(e.Command) == 0 {
		return 0, errors.New("exec: no command")
	}
	cmd := p.command(ctx, e.Command)
	cmd.Cancel = func() error { killGroup(cmd, true); return nil }
	var err error
	if e.TTY {
		err = p.onTerminal(cmd, e)
	} else {
		err = p.onPipes(cmd, e)
	}
	if x := (*exec.ExitError)(nil); errors.As(err, &x) {
		return max(x.ExitCode(), 1), nil
	}
	return 0, err
}

// Usage is what the operating system says of the processes of the group; nothing on systems where it is not asked.
func (p *process) Usage() containers.Usage { return p.engine.usage.of(p.cmd.Process.Pid) }

// watchPeriod is how often the memory of containers with a limit is looked at.
const watchPeriod = time.Second

// watch kills a container that takes more memory than its limit, as the kernel would in a cgroup.
func (e *Engine) watch(p *process) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.limited[p] = struct{}{}
	if !e.watching {
		e.watching = true
		go e.watchAll()
	}
}

func (e *Engine) unwatch(p *process) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.limited, p)
}

// watchAll goes on while there are containers with a limit.
func (e *Engine) watchAll() {
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	for range tick.C {
		e.mu.Lock()
		var over []*process
		for p := range e.limited {
			if e.usage.of(p.cmd.Process.Pid).Memory > uint64(p.spec.MemoryLimit) {
				over = append(over, p)
			}
		}
		e.watching = len(e.limited) > 0
		last := !e.watching
		e.mu.Unlock()
		if last {
			return
		}
		for _, p := range over {
			p.mu.Lock()
			p.why = containers.Exit{Reason: "OOMKilled", Message: "the processes took more than the limit of " + strconv.FormatInt(p.spec.MemoryLimit>>20, 10) + " MiB"}
			p.mu.Unlock()
			p.Kill()
		}
	}
}
