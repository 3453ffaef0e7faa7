package podnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// Drainer is what listeners and sockets of a Network are besides: Drain takes them off the network, so that nobody reaches
// them any more, while what has come already can still be accepted, or read and answered. Accept and ReadFrom then end with
// net.ErrClosed once there is nothing left.
type Drainer interface{ Drain() }

// listener is a net.Listener on an address of the network.
type listener struct {
	network *Network
	at      netip.AddrPort
	accept  chan *conn
	off     chan struct{} // closed when nobody may connect any more
	done    chan struct{} // closed when, besides, no caller is in the middle of it
	once    sync.Once
	callers sync.RWMutex // held for reading by each
}

// queue hands a connection to who accepts, as soon as there is room.
func (l *listener) queue(ctx context.Context, c *conn) error {
	l.callers.RLock()
	defer l.callers.RUnlock()
	select {
	case <-l.off:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	default:
	}
	select {
	case <-l.off:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return ctx.Err()
	case l.accept <- c:
		return nil
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.done:
		select {
		case c := <-l.accept:
			return c, nil
		default:
		}
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}

func (l *listener) Drain() {
	l.once.Do(func() {
		l.network.mu.Lock()
		if l.network.listeners[l.at] == l {
			delete(l.network.listeners, l.at)
		}
		l.network.mu.Unlock()
		close(l.off)
		l.callers.Lock() // those who were about to queue have done so, or have been refused
		defer l.callers.Unlock()
		close(l.done)
	})
}

func (l *listener) Close() error {
	l.Drain()
	for { // those who had connected but were not served see the connection end
		select {
		case c := <-l.accept:
			_ = c.Close()
		default:
			return nil
		}
	}
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
