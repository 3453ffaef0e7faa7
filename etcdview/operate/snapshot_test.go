package operate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/etcdtest"
	"github.com/podarium/podarium/etcdview/operate"
)

// behind is a client whose connection lets so many bytes of answers through and then does as it is told: break, or hang
// until the test ends.
func behind(t *testing.T, s *etcdtest.Server, most int64, hang bool) *clientv3.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "proxy") // the paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, server, _ := strings.Cut(s.Endpoint, "://")
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", server)
			if err != nil {
				in.Close()
				return
			}
			go func() { _, _ = io.Copy(out, in) }()
			go func() {
				_, _ = io.Copy(in, io.LimitReader(out, most))
				if hang {
					<-t.Context().Done()
				}
				in.Close()
				out.Close()
			}()
		}
	}()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + l.Addr().String()}, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestSnapshotBreaksOff lets the connection break, hang and be given up in the middle of a snapshot: the error says
// which, and no part of a file is left.
func TestSnapshotBreaksOff(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client(t)
	value := bytes.Repeat([]byte("x"), 100_000)
	for i := range 40 {
		if _, err := c.Put(t.Context(), fmt.Sprint("/k/", i), string(value)); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		hang   bool
		cancel bool
		want   string
	}{
		"broken":   {want: "the connection to etcd was lost"},
		"hanging":  {hang: true, want: "no more of it came for 200ms"},
		"given up": {hang: true, cancel: true, want: "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := operate.SnapshotOptions{Stall: 200 * time.Millisecond}
			if tc.cancel {
				o = operate.SnapshotOptions{Stall: time.Minute, Progress: func(int64) { cancel() }}
			}
			n, err := operate.SaveSnapshot(ctx, etcdview.New(behind(t, s, 1_000_000, tc.hang)), filepath.Join(dir, "s.db"), o)
			if err == nil || n != 0 || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%d bytes, %v; want %q", n, err, tc.want)
			}
			if tc.want == "no more" && !errors.Is(err, operate.ErrStalled) {
				t.Error(err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "s.db")
	if _, err := operate.SaveSnapshot(t.Context(), etcdview.New(c), file, operate.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := operate.SaveSnapshot(t.Context(), etcdview.New(c), file, operate.SnapshotOptions{}); !errors.Is(err, operate.ErrRefused) || !strings.Contains(err.Error(), "exists") {
		t.Errorf("an older snapshot is written over: %v", err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
}
