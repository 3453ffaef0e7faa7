package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
	"mvdan.cc/sh/v3/syntax"

	"github.com/podarium/podarium/controllers/node/containers"
)

// tty is both ends of a terminal. The other side is in raw mode, so that line ends and echoes are made here.
type tty struct {
	io.Reader
	io.Writer
}

// crlf ends lines as a terminal does.
type crlf struct{ w io.Writer }

func (c crlf) Write(b []byte) (int, error) {
	if _, err := io.WriteString(c.w, strings.ReplaceAll(string(b), "\n", "\r\n")); err != nil {
		return 0, err
	}
	return len(b), nil
}

// interactive runs a command on a terminal; a shell reads lines with history and editing until it ends.
func (s *shell) interactive(ctx context.Context, e containers.Exec) (int, error) {
	out := e.Stdout
	if out == nil {
		out = io.Discard
	}
	if !isShell(e.Command[0]) || len(e.Command) > 1 || e.Stdin == nil {
		s.stdout, s.stderr = crlf{out}, crlf{out}
		return s.run(ctx, e.Command), nil
	}
	t := term.NewTerminal(tty{e.Stdin, out}, s.prompt("/"))
	go func() {
		for {
			select {
			case size, ok := <-e.Resize:
				if !ok {
					return
				}
				_ = t.SetSize(int(size.Width), int(size.Height))
			case <-ctx.Done():
				return
			}
		}
	}()
	// The commands themselves read nothing: the lines are the shell's.
	s.stdin, s.stdout, s.stderr = nil, t, t
	runner, err := s.runner()
	if err != nil {
		return 0, err
	}
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	code := 0
	for ctx.Err() == nil {
		t.SetPrompt(s.prompt(runner.Dir))
		line, err := t.ReadLine()
		if errors.Is(err, io.EOF) {
			return code, nil // ctrl-d, or the client has gone
		}
		if err != nil {
			return code, nil
		}
		err = parser.Stmts(strings.NewReader(line), func(st *syntax.Stmt) bool {
			code = s.statement(ctx, runner, st, "sh")
			return !runner.Exited()
		})
		if err != nil {
			fmt.Fprintf(t, "sh: %v\n", err)
			code = 2
		}
		if runner.Exited() {
			return code, nil
		}
	}
	return code, nil
}

func (s *shell) prompt(dir string) string { return s.p.spec.Hostname + ":" + dir + "# " }
