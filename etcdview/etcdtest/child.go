package etcdtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// childEnv marks the process that Elsewhere starts.
const childEnv = "PODARIUM_TEST_ETCD"

// Elsewhere runs an etcd in a process of its own until the test ends, so that what it needs of memory and time is not
// counted as the caller's. The process is this test binary again, running the test that calls Child: give its name.
func Elsewhere(tb testing.TB, childTest string) *clientv3.Client {
	tb.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+childTest+"$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		in.Close() // its leave to end
		if err := cmd.Wait(); err != nil {
			tb.Errorf("the etcd in another process: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		endpoint, ok := strings.CutPrefix(lines.Text(), childEnv+" ")
		if !ok {
			continue
		}
		go io.Copy(io.Discard, out) // what the testing package says at the end
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { c.Close() })
		return c
	}
	tb.Fatalf("the etcd in another process did not start: %v", lines.Err())
	return nil
}

// Child serves an etcd for Elsewhere, after fill has written what it is to hold, until the parent is done with it. In
// any other process the test is skipped.
func Child(t *testing.T, fill func(*clientv3.Client)) {
	t.Helper()
	if os.Getenv(childEnv) == "" {
		t.Skip("the etcd of benchmarks, which start it themselves")
	}
	s := Start(t, func(cfg *embed.Config) { cfg.QuotaBackendBytes = 8 << 30 })
	c := s.Client(t)
	fill(c)
	fmt.Printf("\n%s %s\n", childEnv, s.Endpoint)
	_, _ = io.Copy(io.Discard, os.Stdin) // its end is the parent's, however that comes about
}
