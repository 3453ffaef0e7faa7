package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// patient is a connection that notes until when it waits for more.
type patient struct {
	net.Conn
	mu    sync.Mutex
	until time.Time
}

func (p *patient) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = t
	return p.Conn.SetReadDeadline(t)
}

func (p *patient) waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until.IsZero()
}

// through runs the proxy for one client, and gives what it dials to answer, which gets the far end of the connection.
func through(t *testing.T, answer func(address string, far net.Conn) error) (client net.Conn, served *patient) {
	t.Helper()
	client, near := net.Pipe()
	served = &patient{Conn: near}
	t.Cleanup(func() { _ = client.Close() })
	go serve(t.Context(), served, func(_ context.Context, _ net.Addr, address string) (net.Conn, error) {
		a, b := net.Pipe()
		if err := answer(address, b); err != nil {
			return nil, err
		}
		return a, nil
	})
	return client, served
}

// A request may go on for longer than the proxy waits for its beginning.
func TestUploadTakesItsTime(t *testing.T) {
	got := make(chan string, 1)
	client, served := through(t, func(address string, far net.Conn) error {
		go func() {
			r, err := http.ReadRequest(bufio.NewReader(far))
			if err != nil {
				got <- err.Error()
				return
			}
			body, _ := io.ReadAll(r.Body)
			got <- fmt.Sprintf("%s %s %s %s", address, r.Method, r.URL.Path, body)
			_, _ = io.WriteString(far, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			_ = far.Close()
		}()
		return nil
	})
	fmt.Fprint(client, "POST http://web.default/upload HTTP/1.1\r\nHost: web.default\r\nContent-Length: 6\r\n\r\nabc")
	if fmt.Fprint(client, "d"); !served.waits() {
		t.Error("in the middle of the body the proxy has a deadline")
	}
	fmt.Fprint(client, "ef")
	if s := <-got; s != "web.default:80 POST /upload abcdef" {
		t.Errorf("what arrives is %q", s)
	}
	if line, err := bufio.NewReader(client).ReadString('\n'); err != nil || !strings.Contains(line, "204") {
		t.Errorf("the answer is %q, %v", line, err)
	}
}

func TestWaysToAsk(t *testing.T) {
	socks := func(host string) string {
		return "\x05\x01\x00" + "\x05\x01\x00\x03" + string(rune(len(host))) + host + "\x00\x50"
	}
	for _, test := range []struct{ name, ask, want string }{
		{"SOCKS5 by name", socks("web.default"), "\x05\x00" + "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" + "web.default:80"},
		{"SOCKS5 by address", "\x05\x01\x00" + "\x05\x01\x00\x01\x0a\xf4\x01\x02\x00\x50", "\x05\x00" + "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" + "10.244.1.2:80"},
		{"SOCKS5 to nobody", socks("nobody"), "\x05\x00" + "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"},
		{"SOCKS5 for a listener", "\x05\x01\x00" + "\x05\x02\x00\x01\x0a\xf4\x01\x02\x00\x50", "\x05\x00" + "\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00"},
		{"CONNECT", "CONNECT web.default:443 HTTP/1.1\r\nHost: web.default:443\r\n\r\n", "HTTP/1.1 200 Connection established\r\n\r\nweb.default:443"},
		{"CONNECT to nobody", "CONNECT nobody:80 HTTP/1.1\r\nHost: nobody:80\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nnobody is there\n"},
		{"as to a server", "GET / HTTP/1.1\r\nHost: web\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nthis is a proxy: name the whole URL\n"},
	} {
		client, _ := through(t, func(address string, far net.Conn) error {
			if strings.HasPrefix(address, "nobody:") {
				return errors.New("nobody is there")
			}
			go func() {
				_, _ = io.WriteString(far, address)
				_ = far.Close()
			}()
			return nil
		})
		go func() { _, _ = io.WriteString(client, test.ask) }()
		got := make([]byte, len(test.want))
		if n, err := io.ReadFull(client, got); err != nil || string(got) != test.want {
			t.Errorf("%s: %q, %v, want %q", test.name, got[:n], err, test.want)
		}
	}
}
