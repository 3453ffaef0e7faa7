package podnet

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes one direction of a connection holds before its writer waits.
const window = 64 << 10

// pipe is one direction of a connection.
type pipe struct {
	mu    sync.Mutex
	cond  *sync.Cond
	buf   bytes.Buffer
	eof   bool // the writer is done: reads end after what is buffered
	reset bool // the reader is gone: writes fail

	read, write deadline
}

// deadline wakes the pipe's waiters when its time has come.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func newPipe() *pipe {
	p := &pipe{}
	p.cond = sync.NewCond(&p.mu)
	return p
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (p *pipe) setDeadline(d *deadline, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = t
	if !t.IsZero() {
		d.timer = time.AfterFunc(time.Until(t), func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.cond.Broadcast()
		})
	}
	p.cond.Broadcast()
}

func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.reset:
			return 0, net.ErrClosed
		case p.read.passed():
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case p.buf.Len() > 0:
			n, err := p.buf.Read(b)
			if p.buf.Len() == 0 && p.buf.Cap() > 4<<10 {
				p.buf = bytes.Buffer{} // an idle connection holds no buffer
			}
			p.cond.Broadcast()
			return n, err
		case p.eof:
			return 0, io.EOF
		}
		p.cond.Wait()
	}
}

func (p *pipe) Write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.eof:
			return n, net.ErrClosed
		case p.reset:
			return n, os.NewSyscallError("write", syscall.EPIPE)
		case p.write.passed():
			return n, os.ErrDeadlineExceeded
		case len(b) == 0:
			return n, nil
		}
		if room := window - p.buf.Len(); room > 0 {
			m := min(room, len(b))
			p.buf.Write(b[:m])
			b, n = b[m:], n+m
			p.cond.Broadcast()
			continue
		}
		p.cond.Wait()
	}
}

// closeWrite ends the stream for the reader, after what is buffered.
func (p *pipe) closeWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.eof = true
	p.cond.Broadcast()
}

// closeRead drops what is buffered and fails the writer.
func (p *pipe) closeRead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset, p.buf = true, bytes.Buffer{}
	for _, d := range []*deadline{&p.read, &p.write} {
		if d.timer != nil {
			d.timer.Stop()
			d.timer = nil
		}
	}
	p.cond.Broadcast()
}

// conn is one end of a connection.
type conn struct {
	in, out       *pipe
	local, remote net.Addr
	onClose       func()
	once          sync.Once
}

// newConnPair joins two ends; closed is called once both are closed and may be nil.
func newConnPair(a, b net.Addr, closed func()) (*conn, *conn) {
	ab, ba := newPipe(), newPipe()
	var left sync.Mutex
	open := 2
	done := func() {
		left.Lock()
		defer left.Unlock()
		if open--; open == 0 && closed != nil {
			closed()
		}
	}
	return &conn{in: ba, out: ab, local: a, remote: b, onClose: done}, &conn{in: ab, out: ba, local: b, remote: a, onClose: done}
}

func (c *conn) fail(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: err}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	return n, c.fail("read", err)
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.out.Write(b)
	return n, c.fail("write", err)
}

func (c *conn) Close() error {
	c.once.Do(func() {
		c.out.closeWrite()
		c.in.closeRead()
		c.onClose()
	})
	return nil
}

// CloseWrite ends the stream to the other side, as (*net.TCPConn).CloseWrite does.
func (c *conn) CloseWrite() error { c.out.closeWrite(); return nil }

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.read, t)
	c.out.setDeadline(&c.out.write, t)
	return nil
}
func (c *conn) SetReadDeadline(t time.Time) error  { c.in.setDeadline(&c.in.read, t); return nil }
func (c *conn) SetWriteDeadline(t time.Time) error { c.out.setDeadline(&c.out.write, t); return nil }
