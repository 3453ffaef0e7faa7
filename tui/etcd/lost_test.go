package etcd

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/fixture"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

// line is a connection to an etcd that can be cut, and mended.
type line struct {
	path, to string

	mu    sync.Mutex
	l     net.Listener
	conns []net.Conn
}

func (n *line) mend(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", n.path)
	if err != nil {
		t.Fatal(err)
	}
	n.l = l
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", n.to)
			if err != nil {
				in.Close()
				continue
			}
			n.mu.Lock()
			n.conns = append(n.conns, in, out)
			n.mu.Unlock()
			go func() { _, _ = io.Copy(in, out); in.Close() }()
			go func() { _, _ = io.Copy(out, in); out.Close() }()
		}
	}()
}

func (n *line) cut() {
	n.l.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.Close()
	}
	n.conns = nil
}

// TestLostConnection opens screens of an etcd that is not there at the moment: each says so, and shows what it should
// when the etcd is back.
func TestLostConnection(t *testing.T) {
	server := etcdtest.Start(t)
	if _, err := server.Client(t).Put(t.Context(), "/app/a", "one"); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "line") // the paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	_, to, _ := strings.Cut(server.Endpoint, "://")
	n := &line{path: filepath.Join(dir, "s"), to: to}
	n.mend(t)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + n.path}, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	h, s := fixture.New(t, func(o *cluster.Options) { o.Etcd, o.EtcdOnly = client, true })
	if _, err := client.Get(t.Context(), "/app/a"); err != nil {
		t.Fatal(err)
	}
	n.cut()
	opened, err := openChanges(s, access.Changes{Prefixes: []string{""}})
	if err != nil {
		t.Fatal(err)
	}
	changes := opened.(*changesView)
	wait := func(what string, feed <-chan struct{}, is func() bool) {
		t.Helper()
		for deadline := time.After(30 * time.Second); !is(); h.Tick() {
			select {
			case <-feed:
			case <-deadline:
				t.Fatalf("%s: %s", what, screentest.Draw(h, changes, 80, 24))
			}
		}
	}
	wait("a watch without a server does not say so", changes.feed.Changed(), func() bool { return changes.Place().State.Health == screen.Bad })
	lists := map[string]func() (screen.Screen, error){
		"list": func() (screen.Screen, error) { return openList(s, access.List{}) },
		"key":  func() (screen.Screen, error) { return openKey(s, access.Key{Path: "/app/a"}) },
	}
	for name, open := range lists {
		v, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if text := screentest.Draw(h, v, 100, 24).String(); !strings.Contains(text, "etcd does not answer: the connection to it is lost") {
			t.Errorf("%s does not say that the connection is lost:\n%s", name, text)
		}
	}
	n.mend(t)
	wait("the watch does not come back", changes.feed.Changed(), func() bool { return changes.Place().State.Health == screen.Good })
	for name, open := range lists {
		v, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if text := screentest.Draw(h, v, 100, 24).String(); !strings.Contains(text, "/app/a") {
			t.Errorf("%s does not come back:\n%s", name, text)
		}
	}
}
