package etcdview_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

// relay stands between a client and a server, and can cut the line.
type relay struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (r *relay) run() {
	for {
		in, err := r.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", r.to)
		if err != nil {
			in.Close()
			continue
		}
		r.mu.Lock()
		if r.cut {
			in.Close()
			out.Close()
		} else {
			r.conns = append(r.conns, in, out)
			go func() { io.Copy(in, out); in.Close() }()
			go func() { io.Copy(out, in); out.Close() }()
		}
		r.mu.Unlock()
	}
}

func (r *relay) setCut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if cut {
		for _, c := range r.conns {
			c.Close()
		}
		r.conns = nil
	}
}

func TestAWatchSaysThatTheConnectionIsLostAndGoesOn(t *testing.T) {
	server := etcdtest.Start(t)
	direct := server.Client(t)
	u, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, to: u.Path}
	go r.run()
	t.Cleanup(func() { r.Close(); r.setCut(true) })
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{"http://" + l.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f := etcdview.New(c).Feed(ctx, etcdview.WatchOptions{Key: "/", Prefix: true}, etcdview.FeedOptions{})
	wait := func(what string, ok func(etcdview.FeedState) bool) {
		t.Helper()
		for {
			if _, s := f.Since(0); ok(s) {
				return
			}
			select {
			case <-f.Changed():
			case <-ctx.Done():
				t.Fatalf("never: %s", what)
			}
		}
	}
	wait("live", func(s etcdview.FeedState) bool { return s.Started && s.Interrupted == nil })
	r.setCut(true)
	wait("lost", func(s etcdview.FeedState) bool { return s.Interrupted != nil })
	put(t, direct, "/k", "written while cut off")
	r.setCut(false)
	wait("live again, with what was missed", func(s etcdview.FeedState) bool { return s.Interrupted == nil && s.Seen == 1 })
}
