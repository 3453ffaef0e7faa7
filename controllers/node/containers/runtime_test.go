package containers

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/podnet"
)

// program is a container of the tests: it ends when it is told to.
type program struct {
	spec Spec
	once sync.Once
	done chan struct{}
	exit Exit
	deaf bool // it does not hear SIGTERM
}

func (p *program) end(e Exit) {
	p.once.Do(func() {
		p.exit = e
		close(p.done)
	})
}

func (p *program) Done() <-chan struct{} { return p.done }
func (p *program) Exit() Exit            { return p.exit }
func (p *program) Kill()                 { p.end(Exit{Code: 137}) }
func (p *program) Usage() Usage          { return Usage{CPU: time.Second, Memory: 1 << 20} }

func (p *program) Terminate() {
	if !p.deaf {
		p.end(Exit{})
	}
}

func (p *program) Exec(ctx context.Context, e Exec) (int, error) {
	if e.Command[0] == "hang" {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	_, _ = io.WriteString(e.Stdout, strings.Join(e.Command, " "))
	return len(e.Command) - 1, nil
}

// stage is an engine of programs.
type stage struct {
	deaf    bool
	started []*program
}

func (s *stage) Start(c Spec) (Process, error) {
	if c.Image == "bad" {
		return nil, errors.New("no such program")
	}
	p := &program{spec: c, done: make(chan struct{}), deaf: s.deaf}
	s.started = append(s.started, p)
	return p, nil
}

func newRuntime(t *testing.T, e Engine) *Runtime {
	t.Helper()
	n := podnet.New()
	subnet, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Options{Name: "test", Version: "1", Dir: filepath.Join(t.TempDir(), "c"), Network: n, Subnet: subnet, Engine: e})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func sandboxOf(t *testing.T, r *Runtime, pod string) (string, *runtimeapi.PodSandboxConfig) {
	t.Helper()
	config := &runtimeapi.PodSandboxConfig{Metadata: &runtimeapi.PodSandboxMetadata{Name: pod, Namespace: "shop", Uid: pod}, LogDirectory: t.TempDir(), Labels: map[string]string{"app": pod, "io.kubernetes.pod.uid": pod}}
	id, err := r.RunPodSandbox(t.Context(), config, "")
	if err != nil {
		t.Fatal(err)
	}
	return id, config
}

func containerIn(t *testing.T, r *Runtime, sandbox string, sc *runtimeapi.PodSandboxConfig, image string) (id string, started error) {
	t.Helper()
	id, err := r.CreateContainer(t.Context(), sandbox, &runtimeapi.ContainerConfig{Metadata: &runtimeapi.ContainerMetadata{Name: "c"}, Image: &runtimeapi.ImageSpec{Image: image}, LogPath: "c/0.log"}, sc)
	if err != nil {
		t.Fatal(err)
	}
	return id, r.StartContainer(t.Context(), id)
}

func stateOf(t *testing.T, r *Runtime, id string) *runtimeapi.ContainerStatus {
	t.Helper()
	s, err := r.ContainerStatus(t.Context(), id, false)
	if err != nil {
		t.Fatal(err)
	}
	return s.Status
}

func TestLifecycle(t *testing.T) {
	e := &stage{}
	r := newRuntime(t, e)
	sandbox, sc := sandboxOf(t, r, "web")
	id, err := containerIn(t, r, sandbox, sc, "nginx")
	if err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, r, id); s.State != runtimeapi.ContainerState_CONTAINER_RUNNING || s.StartedAt == 0 {
		t.Errorf("it is %+v", s)
	}
	if p := r.PodUsage(); len(p) != 1 || p[0].Pod != "web" || p[0].Labels["app"] != "web" || len(p[0].Labels) != 1 || p[0].Containers["c"].Memory != 1<<20 {
		t.Errorf("the Pod uses %+v", p)
	}
	if err := r.StopContainer(t.Context(), id, 10); err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, r, id); s.State != runtimeapi.ContainerState_CONTAINER_EXITED || s.Reason != "Completed" || s.ExitCode != 0 {
		t.Errorf("it ended as %+v", s)
	}
	if u := r.Usage(); u.CPU != time.Second || u.Memory != 0 {
		t.Errorf("what has ended uses %+v", u)
	}
	addr, err := r.address(sandbox)
	if err != nil || !r.o.Network.IsUp(addr) {
		t.Errorf("the Pod's address: %v, %v", addr, err)
	}
	if err := r.RemovePodSandbox(t.Context(), sandbox); err != nil {
		t.Fatal(err)
	}
	if r.o.Network.IsUp(addr) {
		t.Error("the address of a Pod that is gone is still held")
	}
	if _, err := os.Stat(r.dir(id)); !os.IsNotExist(err) {
		t.Errorf("the container's directory is still there: %v", err)
	}
	if _, err := r.ContainerStatus(t.Context(), id, false); err == nil {
		t.Error("a removed container has a status")
	}
}

// Who does not hear SIGTERM is killed when the grace period is over.
func TestKilledAfterGrace(t *testing.T) {
	r := newRuntime(t, &stage{deaf: true})
	sandbox, sc := sandboxOf(t, r, "web")
	id, err := containerIn(t, r, sandbox, sc, "nginx")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.StopContainer(t.Context(), id, 1); err != nil {
		t.Fatal(err)
	}
	if s := stateOf(t, r, id); s.ExitCode != 137 || s.Reason != "Error" {
		t.Errorf("it ended as %+v", s)
	}
}

func TestStartError(t *testing.T) {
	r := newRuntime(t, &stage{})
	sandbox, sc := sandboxOf(t, r, "web")
	id, err := containerIn(t, r, sandbox, sc, "bad")
	if err == nil || !strings.Contains(err.Error(), "no such program") {
		t.Errorf("the error is %v", err)
	}
	if s := stateOf(t, r, id); s.ExitCode != 128 || s.Reason != "StartError" || !strings.Contains(s.Message, "no such program") {
		t.Errorf("it ended as %+v", s)
	}
}

func TestExecSync(t *testing.T) {
	e := &stage{}
	r := newRuntime(t, e)
	sandbox, sc := sandboxOf(t, r, "web")
	id, err := containerIn(t, r, sandbox, sc, "nginx")
	if err != nil {
		t.Fatal(err)
	}
	if out, _, err := r.ExecSync(t.Context(), id, []string{"one"}, 0); err != nil || string(out) != "one" {
		t.Errorf("%q, %v", out, err)
	}
	if _, _, err := r.ExecSync(t.Context(), id, []string{"a", "b", "c"}, 0); err == nil || !strings.Contains(err.Error(), "exited with 2") {
		t.Errorf("a command that fails: %v", err)
	}
	if _, _, err := r.ExecSync(t.Context(), id, []string{"hang"}, 10*time.Millisecond); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("a command that hangs: %v", err)
	}
	e.started[0].end(Exit{Code: 4})
	for stateOf(t, r, id).State != runtimeapi.ContainerState_CONTAINER_EXITED {
		time.Sleep(time.Millisecond)
	}
	if _, _, err := r.ExecSync(t.Context(), id, []string{"one"}, 0); err == nil || !strings.Contains(err.Error(), "is not running: it is finished with exit code 4") {
		t.Errorf("in a container that has ended: %v", err)
	}
}

func TestRefusedContainers(t *testing.T) {
	r := newRuntime(t, &stage{})
	sandbox, sc := sandboxOf(t, r, "web")
	for what, config := range map[string]*runtimeapi.ContainerConfig{
		"no metadata": {Image: &runtimeapi.ImageSpec{Image: "a"}, LogPath: "x"},
		"no log":      {Metadata: &runtimeapi.ContainerMetadata{Name: "c"}, Image: &runtimeapi.ImageSpec{Image: "a"}},
	} {
		if _, err := r.CreateContainer(t.Context(), sandbox, config, sc); err == nil {
			t.Errorf("%s: a container is made", what)
		}
	}
	if _, err := r.RunPodSandbox(t.Context(), sc, "unknown"); err == nil || !strings.Contains(err.Error(), `"unknown"`) {
		t.Errorf("an unknown handler: %v", err)
	}
}

func TestImages(t *testing.T) {
	i := NewImages(func(_ context.Context, image string) (Pulled, error) {
		if image == "broken" {
			return Pulled{}, errors.New("manifest unknown")
		}
		return Pulled{Size: 12, User: 5}, nil
	})
	ctx := t.Context()
	spec := &runtimeapi.ImageSpec{Image: "nginx"}
	if s, _ := i.ImageStatus(ctx, spec, false); s.Image != nil {
		t.Error("an image is there that nobody has pulled")
	}
	id, err := i.PullImage(ctx, spec, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nginx", "nginx:latest", "docker.io/library/nginx:latest", id} { // all of them are one
		if s, _ := i.ImageStatus(ctx, &runtimeapi.ImageSpec{Image: name}, false); s.Image == nil || s.Image.Id != id || s.Image.Uid.Value != 5 || s.Image.RepoTags[0] != "docker.io/library/nginx:latest" {
			t.Errorf("%s is %+v", name, s.Image)
		}
	}
	if _, err := i.PullImage(ctx, &runtimeapi.ImageSpec{Image: "broken"}, nil, nil); err == nil {
		t.Error("a broken image is pulled")
	}
	if err := i.RemoveImage(ctx, spec); err != nil {
		t.Fatal(err)
	}
	if all, _ := i.ListImages(ctx, nil); len(all) != 0 {
		t.Errorf("after its removal there is %v", all)
	}
}
