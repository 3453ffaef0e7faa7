package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// listening is nc -l [-k] -p PORT [-e COMMAND ARGUMENT…]: it takes a connection, with -k one after the other.
type listening struct {
	port    string
	keep    bool
	command []string
}

// listenOf finds nc's arguments for listening; rest are those that are no flags.
func listenOf(args, rest []string) (l listening, ok bool) {
	if i := slices.Index(args, "-e"); i >= 0 {
		l.command, args = args[i+1:], args[:i]
	}
	for i, a := range args {
		if !strings.HasPrefix(a, "-") {
			continue
		}
		ok, l.keep = ok || strings.Contains(a, "l"), l.keep || strings.Contains(a, "k")
		if strings.HasSuffix(a, "p") && i+1 < len(args) {
			l.port = args[i+1]
		}
	}
	if l.port == "" && len(rest) > 0 { // as the nc of BSD has it
		l.port = rest[len(rest)-1]
	}
	return l, ok
}

func (l listening) run(ctx context.Context, s *shell, network string) int {
	port, err := strconv.ParseUint(l.port, 10, 16)
	if err != nil {
		fmt.Fprintln(s.stderr, "nc: -l needs a port: nc -l -p 8080")
		return 1
	}
	at := netip.AddrPortFrom(s.p.spec.IP, uint16(port))
	if network == "udp" {
		return l.packets(ctx, s, at)
	}
	listener, err := s.p.engine.network.Listen(at)
	if err != nil {
		return s.unbound(err)
	}
	defer listener.Close()
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := listener.Accept()
		if err != nil {
			return 143 // asked to end
		}
		if l.keep && l.command != nil {
			all.Go(func() { l.serve(ctx, s, c) })
			continue
		}
		code := l.serve(ctx, s, c)
		if !l.keep {
			return code
		}
	}
}

func (s *shell) unbound(err error) int {
	if errors.Is(err, syscall.EADDRINUSE) {
		err = errors.New("Address already in use") //nolint:staticcheck // nc's own words
	}
	fmt.Fprintf(s.stderr, "nc: bind: %v\n", err)
	return 1
}

// serve passes what comes to the output and the input to who has connected, or both to a command.
func (l listening) serve(ctx context.Context, s *shell, c net.Conn) int {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if l.command != nil {
		inner := *s
		inner.stdin, inner.stdout, inner.stderr = c, c, s.stderr
		return inner.tool(ctx, l.command)
	}
	if s.stdin != nil {
		go func() {
			_, _ = io.Copy(c, s.stdin) // until either ends
			if w, ok := c.(interface{ CloseWrite() error }); ok {
				_ = w.CloseWrite()
			}
		}()
	}
	_, _ = io.Copy(s.stdout, c)
	return 0
}

func (l listening) packets(ctx context.Context, s *shell, at netip.AddrPort) int {
	c, err := s.p.engine.network.ListenPacket(at)
	if err != nil {
		return s.unbound(err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	buf := make([]byte, 64<<10)
	for {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			return 143
		}
		_, _ = s.stdout.Write(buf[:n])
	}
}
