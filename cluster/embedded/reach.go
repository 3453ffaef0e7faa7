package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/controllers/podnet"
)

// dialFor gives another process of the same user a connection into the virtual network: the request's own connection
// becomes it.
func (s *Server) dialFor(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	target, err := s.network.DialContext(ctx, "tcp", r.URL.Query().Get("address"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer target.Close()
	h, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "this connection cannot be taken over", http.StatusInternalServerError)
		return
	}
	c, buf, err := h.Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	podnet.Join(&readAhead{Conn: c, r: buf.Reader}, target)
}

// readAhead is a connection of which some has been read already.
type readAhead struct {
	net.Conn
	r *bufio.Reader
}

func (c *readAhead) Read(b []byte) (int, error) { return c.r.Read(b) }

// CloseWrite ends the stream to the other side.
func (c *readAhead) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// Dial connects to an address or a name of the cluster (a Pod, a Service, NAME.NAMESPACE) from outside of it. What is not
// the cluster's is dialled on the host's own network, by the process that runs the cluster.
func (r *Remote) Dial(ctx context.Context, address string) (net.Conn, error) {
	return Dial(ctx, filepath.Join(r.run.Sockets, "control.sock"), address)
}

// Dial is Remote.Dial by the control socket of the process that runs the cluster.
func Dial(ctx context.Context, control, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", control)
	if err != nil {
		return nil, err
	}
	if t, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(t)
	}
	_, err = fmt.Fprintf(c, "POST /dial?address=%s HTTP/1.1\r\nHost: podarium\r\nContent-Length: 0\r\n\r\n", url.QueryEscape(address))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	buf := bufio.NewReader(c)
	resp, err := http.ReadResponse(buf, &http.Request{Method: http.MethodConnect}) // no body: what follows is the connection
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(buf, 4<<10))
		return nil, errors.Join(errors.New(strings.TrimSpace(string(b))), c.Close())
	}
	_ = c.SetDeadline(time.Time{})
	return &readAhead{Conn: c, r: buf}, nil
}

// Traffic tells how the connections of Services were spread.
func (s *Server) Traffic(context.Context) ([]cluster.ServiceTraffic, error) {
	c := s.traffic.Load()
	if c == nil {
		return nil, errors.New("the network is not in step with the Services yet")
	}
	return c.Traffic(), nil
}
