package main

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

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/controllers/podnet"
)

func newProxy(f *flags) *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "proxy",
		Short: "Reach Pods and Services by their names and addresses, through a SOCKS5 and HTTP proxy on this machine",
		Example: `  podarium proxy &
  curl -x socks5h://127.0.0.1:1080 http://test-web.shop:8080
  http_proxy=http://127.0.0.1:1080 curl http://10.244.1.2`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			host, _, err := net.SplitHostPort(listen)
			if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
				return exitError{exitUsage, fmt.Errorf("--listen: %q is no loopback address with a port: the proxy asks nobody who he is", listen)}
			}
			r, err := f.attach(c)
			if err != nil {
				return err
			}
			defer r.Close()
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return fmt.Errorf("%w: choose another port with --listen", err)
			}
			defer context.AfterFunc(c.Context(), func() { _ = l.Close() })()
			fmt.Fprintf(c.OutOrStdout(), "curl -x socks5h://%s http://NAME.NAMESPACE\n", l.Addr())
			for {
				conn, err := l.Accept()
				if err != nil {
					if c.Context().Err() != nil {
						return nil
					}
					return err
				}
				go proxyConnection(c.Context(), r, conn)
			}
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:1080", "loopback address and port of the proxy")
	return c
}

const proxyDialLimit = 15 * time.Second

// proxyConnection serves one client: SOCKS5 begins with a 5, HTTP with a letter.
func proxyConnection(ctx context.Context, r *embedded.Remote, c net.Conn) {
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(proxyDialLimit))
	in := bufio.NewReader(c)
	first, err := in.Peek(1)
	if err != nil {
		return
	}
	dial := func(address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, proxyDialLimit)
		defer cancel()
		return r.Dial(ctx, address)
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
	_ = c.SetReadDeadline(time.Time{})
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
