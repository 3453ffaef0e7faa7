package node

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// errCut is what the requests of a node end with that is stopped or cut off.
var errCut = errors.New("this node is cut off from the API server")

// gate lets a node's requests through until it is shut, and then ends those that are under way, watches too. A kubelet has
// loops that cannot be stopped; this is how they cease to matter.
type gate struct {
	mu     sync.Mutex
	isShut bool
	open   map[*http.Request]context.CancelCauseFunc
}

func newGate() *gate { return &gate{open: map[*http.Request]context.CancelCauseFunc{}} }

// wrap puts a transport behind the gate.
func (g *gate) wrap(next http.RoundTripper) http.RoundTripper { return gated{g, next} }

// set shuts the gate or opens it again.
func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isShut = shut; shut {
		for _, cancel := range g.open {
			cancel(errCut)
		}
		clear(g.open)
	}
}

type gated struct {
	gate *gate
	next http.RoundTripper
}

func (t gated) RoundTrip(req *http.Request) (*http.Response, error) {
	g := t.gate
	ctx, cancel := context.WithCancelCause(req.Context())
	out := req.WithContext(ctx)
	g.mu.Lock()
	if g.isShut {
		g.mu.Unlock()
		cancel(errCut)
		return nil, errCut
	}
	g.open[out] = cancel
	g.mu.Unlock()
	done := sync.OnceFunc(func() {
		g.mu.Lock()
		delete(g.open, out)
		g.mu.Unlock()
		cancel(nil)
	})
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		done()
		return nil, err
	}
	resp.Body = &gatedBody{ReadCloser: resp.Body, done: done}
	return resp, nil
}

// gatedBody releases the request's context with its body.
type gatedBody struct {
	io.ReadCloser
	done func()
}

func (b *gatedBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}
