package podnet

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Join copies between two connections until both directions have ended. An end of one stream is passed on as such.
func Join(a, b net.Conn) {
	var wg sync.WaitGroup
	copyTo := func(dst, src net.Conn) {
		defer wg.Done()
		_, err := io.Copy(dst, src)
		if w, ok := dst.(interface{ CloseWrite() error }); ok && err == nil {
			_ = w.CloseWrite()
			return
		}
		_ = dst.Close()
	}
	wg.Add(2)
	go copyTo(a, b)
	go copyTo(b, a)
	wg.Wait()
}

// ForwardPackets passes the datagrams that c receives on, each sender's by a connection of its own, which dial makes, and
// the answers back, until c is closed. A connection ends half a minute after its last answer.
func ForwardPackets(c net.PacketConn, dial func() (net.Conn, error)) {
	clients := map[string]net.Conn{}
	var mu sync.Mutex
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		for _, t := range clients {
			_ = t.Close()
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		k, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		mu.Lock()
		target := clients[from.String()]
		mu.Unlock()
		if target == nil {
			if target, err = dial(); err != nil {
				continue
			}
			mu.Lock()
			clients[from.String()] = target
			mu.Unlock()
			go func() {
				copyPackets(target, func(b []byte) error { _, err := c.WriteTo(b, from); return err })
				mu.Lock()
				defer mu.Unlock()
				delete(clients, from.String())
				_ = target.Close()
			}()
		}
		_, _ = target.Write(buf[:k]) // a datagram may be lost
	}
}

// copyPackets hands every datagram that c receives to f, until none has come for half a minute or something fails.
func copyPackets(c net.Conn, f func([]byte) error) {
	buf := make([]byte, 64<<10)
	for {
		_ = c.SetReadDeadline(time.Now().Add(flowIdle))
		n, err := c.Read(buf)
		if errors.Is(err, syscall.ECONNREFUSED) {
			continue // nobody takes datagrams there yet: as the answer by ICMP says
		}
		if err != nil || f(buf[:n]) != nil {
			return
		}
	}
}
