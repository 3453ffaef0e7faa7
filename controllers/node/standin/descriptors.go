package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync"

	"mvdan.cc/sh/v3/interp"
)

// descriptors are what a script reads and writes beside its input, output and errors: exec 3>FILE, then >&3. The interpreter
// knows three of them only, so that the script is rewritten (rewrite.go): to openDescriptor, and to redirections to /dev/fd/3.
type descriptors struct {
	mu   sync.Mutex
	open map[int]descriptor
}

// descriptor is one of them. All its streams have one position in a file.
type descriptor struct {
	w     io.Writer
	r     *os.File
	close func() // nil where it is the shell's own input or output
}

// openDescriptor is the command that stands for exec with redirections of such descriptors: N OPERATOR WORD and so on.
const openDescriptor = "podarium-descriptor"

const descriptorDir = "/dev/fd/"

// reopen gives the descriptor of that number, which outlives the redirection.
func (d *descriptors) reopen(number string, write bool) (io.ReadWriteCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _ := strconv.Atoi(number)
	switch o := d.open[n]; {
	case write && o.w != nil:
		return toWriter{o.w}, nil
	case !write && o.r != nil:
		return duplicate(o.r)
	}
	return nil, &fs.PathError{Op: "sh:", Path: number, Err: errBadDescriptor}
}

var errBadDescriptor = errors.New("bad file descriptor")

func (d *descriptors) set(n int, o descriptor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if before := d.open[n]; before.close != nil {
		before.close() // what was written is written
	}
	if d.open == nil {
		d.open = map[int]descriptor{}
	}
	if d.open[n] = o; o.w == nil && o.r == nil {
		delete(d.open, n)
	}
}

func (d *descriptors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.open {
		if o.close != nil {
			o.close()
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
func (s *shell) redirect(ctx context.Context, hc interp.HandlerContext, args []string) int {
	for ; len(args) >= 3; args = args[3:] {
		n, _ := digits(args[0])
		o, err := s.descriptor(ctx, hc, args[1], args[2])
		if err != nil {
			fmt.Fprintln(hc.Stderr, err)
			return 1
		}
		s.fds.set(n, o)
	}
	return 0
}

// descriptor is what OPERATOR WORD means.
func (s *shell) descriptor(ctx context.Context, hc interp.HandlerContext, op, word string) (descriptor, error) {
	mode := os.O_RDONLY
	switch op {
	case ">&", "<&":
		return s.copied(hc, word)
	case ">", ">|":
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	case ">>":
		mode = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	case "<>":
		mode = os.O_RDWR | os.O_CREATE
	}
	if !path.IsAbs(word) {
		word = path.Join(hc.Dir, word)
	}
	f, err := s.open(ctx, word, mode)
	if err != nil {
		return descriptor{}, err
	}
	o := descriptor{close: func() { _ = f.Close() }}
	if mode != os.O_RDONLY {
		o.w = f
	}
	if mode&os.O_WRONLY != 0 {
		return o, nil
	}
	if file, ok := f.(*os.File); ok {
		o.r = file
		return o, nil
	}
	// What is no file is read by way of a pipe, all readers of which have one position, too.
	r, w, err := os.Pipe()
	if err != nil {
		o.close()
		return descriptor{}, err
	}
	go func() {
		_, _ = io.Copy(w, f) // until either is closed
		_ = w.Close()
	}()
	o.r, o.close = r, func() { _, _ = f.Close(), r.Close() }
	return o, nil
}

// copied is what 3>&1 and 3<&0 mean, and 3>&-.
func (s *shell) copied(hc interp.HandlerContext, word string) (descriptor, error) {
	switch word {
	case "-":
		return descriptor{}, nil
	case "0":
		if f, ok := hc.Stdin.(*os.File); ok {
			r, err := duplicate(f)
			if err != nil {
				return descriptor{}, err
			}
			return descriptor{r: r, close: func() { _ = r.Close() }}, nil
		}
		return descriptor{}, errors.New("sh: there is no input to copy")
	case "1":
		return descriptor{w: hc.Stdout}, nil
	case "2":
		return descriptor{w: hc.Stderr}, nil
	}
	n, _ := strconv.Atoi(word)
	s.fds.mu.Lock()
	defer s.fds.mu.Unlock()
	o := s.fds.open[n]
	if o.w == nil && o.r == nil {
		return o, fmt.Errorf("sh: %s: %w", word, errBadDescriptor)
	}
	copied := descriptor{w: o.w}
	if o.r != nil {
		r, err := duplicate(o.r)
		if err != nil {
			return descriptor{}, err
		}
		copied.r, copied.close = r, func() { _ = r.Close() }
	}
	return copied, nil
}

// readDescriptor makes of read -u 3 NAME what the interpreter knows: read NAME <&3.
func readDescriptor(args []string) []string {
	for i, a := range args {
		if a != "-u" || i+1 == len(args) {
			continue
		}
		if _, ok := digits(args[i+1]); !ok {
			break
		}
		line, err := quoted(append(append([]string(nil), args[:i]...), args[i+2:]...))
		if err != nil {
			break
		}
		return []string{"eval", line + " < " + descriptorDir + args[i+1]}
	}
	return args
}
