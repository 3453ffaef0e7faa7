package containers

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// logFile is a container's log in the CRI's format: time, stream, P(artial) or F(ull), line. The file is opened by the
// first line, so that the many containers that say nothing hold no descriptor.
type logFile struct {
	path string
	mu   sync.Mutex
	file *os.File
	// number counts the files that have been at path, and changed is closed by the next line and the next file; nil where
	// nobody waits.
	number  int
	changed chan struct{}
}

// wait gives the number of the file that is at the log's path, and what is closed when there is more to read.
func (l *logFile) wait() (number int, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.number, l.changed
}

// tell needs l.mu.
func (l *logFile) tell() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// create makes the file, so that it can be read before the first line.
func (l *logFile) create() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	l.tell()
	return f.Close()
}

func (l *logFile) write(stream string, full bool, line []byte) error {
	tag := "F"
	if !full {
		tag = "P"
	}
	b := make([]byte, 0, len(line)+48)
	b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000000000Z07:00")
	b = append(b, ' ')
	b = append(b, stream...)
	b = append(b, ' ')
	b = append(b, tag...)
	b = append(b, ' ')
	b = append(b, line...)
	b = append(b, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		l.file = f
	}
	_, err := l.file.Write(b)
	l.tell()
	return err
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}

// maxLine is how long a line of the log may be before it is written in parts, as container runtimes do.
const maxLine = 16 << 10

// output is one of a container's streams: it goes to the log and to those who are attached.
type output struct {
	c      *container
	stream string
	mu     sync.Mutex
	rest   []byte
}

// flush writes what came after the last line end.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rest) > 0 {
		_ = o.c.log.write(o.stream, true, o.rest) // the container has ended: there is nobody left to tell
		o.rest = nil
	}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.c.spread.write(o.stream, b)
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			o.rest = append(o.rest, b...)
			for len(o.rest) >= maxLine {
				if err := o.c.log.write(o.stream, false, o.rest[:maxLine]); err != nil {
					return 0, err
				}
				o.rest = o.rest[maxLine:]
			}
			break
		}
		line := b[:i]
		if len(o.rest) > 0 {
			line = append(o.rest, line...)
			o.rest = nil
		}
		for len(line) > maxLine {
			if err := o.c.log.write(o.stream, false, line[:maxLine]); err != nil {
				return 0, err
			}
			line = line[maxLine:]
		}
		if err := o.c.log.write(o.stream, true, line); err != nil {
			return 0, err
		}
		b = b[i+1:]
	}
	return n, nil
}

// spread copies output to those who are attached.
type spread struct {
	mu     sync.Mutex
	to     map[*attached]struct{}
	closed bool
}

type attached struct {
	stdout, stderr io.Writer
	gone           chan struct{} // closed when the container has ended
}

func (s *spread) add(stdout, stderr io.Writer) *attached {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &attached{stdout: stdout, stderr: stderr, gone: make(chan struct{})}
	if s.closed {
		close(a.gone)
		return a
	}
	if s.to == nil {
		s.to = map[*attached]struct{}{}
	}
	s.to[a] = struct{}{}
	return a
}

func (s *spread) remove(a *attached) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.to, a)
}

func (s *spread) write(stream string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.to {
		w := a.stdout
		if stream == "stderr" {
			w = a.stderr
		}
		if w == nil {
			continue
		}
		if _, err := w.Write(b); err != nil {
			delete(s.to, a)
		}
	}
}

func (s *spread) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for a := range s.to {
		close(a.gone)
	}
	s.to = nil
}
