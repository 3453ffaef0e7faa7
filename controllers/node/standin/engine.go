package standin

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// Engine runs stand-ins.
type Engine struct {
	network   *podnet.Network
	node      string
	catalogue *Catalogue
	find      func(containers.Spec) *Resident // may be nil

	mu      sync.Mutex
	running map[*process]struct{}
}

// New makes an engine whose containers live in network, on the node of that name.
func New(network *podnet.Network, node string, catalogue *Catalogue) *Engine {
	return &Engine{network: network, node: node, catalogue: catalogue}
}

// Pull says whether an image can be had, and takes the time that the catalogue gives it.
func (e *Engine) Pull(ctx context.Context, image string) (containers.Pulled, error) {
	img := e.catalogue.Find(image)
	if d := duration(img.Pull.Time); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return containers.Pulled{}, ctx.Err()
		}
	}
	return containers.Pulled{Size: uint64(img.Pull.Size) << 20, User: img.user()}, img.pullError(image)
}

// Start runs a container. It returns when the container's ports are open, so that the first probe finds them so; where
// the catalogue says that the image takes its time, at once.
func (e *Engine) Start(c containers.Spec) (containers.Process, error) {
	alive, finish := context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(alive)
	p := &process{
		alive: alive, finish: finish,
		engine: e, spec: c, image: e.catalogue.Find(c.Image), resident: e.resident(c), started: time.Now(),
		ctx: ctx, cancel: cancel, done: make(chan struct{}),
	}
	begun := make(chan struct{})
	p.begin = sync.OnceFunc(func() { close(begun) })
	p.files = newFiles(c)
	run, err := p.program()
	if err != nil {
		finish()
		return nil, err
	}
	e.mu.Lock()
	if e.running == nil {
		e.running = map[*process]struct{}{}
	}
	e.running[p] = struct{}{}
	e.mu.Unlock()
	go func() {
		exit := p.guard(run)
		e.mu.Lock()
		delete(e.running, p)
		e.mu.Unlock()
		p.begin()
		finish()
		p.work.Wait() // nothing of the container goes on after its end
		p.end(exit)
	}()
	<-begun
	return p, nil
}

// process is a running stand-in.
type process struct {
	engine   *Engine
	spec     containers.Spec
	image    Image
	resident *Resident // nil for most
	files    *files
	started  time.Time
	requests atomic.Int64
	pids     pids
	hogs     hogs
	traps    atomic.Pointer[traps] // of the container's command; nil for a server
	begin    func()                // called by the program when Start may return

	ctx    context.Context //nolint:containedctx // until the container is asked to end: the life of it, not of a call
	cancel context.CancelFunc
	alive  context.Context //nolint:containedctx // until it is killed
	finish context.CancelFunc
	work   sync.WaitGroup // servers and commands that have to be over before the container is

	mu   sync.Mutex
	why  containers.Exit // set by what ends the container from outside
	kill bool
	done chan struct{}
	exit containers.Exit
}

// program is what a container does until ctx ends.
type program func(ctx context.Context) containers.Exit

// program chooses: a command that the shell knows is run, everything else is what the catalogue says of the image.
func (p *process) program() (program, error) {
	argv := append(append([]string(nil), p.spec.Command...), p.spec.Args...)
	shell := p.image.Serve == "shell"
	switch {
	case p.resident != nil:
		return p.reside, nil
	case len(p.spec.Command) > 0 && p.known(argv[0]), shell && len(argv) > 0 && p.known(argv[0]):
		return p.command(argv), nil
	case shell && len(argv) > 0:
		return nil, fmt.Errorf("exec: %q: executable file not found in $PATH", argv[0])
	case shell:
		return p.command([]string{"sh"}), nil
	}
	return p.serve, nil
}

// command is a program that runs a command.
func (p *process) command(argv []string) program {
	return func(ctx context.Context) containers.Exit {
		p.begin()
		return p.runCommand(ctx, argv)
	}
}

// guard turns a panic of the stand-in into a container that has crashed.
func (p *process) guard(run program) (e containers.Exit) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(p.spec.Stderr, "panic: %v\n", r)
			e = containers.Exit{Code: 2, Reason: "Error"}
		}
	}()
	if x := p.image.Exit; x != nil && p.image.Serve != "shell" {
		ctx, cancel := context.WithTimeout(p.ctx, x.After.Duration)
		defer cancel()
		e = run(ctx)
		if p.ctx.Err() != nil || ctx.Err() == nil {
			return e
		}
		if x.Log != "" {
			fmt.Fprintln(p.spec.Stderr, x.Log)
		}
		return containers.Exit{Code: x.Code, Reason: x.Reason, Message: x.Message}
	}
	return run(p.ctx)
}

func (p *process) end(e containers.Exit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kill {
		e = p.why
	}
	p.exit = e
	close(p.done)
}

// Done is closed when the container has ended.
func (p *process) Done() <-chan struct{} { return p.done }

// Exit says how.
func (p *process) Exit() containers.Exit { return p.exit }

// Terminate lets servers end what they are doing, and a command run its trap on TERM.
func (p *process) Terminate() { p.signal("TERM") }

// signal is what kill does to process 1.
func (p *process) signal(name string) {
	if t := p.traps.Load(); t != nil && t.deliver(name) {
		return
	}
	switch name {
	case "TERM", "INT", "QUIT", "KILL":
		p.cancel()
	}
}

// Kill ends the container.
func (p *process) Kill() {
	p.mu.Lock()
	p.kill, p.why = true, containers.Exit{Code: 137}
	p.mu.Unlock()
	p.finish()
}

// Quit ends the container from within, as a crash does.
func (p *process) quit(e containers.Exit) {
	p.mu.Lock()
	if !p.kill {
		p.kill, p.why = true, e
	}
	p.mu.Unlock()
	p.cancel()
}

// requestCost is the processor time that a request is taken to cost, so that load shows: 100 requests a second are half a
// processor.
const requestCost = 5 * time.Millisecond

// Usage is what the catalogue says for the time that has passed, and what its requests cost. It is not measured: all
// containers share one process.
func (p *process) Usage() containers.Usage {
	cpu, memory := p.hogs.usage()
	return containers.Usage{
		CPU:    cpu + time.Duration(p.image.CPU)*time.Since(p.started)/1000 + time.Duration(p.requests.Load())*requestCost,
		Memory: uint64(max(p.image.Memory, 1))<<20 + uint64(memory),
	}
}

// Exec runs a command in the container.
func (p *process) Exec(ctx context.Context, e containers.Exec) (int, error) {
	if len(e.Command) == 0 {
		return 0, fmt.Errorf("exec: no command")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)() // it ends with the container
	if !p.known(e.Command[0]) {
		return 0, fmt.Errorf("exec: %q: executable file not found in $PATH", e.Command[0])
	}
	stdout, stderr := e.Stdout, e.Stderr
	if stdout == nil {
		stdout = io.Discard
	}
	if stderr == nil {
		stderr = stdout
	}
	s := p.shell(e.Stdin, stdout, stderr)
	if e.TTY {
		return s.interactive(ctx, e.Stdin, stdout, e.Resize, e.Command), nil
	}
	return s.run(ctx, e.Command), nil
}
