// Package proxy is the way into the virtual network for programs that are not in it: a SOCKS5 and HTTP proxy on one port.
// Names are resolved by who dials, so that those of the cluster work (socks5h, CONNECT).
//
// It asks nobody who he is: it has to listen where only those are who may.
package proxy

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/podarium/podarium/controllers/podnet"
)

// dialLimit bounds a request and the connection to what it asks for.
const dialLimit = 15 * time.Second

// Dial connects a client to what it asks for, a host:port whose host may be a name.
type Dial func(ctx context.Context, client net.Addr, address string) (net.Conn, error)

// Serve answers clients until l is closed, which gives nil, or accepting fails. Their connections go on until they end.
func Serve(ctx context.Context, l net.Listener, dial Dial) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go serve(ctx, c, dial)
	}
}

// serve serves one client: SOCKS5 begins with a 5, HTTP with a letter.
func serve(ctx context.Context, c net.Conn, by Dial) {
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(dialLimit))
	in := bufio.NewReader(c)
	first, err := in.Peek(1)
	if err != nil {
		return
	}
	dial := func(address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialLimit)
		defer cancel()
		target, err := by(ctx, c.RemoteAddr(), address)
		_ = c.SetReadDeadline(time.Time{}) // the rest of the request may take its time
		return target, err
	}
	var target net.Conn
	if first[0] == 5 {
		target, err = socks5(in, c, dial)
	} else {
		target, err = httpConnect(in, c, dial)
	}
	if err != nil {
		return // the client has been told
	}
	defer target.Close()
	podnet.Join(buffered{c, in}, target)
}

type buffered struct {
	net.Conn
	r io.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// CloseWrite ends the stream to the client.
func (b buffered) CloseWrite() error {
	if w, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// socks5 is RFC 1928 without authentication, for CONNECT.
func socks5(in *bufio.Reader, out io.Writer, dial func(string) (net.Conn, error)) (net.Conn, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	if _, err := in.Discard(int(head[1])); err != nil { // the ways to authenticate that the client knows
		return nil, err
	}
	if _, err := out.Write([]byte{5, 0}); err != nil {
		return nil, err
	}
	req := make([]byte, 4)
	if _, err := io.ReadFull(in, req); err != nil {
		return nil, err
	}
	answer := func(code byte) error {
		_, err := out.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		return err
	}
	if req[1] != 1 {
		return nil, errors.Join(errors.New("not a CONNECT"), answer(7))
	}
	var host string
	switch req[3] {
	case 1, 4:
		ip := make(net.IP, map[byte]int{1: 4, 4: 16}[req[3]])
		if _, err := io.ReadFull(in, ip); err != nil {
			return nil, err
		}
		host = ip.String()
	case 3:
		n, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		name := make([]byte, n)
		if _, err := io.ReadFull(in, name); err != nil {
			return nil, err
		}
		host = string(name)
	default:
		return nil, errors.Join(errors.New("unknown kind of address"), answer(8))
	}
	port := make([]byte, 2)
	if _, err := io.ReadFull(in, port); err != nil {
		return nil, err
	}
	target, err := dial(net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port)))))
	if err != nil {
		return nil, errors.Join(err, answer(5))
	}
	return target, answer(0)
}

// httpConnect serves CONNECT, and requests with a whole URL.
func httpConnect(in *bufio.Reader, out io.Writer, dial func(string) (net.Conn, error)) (net.Conn, error) {
	req, err := http.ReadRequest(in)
	if err != nil {
		return nil, err
	}
	refuse := func(code int, err error) error {
		_, werr := fmt.Fprintf(out, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n%v\n", code, http.StatusText(code), err)
		return errors.Join(err, werr)
	}
	if req.Method == http.MethodConnect {
		target, err := dial(req.Host)
		if err != nil {
			return nil, refuse(http.StatusBadGateway, err)
		}
		_, err = io.WriteString(out, "HTTP/1.1 200 Connection established\r\n\r\n")
		return target, err
	}
	if req.URL.Host == "" {
		return nil, refuse(http.StatusBadRequest, errors.New("this is a proxy: name the whole URL"))
	}
	address := req.URL.Host
	if req.URL.Port() == "" {
		address = net.JoinHostPort(req.URL.Hostname(), "80")
	}
	target, err := dial(address)
	if err != nil {
		return nil, refuse(http.StatusBadGateway, err)
	}
	req.Header.Del("Proxy-Connection")
	req.Close = true // one request a connection: the next may be for another host
	return target, req.Write(target)
}
