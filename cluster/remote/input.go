package remote

import (
	"bytes"
	"io"
	"sync"
)

// maxInput bounds what a container is sent before it reads: enough for any paste.
const maxInput = 16 << 20

// Input is a stream into a container that never blocks who writes to it. It is safe for use by several goroutines.
type Input struct {
	mu     sync.Mutex
	some   *sync.Cond
	buf    bytes.Buffer
	closed bool
}

// NewInput makes an Input. It has to be closed.
func NewInput() *Input {
	i := &Input{}
	i.some = sync.NewCond(&i.mu)
	return i
}

// Write takes p to be read later. It fails with io.ErrShortBuffer, and takes nothing, where the container has left 16 MiB unread, and
// with io.ErrClosedPipe after Close.
func (i *Input) Write(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return 0, io.ErrClosedPipe
	}
	if i.buf.Len()+len(p) > maxInput {
		return 0, io.ErrShortBuffer
	}
	i.some.Signal()
	return i.buf.Write(p)
}

// Read implements io.Reader: it waits for something to come.
func (i *Input) Read(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.buf.Len() == 0 && !i.closed {
		i.some.Wait()
	}
	return i.buf.Read(p) // io.EOF where it is closed and empty
}

// Close ends the stream: what was written before is still read.
func (i *Input) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.some.Broadcast()
	return nil
}

// LastSize is a Sizes that yields only the newest size, however often it changes. It is safe for use by several goroutines.
type LastSize struct {
	next chan Size // capacity 1
	done chan struct{}
	once sync.Once
}

// NewLastSize makes a LastSize. It has to be closed.
func NewLastSize() *LastSize { return &LastSize{next: make(chan Size, 1), done: make(chan struct{})} }

// Set says that the terminal has a size now. It never blocks; one goroutine calls it.
func (s *LastSize) Set(width, height int) {
	size := Size{Width: uint16(min(max(width, 1), 1<<16-1)), Height: uint16(min(max(height, 1), 1<<16-1))}
	select {
	case <-s.next: // nobody took the older one
	default:
	}
	s.next <- size
}

// Next implements Sizes.
func (s *LastSize) Next() *Size {
	select {
	case size := <-s.next:
		return &size
	case <-s.done:
		return nil
	}
}

// Close ends the sizes.
func (s *LastSize) Close() { s.once.Do(func() { close(s.done) }) }
