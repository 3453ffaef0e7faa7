// Package clustertest gives tests a real cluster: etcd, the API server, controllers, scheduler and kubelets of podarium
// itself, in a process of its own, so that the packages under test need not link Kubernetes.
//
// The podarium binary is built once (Go's build cache makes that quick where nothing changed), each cluster is ephemeral
// and has a port of its own, and nothing of the user's (kubeconfig, data directory) is read or written.
package clustertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/podarium/podarium/cluster"
)

// startLimit bounds a start, on a machine that is busy with other tests.
const startLimit = 2 * time.Minute

// Options change what Start starts.
type Options struct {
	// Nodes is how many kubelets run; 0 means 1, and a negative number none.
	Nodes int
	// Args are further arguments of podarium up.
	Args []string
	// DataDir keeps the cluster there rather than ephemeral.
	DataDir string
	// ReadOnly makes the Cluster refuse changes.
	ReadOnly bool
}

// Cluster is a running cluster and how to reach it from other processes.
type Cluster struct {
	*cluster.Cluster
	// Kubeconfig is a file for kubectl.
	Kubeconfig string
	// EtcdEndpoint is etcd's unix socket, as a client names it.
	EtcdEndpoint string
	// DataDir is the data directory.
	DataDir string
	// Process is the podarium process: a test may signal or kill it.
	Process *os.Process
	// Exited is closed when the process has ended.
	Exited <-chan struct{}
}

// Start runs a cluster until the test ends. It returns when every component is ready.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, stop, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c
}

var shared struct {
	once sync.Once
	c    *Cluster
	stop func()
	err  error
}

// Shared returns the cluster that all tests of a test binary share, with one node, and a fresh namespace. A test binary
// that calls it must call Main from its TestMain.
func Shared(t testing.TB) (c *Cluster, namespace string) {
	t.Helper()
	shared.once.Do(func() { shared.c, shared.stop, shared.err = start(Options{}) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.c, Namespace(t, shared.c)
}

// Namespace makes a namespace that is deleted when the test ends, and waits until Pods can be created in it.
func Namespace(t testing.TB, c *Cluster) string {
	t.Helper()
	ctx := t.Context()
	ns, err := c.Kubernetes().CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now; the cluster may have too.
		_ = c.Kubernetes().CoreV1().Namespaces().Delete(context.WithoutCancel(ctx), ns.Name, metav1.DeleteOptions{})
	})
	Eventually(t, "the default service account of "+ns.Name, func() bool {
		_, err := c.Kubernetes().CoreV1().ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	return ns.Name
}

// Main runs the tests of a package and stops the shared cluster: func TestMain(m *testing.M) { clustertest.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// patience is how long Eventually waits: on a machine that is busy with other tests everything takes its time, and only
// a failure waits this long.
const patience = 3 * time.Minute

// Eventually waits until done returns true, and fails the test where it does not within three minutes.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond) // a poll, not a delay: done decides
	}
}

// Kubectl runs the kubectl that is built into podarium and returns what it prints.
func (c *Cluster) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.TryKubectl(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TryKubectl is Kubectl where a failure is part of the test; the error holds what was printed on standard error.
func (c *Cluster) TryKubectl(t testing.TB, args ...string) (string, error) {
	t.Helper()
	bin, err := Binary()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"--data-dir", c.DataDir, "kubectl"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// Binary builds podarium and returns its path. PODARIUM_BINARY names one that is built already.
var Binary = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("PODARIUM_BINARY"); bin != "" {
		return bin, nil
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/podarium/podarium").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	bin := filepath.Join(strings.TrimSpace(string(root)), "bin", "podarium-test")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/podarium")
	cmd.Dir = strings.TrimSpace(string(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building podarium: %w\n%s", err, out)
	}
	return bin, nil
})

func start(o Options) (_ *Cluster, stop func(), err error) {
	bin, err := Binary()
	if err != nil {
		return nil, nil, err
	}
	nodes := max(o.Nodes, 0)
	if o.Nodes == 0 {
		nodes = 1
	}
	args := []string{"up", "--nodes", strconv.Itoa(nodes), "--output", "json"}
	args = append(args, o.Args...)
	if o.DataDir != "" {
		args = append(args, "--data-dir", o.DataDir)
	} else {
		args = append(args, "--ephemeral")
	}
	cmd := exec.Command(bin, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := make(chan []byte, 1)
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		r := bufio.NewReader(stdout)
		line, _ := r.ReadBytes('\n') // an early end shows as a line that is not JSON
		lines <- line
		_, _ = r.WriteTo(&bytes.Buffer{}) // nothing else is of interest, but the pipe must not fill
		_ = cmd.Wait()                    // the exit code of a cluster that a test kills says nothing
	}()
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended already
		<-exited
	}
	var info struct {
		DataDir    string `json:"dataDir"`
		Kubeconfig string `json:"kubeconfig"`
		EtcdSocket string `json:"etcdSocket"`
	}
	select {
	case line := <-lines:
		if err := json.Unmarshal(line, &info); err != nil {
			stop()
			return nil, nil, fmt.Errorf("podarium up: %s%s", line, stderr.String())
		}
	case <-time.After(startLimit):
		_ = cmd.Process.Kill()
		return nil, nil, fmt.Errorf("podarium up was not ready within %s: %s", startLimit, stderr.String())
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	config, err := clientcmd.BuildConfigFromFlags("", info.Kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	endpoint := "unix://" + info.EtcdSocket
	etcd, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		return nil, nil, err
	}
	c, err := cluster.New(cluster.Options{Name: "test", Config: config, Etcd: etcd, Disposable: true, ReadOnly: o.ReadOnly, Nodes: machines{bin, info.DataDir}})
	if err != nil {
		return nil, nil, err
	}
	halt := stop
	return &Cluster{
			Cluster: c, Kubeconfig: info.Kubeconfig, EtcdEndpoint: endpoint, DataDir: info.DataDir, Process: cmd.Process, Exited: exited,
		}, func() {
			_ = etcd.Close() // its server is about to end
			halt()
		}, nil
}
