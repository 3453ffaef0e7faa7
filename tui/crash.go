package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// ErrCrashed is returned by Run when something panicked. The error that wraps it names the report.
var ErrCrashed = errors.New("podarium crashed")

// guard sees to it that a panic leaves a usable terminal and a report of what happened.
type guard struct {
	dir  string
	kill func() // restores the terminal and ends the program

	mu  sync.Mutex
	err error
}

func newGuard(dir string, kill func()) *guard { return &guard{dir: dir, kill: kill} }

// crash is the error of the first panic, nil where there was none.
func (g *guard) crash() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// report writes the panic down, once, and returns the error that names the report.
func (g *guard) report(value any) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	path := filepath.Join(g.dir, fmt.Sprintf("crash-%s-%d.txt", time.Now().UTC().Format("20060102T150405Z"), os.Getpid()))
	text := fmt.Sprintf("podarium crashed: %v\n\n%s", value, debug.Stack())
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		g.err = fmt.Errorf("%w: %v (no report: %w)", ErrCrashed, value, err)
		return g.err
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		g.err = fmt.Errorf("%w: %v (no report: %w)", ErrCrashed, value, err)
		return g.err
	}
	g.err = fmt.Errorf("%w: %v: the report is in %s", ErrCrashed, value, path)
	return g.err
}

// recover is deferred in goroutines of the UI's own: it reports a panic and ends the program.
func (g *guard) recover() {
	if r := recover(); r != nil {
		_ = g.report(r) // kept in g.err, which Run returns
		g.kill()
	}
}

// watchLibraries reports the panics that Kubernetes' libraries handle in their own goroutines, before they end the
// process. The API server recovers from a panic in one request, and aborts requests by a panic of its own: those are
// no crash. The function returned takes the watch off.
func (g *guard) watchLibraries() func() {
	before := utilruntime.PanicHandlers
	utilruntime.PanicHandlers = append(append([]func(context.Context, any){}, before...), func(_ context.Context, r any) {
		if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			return
		}
		if !utilruntime.ReallyCrash || servesRequest(debug.Stack()) {
			return
		}
		_ = g.report(r) // kept in g.err; the library panics again right after this and ends the process
		g.kill()
	})
	return func() { utilruntime.PanicHandlers = before }
}

// fuse ends the process when, after ctx has ended, the terminal takes longer than the timeout to be given back: writing
// to a terminal that nobody reads blocks for ever. The function returned puts it out.
func (g *guard) fuse(ctx context.Context, timeout time.Duration) func() {
	done := make(chan struct{})
	var once sync.Once
	go func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		t := time.NewTimer(timeout)
		defer t.Stop()
		select {
		case <-done:
		case <-t.C:
			fmt.Fprintln(os.Stderr, "podarium: the terminal does not answer; leaving without it")
			os.Exit(1)
		}
	}()
	return func() { once.Do(func() { close(done) }) }
}

// servesRequest says whether the panic is one in an HTTP handler, which net/http recovers from.
func servesRequest(stack []byte) bool { return bytes.Contains(stack, []byte("net/http.(*conn).serve")) }
