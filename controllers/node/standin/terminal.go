package standin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"
	"mvdan.cc/sh/v3/syntax"

	"github.com/podarium/podarium/controllers/node/containers"
)

// crlf ends lines as a terminal does.
type crlf struct{ w io.Writer }

func (c crlf) Write(b []byte) (int, error) {
	if _, err := io.WriteString(c.w, strings.ReplaceAll(string(b), "\n", "\r\n")); err != nil {
		return 0, err
	}
	return len(b), nil
}

// terminal is the container's side of a terminal. The other side is in raw mode, so that line ends and echoes are made here, and
// ctrl-c is a byte among others: it interrupts the command that runs, or clears the line at the prompt.
type terminal struct {
	out io.Writer

	mu        sync.Mutex
	some      *sync.Cond
	typed     []byte
	gone      bool
	size      containers.Size
	interrupt context.CancelFunc // ends the command that runs; nil at a prompt
	lines     *term.Terminal     // the innermost shell's
}

// newTerminal begins to read what is typed. The goroutines end with the streams and ctx.
func newTerminal(ctx context.Context, in io.Reader, out io.Writer, resize <-chan containers.Size) *terminal {
	t := &terminal{out: out}
	t.some = sync.NewCond(&t.mu)
	go t.take(in)
	go t.follow(ctx, resize)
	return t
}

const (
	ctrlC    = 0x03
	emptyNow = "\x05\x15\r" // to the end of the line, kill it, and enter: what the line editor makes an empty line of
)

func (t *terminal) take(in io.Reader) {
	buf := make([]byte, 1024)
	for {
		n, err := in.Read(buf)
		t.mu.Lock()
		for _, b := range buf[:n] {
			switch {
			case b != ctrlC:
				t.typed = append(t.typed, b)
			case t.interrupt != nil:
				t.typed = nil
				t.interrupt()
				_, _ = io.WriteString(t.out, "^C\r\n") // who typed it has gone where this fails
			default:
				t.typed = append(t.typed, emptyNow...)
			}
		}
		t.gone = err != nil
		t.some.Broadcast()
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// follow tells the line editor how wide the terminal is.
func (t *terminal) follow(ctx context.Context, resize <-chan containers.Size) {
	for {
		select {
		case size, ok := <-resize:
			if !ok {
				return
			}
			t.mu.Lock()
			t.size = size
			lines := t.lines
			t.mu.Unlock()
			if lines != nil && size.Width > 0 {
				_ = lines.SetSize(int(size.Width), int(size.Height))
			}
		case <-ctx.Done():
			t.mu.Lock()
			t.gone = true
			t.some.Broadcast()
			t.mu.Unlock()
			return
		}
	}
}

// Read implements io.Reader for the line editor. It gives no more than a line at a time: the next one may be for another shell.
func (t *terminal) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.typed) == 0 && !t.gone {
		t.some.Wait()
	}
	if len(t.typed) == 0 {
		return 0, io.EOF
	}
	line := t.typed
	if end := bytes.IndexByte(line, '\r'); end >= 0 {
		line = line[:end+1]
	}
	n := copy(p, line)
	t.typed = t.typed[n:]
	return n, nil
}

// Write implements io.Writer for the line editor.
func (t *terminal) Write(p []byte) (int, error) { return t.out.Write(p) }

// running says what ctrl-c ends, nil at a prompt, and returns what it was before.
func (t *terminal) running(interrupt context.CancelFunc) (before context.CancelFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.interrupt = t.interrupt, interrupt
	return before
}

// edit makes a line editor the one that knows the terminal's size, and returns the one before.
func (t *terminal) edit(lines *term.Terminal) (before *term.Terminal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.lines = t.lines, lines
	if lines != nil && t.size.Width > 0 {
		_ = lines.SetSize(int(t.size.Width), int(t.size.Height))
	}
	return before
}

// interactive runs a command on a terminal; a shell among it reads lines with history and editing until it ends.
func (s *shell) interactive(ctx context.Context, in io.Reader, out io.Writer, resize <-chan containers.Size, command []string) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.stdin, s.stdout, s.stderr = nil, crlf{out}, crlf{out}
	if in != nil {
		s.tty = newTerminal(ctx, in, out, resize)
		s.tty.running(cancel)
	}
	return s.run(ctx, command)
}

// prompts is a shell at a terminal: it reads lines until it is left.
func (s *shell) prompts(ctx context.Context) int {
	lines := term.NewTerminal(s.tty, s.prompt("/"))
	defer s.tty.edit(s.tty.edit(lines))
	defer s.tty.running(s.tty.running(nil))
	// The commands themselves read nothing: the lines are the shell's.
	s.stdin, s.stdout, s.stderr = nil, lines, lines
	defer s.openDescriptors()()
	ctx, end := s.numbered(ctx)
	defer end()
	runner, err := s.runner()
	if err != nil {
		fmt.Fprintf(s.stderr, "sh: %v\n", err)
		return 2
	}
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	code := 0
	for ctx.Err() == nil {
		lines.SetPrompt(s.prompt(runner.Dir))
		line, err := lines.ReadLine()
		if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
			return code // ctrl-d, or the client has gone
		}
		one, cancel := context.WithCancel(ctx)
		s.tty.running(cancel)
		var wrong error
		for st, err := range parser.StmtsSeq(strings.NewReader(line)) {
			if wrong = err; err != nil {
				break
			}
			if code = s.statement(one, runner, st, "sh"); runner.Exited() || one.Err() != nil {
				break
			}
		}
		s.tty.running(nil)
		if wrong != nil {
			fmt.Fprintf(lines, "sh: %v\n", wrong)
			code = 2
		}
		interrupted := one.Err() != nil
		cancel()
		switch {
		case interrupted:
			code = 130 // 128 + SIGINT; and so that $? is it:
			for st := range parser.StmtsSeq(strings.NewReader("(exit 130)")) {
				s.statement(ctx, runner, st, "sh")
			}
		case runner.Exited():
			return code
		}
	}
	return code
}

func (s *shell) prompt(dir string) string { return s.p.spec.Hostname + ":" + dir + "# " }
