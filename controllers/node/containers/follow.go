package containers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// ErrOtherRuntime is returned for a container that is not this runtime's.
var ErrOtherRuntime = errors.New("the container is another runtime's")

// Follow writes the log of a running container, of the last attempt of that name in the Pod, to stdout and stderr, nil for
// neither, until the container has ended or ctx ends. The options are those of kubectl logs -f.
//
// A kubelet's own way (k8s.io/cri-client/pkg/logs) takes an inotify instance for each that is followed, of which a Linux user
// has 128 for all programs: a cluster in one process would be left without after as many Pods. This one is told by the writer.
func (r *Runtime) Follow(ctx context.Context, namespace, pod, name string, o *corev1.PodLogOptions, stdout, stderr io.Writer) error {
	c := r.latest(namespace, pod, name)
	if c == nil {
		return ErrOtherRuntime
	}
	f := &follower{o: o, to: map[string]io.Writer{"stdout": stdout, "stderr": stderr}, left: -1, lineStart: true}
	if o.LimitBytes != nil {
		f.left = *o.LimitBytes
	}
	switch {
	case o.SinceTime != nil:
		f.since = o.SinceTime.Time
	case o.SinceSeconds != nil:
		f.since = time.Now().Add(-time.Duration(*o.SinceSeconds) * time.Second)
	}
	if err := f.follow(ctx, c); err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("log of container %q: %w", name, err)
	}
	return nil
}

// latest gives the newest container of that name in a Pod, nil where there is none.
func (r *Runtime) latest(namespace, pod, name string) (last *container) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.containers {
		m := c.sandbox.config.Metadata
		if m.Name != pod || m.Namespace != namespace || c.config.Metadata.Name != name || c.state == runtimeapi.ContainerState_CONTAINER_CREATED {
			continue
		}
		if last == nil || c.created.After(last.created) {
			last = c
		}
	}
	return last
}

// Finished says how the last container of that name in a Pod has ended; empty where it has not, or there is none.
func (r *Runtime) Finished(namespace, pod, name string) string {
	c := r.latest(namespace, pod, name)
	if c == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.state != runtimeapi.ContainerState_CONTAINER_EXITED {
		return ""
	}
	return fmt.Sprintf("%s (%s)", stateName(c), c.exit.Reason)
}

// follower writes lines of a log to who wants them.
type follower struct {
	o         *corev1.PodLogOptions
	to        map[string]io.Writer
	since     time.Time
	left      int64 // bytes to write, negative for any number
	lineStart bool
	rest      []byte // of a line that is being written
}

var errEnough = errors.New("as many bytes as asked for")

func (f *follower) follow(ctx context.Context, c *container) error {
	number, changed := c.log.wait()
	file, err := os.Open(c.logPath)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if f.o.TailLines != nil {
		if err := toTail(file, *f.o.TailLines); err != nil {
			return err
		}
	}
	for lines := bufio.NewReader(file); ; {
		ended := isClosed(c.ended) // asked for first: what is in the file then is all
		if err := f.write(lines); err != nil {
			return err
		}
		if now, _ := c.log.wait(); now != number { // the kubelet has put the file away
			if err := f.write(lines); err != nil { // what was written to it meanwhile
				return err
			}
			next, err := os.Open(c.logPath)
			if err != nil {
				return err
			}
			_ = file.Close()
			file, lines, number = next, bufio.NewReader(next), now
			_, changed = c.log.wait()
			continue
		}
		if ended {
			return nil
		}
		select {
		case <-changed:
		case <-c.ended:
		case <-ctx.Done():
			return nil
		}
		_, changed = c.log.wait()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// write writes the lines that there are.
func (f *follower) write(lines *bufio.Reader) error {
	for {
		line, err := lines.ReadBytes('\n')
		if line = append(f.rest, line...); errors.Is(err, io.EOF) {
			f.rest = line
			return nil
		}
		f.rest = nil
		if err != nil {
			return err
		}
		if err := f.line(line); err != nil {
			return err
		}
	}
}

// line writes one line of a log: time, stream, F or P, text.
func (f *follower) line(line []byte) error {
	part := bytes.SplitN(line, []byte(" "), 4)
	if len(part) != 4 {
		return nil // not one of ours
	}
	at, err := time.Parse(time.RFC3339Nano, string(part[0]))
	if err != nil || at.Before(f.since) {
		return nil
	}
	text, whole := part[3], string(part[2]) == "F"
	if !whole {
		text = bytes.TrimSuffix(text, []byte("\n"))
	}
	if f.o.Timestamps && f.lineStart {
		text = append(append(bytes.Clone(part[0]), ' '), text...)
	}
	f.lineStart = whole
	to := f.to[string(part[1])]
	if to == nil {
		return nil
	}
	if f.left >= 0 && int64(len(text)) >= f.left {
		text = text[:f.left]
	}
	n, err := to.Write(text)
	if err != nil {
		return err
	}
	if f.left >= 0 {
		if f.left -= int64(n); f.left == 0 {
			return errEnough
		}
	}
	return nil
}

// toTail goes to where the last n lines begin.
func toTail(file *os.File, n int64) error {
	at, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	block := make([]byte, 8<<10)
	for at > 0 {
		size := min(at, int64(len(block)))
		at -= size
		if _, err := file.ReadAt(block[:size], at); err != nil {
			return err
		}
		for i := size - 1; i >= 0; i-- {
			if block[i] != '\n' {
				continue
			}
			if n == 0 {
				_, err := file.Seek(at+i+1, io.SeekStart)
				return err
			}
			n--
		}
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}
