package standin

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// Engine runs stand-ins.
type Engine struct {
	network *podnet.Network
}

// New makes an engine whose containers live in network.
func New(network *podnet.Network) *Engine { return &Engine{network: network} }

// Pull says whether an image can be had: the tag "broken" and repositories that contain "does-not-exist" cannot.
func (e *Engine) Pull(_ context.Context, image string) (uint64, error) {
	if strings.HasSuffix(image, ":broken") || strings.Contains(image, "does-not-exist") {
		return 0, fmt.Errorf("failed to resolve image: %s: not found", image)
	}
	return 10 << 20, nil
}

// Start runs a container.
func (e *Engine) Start(c containers.Spec) (containers.Process, error) {
	return &process{started: time.Now(), done: make(chan struct{})}, nil
}

// process is a running stand-in.
type process struct {
	started time.Time
	once    sync.Once
	done    chan struct{}
	exit    containers.Exit
}

func (p *process) end(e containers.Exit) {
	p.once.Do(func() {
		p.exit = e
		close(p.done)
	})
}

func (p *process) Done() <-chan struct{} { return p.done }
func (p *process) Exit() containers.Exit { return p.exit }
func (p *process) Terminate()            { p.end(containers.Exit{Code: 0}) }
func (p *process) Kill()                 { p.end(containers.Exit{Code: 137}) }

func (p *process) Exec(_ context.Context, e containers.Exec) (int, error) { return 0, nil }

func (p *process) Usage() containers.Usage { return containers.Usage{Memory: 1 << 20} }
