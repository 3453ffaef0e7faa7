//go:build unix

package process

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func start(t *testing.T, spec containers.Spec) (*podnet.Network, *process, *output, error) {
	t.Helper()
	n := podnet.New()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	if spec.IP, err = s.Allocate(); err != nil {
		t.Fatal(err)
	}
	e, err := New(n)
	if err != nil {
		t.Fatal(err)
	}
	out := &output{}
	spec.Dir, spec.Stdout, spec.Stderr = t.TempDir(), out, out
	p, err := e.Start(spec)
	if err != nil {
		return n, nil, out, err
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Done()
	})
	return n, p.(*process), out, nil
}

func TestCommandEnds(t *testing.T) {
	_, p, out, err := start(t, containers.Spec{Image: "any", Command: []string{"sh", "-c", "echo $GREETING; exit 3"}, Env: []string{"GREETING=hi"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if p.Exit().Code != 3 || out.String() != "hi\n" {
		t.Errorf("exit code %d and %q", p.Exit().Code, out)
	}
}

// The whole group ends, also what the program has started.
func TestKillEndsTheGroup(t *testing.T) {
	_, p, out, err := start(t, containers.Spec{Image: "any", Command: []string{"sh", "-c", "sleep 1000 & echo $!; wait"}})
	if err != nil {
		t.Fatal(err)
	}
	for out.String() == "" {
		time.Sleep(time.Millisecond)
	}
	p.Kill()
	<-p.Done()
	if p.Exit().Code != 137 {
		t.Errorf("exit code %d, want 137", p.Exit().Code)
	}
	child := filepath.Join("/proc", strings.TrimSpace(out.String()), "stat")
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		b, err := os.ReadFile(child)
		if err != nil || strings.Contains(string(b), ") Z ") {
			return // gone, or dead and not yet waited for by the system
		}
		if time.Now().After(deadline) {
			t.Fatalf("what it has started runs on: %s", b)
		}
	}
}

func TestRedis(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
	n, p, out, err := start(t, containers.Spec{Image: "redis:7", Ports: []corev1.ContainerPort{{ContainerPort: 6379}}})
	if err != nil {
		t.Fatal(err)
	}
	var answer string
	for deadline := time.Now().Add(20 * time.Second); answer != "+PONG\r\n"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("redis-server answers %q:\n%s", answer, out)
		}
		c, err := n.DialContext(context.Background(), "tcp", p.spec.IP.String()+":6379")
		if err != nil {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(time.Second))
		fmt.Fprint(c, "PING\r\n")
		answer, _ = bufio.NewReader(c).ReadString('\n')
		_ = c.Close()
	}
	p.Terminate()
	<-p.Done()
}

func TestUnknownProgramsAndImages(t *testing.T) {
	if _, _, _, err := start(t, containers.Spec{Image: "any", Command: []string{"no-such-program"}}); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("a program that is not there: %v", err)
	}
	if _, _, _, err := start(t, containers.Spec{Image: "unknown"}); err == nil || !strings.Contains(err.Error(), "unknown") {
		t.Errorf("an image that is not known: %v", err)
	}
}
