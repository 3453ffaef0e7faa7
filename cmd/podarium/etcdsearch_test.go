//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/tui/ptytest"
)

// slowLine is a way to an etcd that is slow when it is told to be.
type slowLine struct {
	endpoint string
	slow     atomic.Bool
}

// through makes a slowLine to a server.
func through(t *testing.T, server *etcdtest.Server) *slowLine {
	t.Helper()
	dir, err := os.MkdirTemp("", "line") // the paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := &slowLine{endpoint: "unix://" + filepath.Join(dir, "s")}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", strings.TrimPrefix(server.Endpoint, "unix://"))
			if err != nil {
				in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() { _, _ = io.Copy(in, io.TeeReader(out, n)); in.Close() }()
		}
	}()
	return n
}

// Write takes the time of a slow line for what passes it.
func (n *slowLine) Write(b []byte) (int, error) {
	const perSecond = 256 << 10
	if n.slow.Load() {
		time.Sleep(time.Second * time.Duration(len(b)) / perSecond)
	}
	return len(b), nil
}

// TestSearchOfValues looks for a field in many values of an etcd behind a slow line, as a user does: on the screen and by the
// command it tells what it has found and how far it is, answers keys, and stops when it is told to.
func TestSearchOfValues(t *testing.T) {
	server := etcdtest.Start(t, func(c *embed.Config) { c.MaxRequestBytes = 64 << 10 }) // what is streamed comes in parts of that size
	c := server.Client(t)
	const keys, perTxn = 40_000, 100 // some 20 MB
	for i := 0; i < keys; i += perTxn {
		var ops []clientv3.Op
		for j := i; j < i+perTxn; j++ {
			colour := "red"
			if j == 700 || j == keys-1 {
				colour = "blue"
			}
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("/registry/example.com/things/shop/thing-%05d", j), fmt.Sprintf(
				`{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"thing-%05d","namespace":"shop","annotations":{"note":"%s"}},"spec":{"colour":"%s"}}`, j, strings.Repeat("x", 350), colour)))
		}
		if _, err := c.Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	line := through(t, server)

	ui := ptytest.Open(t, ptytest.Options{Args: []string{"etcd", "--endpoints", line.endpoint}})
	ui.Wait("things/", "40 000")
	search := func() {
		ui.Command("search")
		ui.Wait("values have")
		ui.Keys("tab")
		ui.Type("blue")
		ui.Keys("tab")
		ui.Type("spec.colour\r")
	}
	line.slow.Store(true)
	search()
	ui.Wait("1 found", "% of 40 000 keys read; esc stops", "thing-00700")
	ui.Keys("f") // it hears keys
	ui.Wait("values have")
	ui.Keys("esc")
	ui.WaitGone("values have")
	ui.Keys("esc")
	ui.Wait("1 found, stopped after", "thing-00700")
	line.slow.Store(false)
	search()
	ui.Wait("2 found, at revision", "thing-39999")
	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d", code)
	}

	command := func() *ptytest.Terminal {
		return ptytest.Open(t, ptytest.Options{Args: []string{"etcd", "--endpoints", line.endpoint, "search", "--field", "spec.colour", "--value", "blue"}})
	}
	all := command()
	all.Wait("thing-00700", "thing-39999")
	if code := all.Exited(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	line.slow.Store(true)
	stopped := command()
	stopped.Wait("thing-00700", "keys searched …")
	if err := syscall.Kill(stopped.PID(), syscall.SIGINT); err != nil { // as ctrl-C, which would end the shell around it too
		t.Fatal(err)
	}
	if code := stopped.Exited(); code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	if s := stopped.Screen(); strings.Contains(s, "thing-39999") || !strings.Contains(s, "interrupted") {
		t.Errorf("the end of a search that was stopped:\n%s", s)
	}
}
