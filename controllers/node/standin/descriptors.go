package standin

import (
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"sync"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// descriptors are what a script writes to beside its output and its errors: exec 3>FILE, then >&3. The interpreter knows
// three of them only, so that the script is rewritten: to openDescriptor, and to redirections to /dev/fd/3.
type descriptors struct {
	mu   sync.Mutex
	open map[int]io.Writer
}

// openDescriptor is the command that stands for exec with redirections of such descriptors: N OPERATOR WORD and so on.
const openDescriptor = "podarium-descriptor"

const descriptorDir = "/dev/fd/"

// writer is the descriptor of that number, which outlives the redirection.
func (d *descriptors) writer(number string) (io.ReadWriteCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n, err := strconv.Atoi(number); err == nil && d.open[n] != nil {
		return toWriter{d.open[n]}, nil
	}
	return nil, fmt.Errorf("%s: bad file descriptor", number)
}

func (d *descriptors) set(n int, w io.Writer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, ok := d.open[n].(*os.File); ok {
		_ = c.Close() // what was written is written
	}
	if d.open == nil {
		d.open = map[int]io.Writer{}
	}
	delete(d.open, n)
	if w != nil {
		d.open[n] = w
	}
}

func (d *descriptors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.open {
		if c, ok := w.(*os.File); ok {
			_ = c.Close()
		}
	}
	clear(d.open)
}

// openDescriptors gives a shell descriptors, if it has none of the one around it, and what closes them.
func (s *shell) openDescriptors() (closeAll func()) {
	if s.fds != nil {
		return func() {}
	}
	s.fds = &descriptors{}
	return s.fds.close
}

// redirect runs openDescriptor.
func (s *shell) redirect(hc interp.HandlerContext, args []string) int {
	for ; len(args) >= 3; args = args[3:] {
		n, _ := digits(args[0])
		word := args[2]
		if op := args[1]; op == syntax.DplOut.String() {
			switch word {
			case "-":
				s.fds.set(n, nil)
			case "1":
				s.fds.set(n, hc.Stdout)
			case "2":
				s.fds.set(n, hc.Stderr)
			default:
				fmt.Fprintf(hc.Stderr, "sh: %s: bad file descriptor\n", word)
				return 1
			}
			continue
		}
		if !path.IsAbs(word) {
			word = path.Join(hc.Dir, word)
		}
		mode := os.O_TRUNC
		if args[1] == syntax.AppOut.String() {
			mode = os.O_APPEND
		}
		f, err := s.p.files.open(word, os.O_WRONLY|os.O_CREATE|mode, 0o644)
		if err != nil {
			fmt.Fprintf(hc.Stderr, "sh: can't create %s: %v\n", args[2], cause(err))
			return 1
		}
		s.fds.set(n, f)
	}
	return 0
}

// adapt rewrites what the interpreter does not know or knows of the host: descriptors above 2, and $$.
func (s *shell) adapt(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.ParamExp:
		if n.Param != nil && n.Param.Value == "$" && n.Exp == nil && !n.Length {
			n.Short = false
			n.Param.Value = "podarium_pid"
			n.Exp = &syntax.Expansion{Op: syntax.DefaultUnsetOrNull, Word: literal(strconv.Itoa(s.pid))}
		}
	case *syntax.Stmt:
		if call, ok := n.Cmd.(*syntax.CallExpr); ok && len(call.Args) == 1 && call.Args[0].Lit() == "exec" {
			adaptExec(n, call)
		}
		for _, r := range n.Redirs {
			if fd, ok := digits(r.Word.Lit()); ok && r.Op == syntax.DplOut {
				r.Op, r.Word = syntax.AppOut, literal(descriptorDir+strconv.Itoa(fd))
			}
		}
	}
}

// adaptExec takes the descriptors above 2 off an exec without a command, where it has no others.
func adaptExec(st *syntax.Stmt, call *syntax.CallExpr) {
	var args []*syntax.Word
	for _, r := range st.Redirs {
		if r.N == nil {
			return
		}
		if _, ok := digits(r.N.Value); !ok {
			return
		}
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.DplOut:
			args = append(args, literal(r.N.Value), literal(r.Op.String()), r.Word)
		case syntax.DplIn: // exec 3<&-
			args = append(args, literal(r.N.Value), literal(syntax.DplOut.String()), r.Word)
		default:
			return
		}
	}
	if len(args) > 0 {
		call.Args, st.Redirs = append([]*syntax.Word{literal(openDescriptor)}, args...), nil
	}
}

func literal(s string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.SglQuoted{Value: s}}}
}
