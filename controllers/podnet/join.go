package podnet

import (
	"io"
	"net"
	"sync"
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

// CopyPackets hands every datagram that c receives to f, until none has come for half a minute or something fails.
func CopyPackets(c net.Conn, f func([]byte) error) {
	buf := make([]byte, 64<<10)
	for {
		_ = c.SetReadDeadline(time.Now().Add(flowIdle))
		n, err := c.Read(buf)
		if err != nil || f(buf[:n]) != nil {
			return
		}
	}
}
