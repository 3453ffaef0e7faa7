package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// podarium runs the program with nothing of the user's in its environment and returns what it prints and its exit code.
func podarium(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "KUBECONFIG="+filepath.Join(home, "config"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func wantFailure(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	stdout, stderr, got := podarium(t, args...)
	if got != code {
		t.Errorf("podarium %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	for _, w := range words {
		if !strings.Contains(stderr, w) {
			t.Errorf("podarium %s says %q, which lacks %q", strings.Join(args, " "), stderr, w)
		}
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	wantFailure(t, exitFailure, []string{port, "in use", "--api-port"}, "up", "--ephemeral", "--api-port", port)
}

func TestDataDirectoryNotWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, exitFailure, []string{file, "--data-dir"}, "up", "--data-dir", filepath.Join(file, "data"))
}

func TestCommandLineErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  int
		words []string
		args  []string
	}{
		{"unknown flag", exitUsage, []string{"--nodez", "--help"}, []string{"up", "--nodez", "3"}},
		{"too many nodes", exitUsage, []string{"--nodes", "100"}, []string{"up", "--ephemeral", "--nodes", "1000"}},
		{"two places", exitUsage, []string{"--ephemeral", "--data-dir"}, []string{"up", "--ephemeral", "--data-dir", t.TempDir()}},
		{"unknown theme", exitUsage, []string{"--theme", "podarium-dark"}, []string{"--theme", "none"}},
		{"no terminal", exitUsage, []string{"terminal", "podarium up"}, nil},
		{"nothing runs: status", exitNone, []string{"no cluster runs", "podarium up"}, []string{"status"}},
		{"nothing runs: kubeconfig", exitNone, []string{"no cluster runs"}, []string{"kubeconfig"}},
		{"nothing runs: kubectl", exitNone, []string{"no cluster runs"}, []string{"kubectl", "get", "pods"}},
		{"nothing runs: kubectl on a directory of its own", exitNone, []string{"/nowhere/at/all: no cluster runs", "podarium --data-dir /nowhere/at/all up"}, []string{"kubectl", "--data-dir", "/nowhere/at/all", "get", "pods"}},
		{"kubectl with half a flag", exitUsage, []string{"--data-dir"}, []string{"kubectl", "--data-dir"}},
		{"nothing runs: down", exitNone, []string{"no cluster runs"}, []string{"down"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantFailure(t, c.code, c.words, c.args...) })
	}
}

func TestSecondStartOnTheSameDirectory(t *testing.T) {
	c, _ := clustertest.Shared(t)
	wantFailure(t, exitFailure, []string{c.DataDir, "already runs", "--data-dir " + c.DataDir + " down"}, "up", "--data-dir", c.DataDir)
	stdout, stderr, code := podarium(t, "status", "--data-dir", c.DataDir, "--output", "json")
	if code != exitOK || !strings.Contains(stdout, `"kube-scheduler"`) || !strings.Contains(stdout, `"runtimes"`) {
		t.Errorf("status after the refused start: exit code %d\n%s%s", code, stdout, stderr)
	}
	if stdout, _, _ := podarium(t, "status", "--data-dir", c.DataDir); !strings.Contains(stdout, "RUNTIME standin on node-1\n  code in this process") {
		t.Errorf("status does not say what containers are:\n%s", stdout)
	}
}

func TestVersionIsKubernetesOwnEverywhere(t *testing.T) {
	c, _ := clustertest.Shared(t)
	v, err := c.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if v.GitVersion != "v1.37.2" || v.Major != "1" || v.Minor != "37" {
		t.Errorf("the API server calls itself %s (%s.%s)", v.GitVersion, v.Major, v.Minor)
	}
	if out := c.Kubectl(t, "version"); strings.Count(out, "v1.37.2") != 2 {
		t.Errorf("kubectl version prints %q", out)
	}
	nodes, err := c.Kubernetes().CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes.Items {
		if got := n.Status.NodeInfo.KubeletVersion; got != "v1.37.2" {
			t.Errorf("the kubelet of %s calls itself %s", n.Name, got)
		}
	}
	if len(nodes.Items) == 0 {
		t.Error("no nodes")
	}
}

func TestKubeconfigMergeKeepsWhatIsThere(t *testing.T) {
	c, _ := clustertest.Shared(t)
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config")
	const own = "apiVersion: v1\nkind: Config\nclusters: [{name: mine, cluster: {server: 'https://example.invalid'}}]\n" +
		"users: [{name: me, user: {token: t}}]\ncontexts: [{name: mine, context: {cluster: mine, user: me}}]\ncurrent-context: mine\n"
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "kubeconfig", "--data-dir", c.DataDir, "--merge", "--context", "glass")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	merged, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"name: mine", "name: glass", "current-context: mine"} {
		if !strings.Contains(string(merged), w) {
			t.Errorf("the merged kubeconfig lacks %q", w)
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the merged kubeconfig has mode %v", info.Mode().Perm())
	}
}

func TestPrivateFiles(t *testing.T) {
	c, _ := clustertest.Shared(t)
	err := filepath.WalkDir(c.DataDir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) { // kubelets come and go in their own directories
			return nil
		}
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(c.DataDir, path)
		if within(rel, "nodes") && rel != "nodes" { // a container's files have the modes that its Pod asks for
			return filepath.SkipDir
		}
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if info.Mode()&os.ModeSocket == 0 && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", rel, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStateSurvivesKillAndRestart(t *testing.T) {
	dir := t.TempDir()
	c := clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The kill comes in the middle of writes: after the 40th that was acknowledged.
	acknowledged := make(chan string, 10000)
	go func() {
		defer close(acknowledged)
		for i := 0; ; i++ {
			name := fmt.Sprintf("kept-%d", i)
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
			if _, err := c.Kubernetes().CoreV1().ConfigMaps("default").Create(ctx, cm, metav1.CreateOptions{}); err != nil {
				return
			}
			acknowledged <- name
		}
	}()
	var names []string
	for name := range acknowledged {
		if names = append(names, name); len(names) == 40 {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(names) < 40 {
		t.Fatalf("only %d writes were acknowledged before an error", len(names))
	}
	<-c.Exited
	c = clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
	list, err := c.Kubernetes().CoreV1().ConfigMaps("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, cm := range list.Items {
		have[cm.Name] = true
	}
	for _, n := range names {
		if !have[n] {
			t.Errorf("%s was acknowledged and is gone", n)
		}
	}
}

func TestNodesOfAnEarlierRunGetReadyAgain(t *testing.T) {
	dir := t.TempDir()
	c := clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: 1})
	clustertest.Eventually(t, "the Service kube-dns", func() bool {
		_, err := c.Kubernetes().CoreV1().Services(metav1.NamespaceSystem).Get(t.Context(), "kube-dns", metav1.GetOptions{})
		return err == nil
	})
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.Exited
	c = clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: 1}) // waits until it is ready, and fails where it never is

	// What the first run has published is found again, rather than tried for ever (which took two refused requests a second).
	var metrics string
	clustertest.Eventually(t, "the Service kube-dns to be looked for", func() bool {
		metrics = c.Kubectl(t, "get", "--raw", "/metrics")
		return requests(metrics, `resource="services"`, `verb="GET"`, `code="200"`)
	})
	if requests(metrics, `resource="services"`, `verb="POST"`, `code="422"`) {
		t.Error("the Service kube-dns of the run before is created again")
	}
}

// requests tells whether the API server's metrics count requests with all these labels.
func requests(metrics string, labels ...string) bool {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "apiserver_request_total{") && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(line, l) }) {
			return true
		}
	}
	return false
}

func TestTerminationStopsWithinFiveSeconds(t *testing.T) {
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), bin, "up", "--data-dir", dir, "--nodes", "2", "--output", "json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // ready
		t.Fatal(err)
	}
	// A watch that is open must not hold it up.
	watch := exec.CommandContext(t.Context(), bin, "--data-dir", dir, "kubectl", "get", "pods", "-A", "-w")
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watch.Wait() }()
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 1)) // the pipe ends with the process
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, stderr.String())
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	if _, err := os.Stat(filepath.Join(dir, "run.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run.json is left behind: %v", err)
	}
}

func TestDamagedEtcdData(t *testing.T) {
	dir := t.TempDir()
	c := clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-c.Exited
	db := filepath.Join(dir, "etcd", "member", "snap", "db")
	whole, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	for i := range 16384 {
		damaged[i] = 0xa5
	}
	if err := os.WriteFile(db, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, exitFailure, []string{"etcd cannot use", filepath.Join(dir, "etcd"), "Nothing was changed"}, "up", "--data-dir", dir, "--nodes", "0")
	left, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(left, damaged) {
		t.Error("the damaged file was changed")
	}
}
