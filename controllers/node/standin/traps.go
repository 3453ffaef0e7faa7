package standin

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"weak"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// traps are what a container's command wants done on signals. The interpreter itself knows EXIT and ERR only. A signal that is
// caught breaks off the tool or the wait that the shell is at, and the trap runs before the shell's next command, with its
// variables and functions; what comes after goes on.
type traps struct {
	mu      sync.Mutex
	bodies  map[string]string  // by signal; an empty one ignores it
	pending []string           // bodies to be run
	under   context.CancelFunc // breaks off what the shell is at; nil where that is no tool
}

// deliver says whether the shell does something of its own on a signal, and sees to it that it does.
func (t *traps) deliver(signal string) (caught bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	body, caught := t.bodies[signal]
	if body != "" {
		t.pending = append(t.pending, body)
		if t.under != nil {
			t.under()
		}
	}
	return caught
}

// take gives the body that is to be run next.
func (t *traps) take() (body string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pending) == 0 {
		return "", false
	}
	body, t.pending = t.pending[0], t.pending[1:]
	return body, true
}

// breakable gives a context for what the shell is at, which a signal that is caught ends.
func (t *traps) breakable(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pending) > 0 { // it came just now
		cancel()
	}
	t.under = cancel
	return ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.under = nil
		cancel()
	}
}

// trap is the builtin; it leaves to the interpreter what that knows. Shells beside the container's own get no signals.
func (s *shell) trap(hc interp.HandlerContext, args []string) (rest []string) {
	if len(args) > 1 && args[1] == "--" {
		args = append([]string{args[0]}, args[2:]...)
	}
	if len(args) < 2 || args[1] == "-l" || args[1] == "-p" {
		return args
	}
	body, signals := args[1], args[2:]
	if len(signals) == 0 {
		body, signals = "-", args[1:]
	}
	rest = []string{args[0], s.adaptText(body)}
	for _, signal := range signals {
		switch name := signalName(signal); {
		case name == "EXIT", name == "ERR":
			rest = append(rest, name)
		case name == "":
			rest = append(rest, signal) // the interpreter says that there is none
		case s.traps != nil && s.outermost(hc):
			s.traps.catch(name, body)
		}
	}
	if len(rest) == 2 {
		return []string{"true"}
	}
	return rest
}

func (t *traps) catch(signal, body string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bodies == nil {
		t.bodies = map[string]string{}
	}
	if t.bodies[signal] = body; body == "-" {
		delete(t.bodies, signal)
	}
}

// signalName gives TERM for term, SIGTERM and 15, and nothing for what is no signal.
func signalName(s string) string {
	s = strings.TrimPrefix(strings.ToUpper(s), "SIG")
	switch s {
	case "0":
		return "EXIT"
	case "1":
		return "HUP"
	case "2":
		return "INT"
	case "3":
		return "QUIT"
	case "9":
		return "KILL"
	case "10":
		return "USR1"
	case "12":
		return "USR2"
	case "13":
		return "PIPE"
	case "14":
		return "ALRM"
	case "15":
		return "TERM"
	case "18":
		return "CONT"
	case "28":
		return "WINCH"
	case "EXIT", "ERR", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "PIPE", "ALRM", "TERM", "CONT", "WINCH", "CHLD", "STOP", "TSTP", "DEBUG", "RETURN":
		return s
	}
	return ""
}

// outermost says whether a handler was called by the shell itself and not by one of its subshells, in which a trap must not
// run: its exit would end the subshell only.
func (s *shell) outermost(hc interp.HandlerContext) bool { return runnerOf(hc) == weak.Make(s.main) }

// trapped puts the body of a trap that is due before a command.
func (s *shell) trapped(hc interp.HandlerContext, args []string) []string {
	if s.traps == nil || !s.outermost(hc) {
		return args
	}
	body, due := s.traps.take()
	if !due {
		return args
	}
	line, err := quoted(args)
	if err != nil {
		return args
	}
	return []string{"eval", s.adaptText(body) + "\n" + line}
}

// due gives a trap that the shell, at the end of a statement, has to run.
func (s *shell) due() (body string, ok bool) {
	if s.traps == nil {
		return "", false
	}
	return s.traps.take()
}

// trapAtEnd runs the body of a trap after a statement. Unless it exits, the exit code is that of what the signal broke off.
func (s *shell) trapAtEnd(ctx context.Context, runner *interp.Runner, body, name string) int {
	code := 143
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	err := parser.Stmts(strings.NewReader(body), func(st *syntax.Stmt) bool {
		if last := s.statement(ctx, runner, st, name); runner.Exited() {
			code = last
		}
		return !runner.Exited() && ctx.Err() == nil
	})
	if err != nil {
		fmt.Fprintf(s.stderr, "%s: trap: %v\n", name, err)
	}
	return code
}

// waitJobs is the builtin wait, which a signal that is caught breaks off.
func (s *shell) waitJobs(ctx context.Context, hc interp.HandlerContext, args []string) error {
	wait := func() error { return hc.Builtin(ctx, append([]string{"wait"}, args...)) }
	if s.traps == nil || !s.outermost(hc) {
		return wait()
	}
	alive, end := s.traps.breakable(ctx)
	defer end()
	done := make(chan error, 1)
	go func() { done <- wait() }()
	select {
	case err := <-done:
		return err
	case <-alive.Done():
		return s.afterwards(ctx, hc, 143)
	}
}

// afterwards runs the traps that are due after a tool that ended with code, so that what comes next sees what they did.
func (s *shell) afterwards(ctx context.Context, hc interp.HandlerContext, code int) error {
	for {
		body, due := s.traps.take()
		if !due {
			return status(code)
		}
		if err := hc.Builtin(ctx, []string{"eval", s.adaptText(body)}); err != nil && s.main.Exited() {
			return err
		}
	}
}

// quoted writes a command as a line for the shell.
func quoted(args []string) (string, error) {
	var line strings.Builder
	for i, a := range args {
		q, err := syntax.Quote(a, syntax.LangBash)
		if err != nil {
			return "", err
		}
		if i > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(q)
	}
	return line.String(), nil
}
