//go:build unix

package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

// The test binary is also a program that containers run, and a podarium that is killed: TestMain looks for ROLE.
func TestMain(m *testing.M) {
	switch os.Getenv("ROLE") {
	case "echo": // answers datagrams
		c, err := net.ListenPacket("udp", "127.0.0.1:"+os.Getenv("PORT_53_UDP"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		buf := make([]byte, 100)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				os.Exit(1)
			}
			_, _ = c.WriteTo(buf[:n], from)
		}
	case "eater": // takes memory
		b := make([]byte, 200<<20)
		for i := range b {
			b[i] = 1
		}
		time.Sleep(time.Hour)
		fmt.Println(b[0])
	case "parent": // runs a container until it is killed
		e, err := New(podnet.New(), "127.0.0.1:6443")
		if err != nil {
			os.Exit(1)
		}
		dir, err := os.MkdirTemp("", "podarium-test-")
		if err != nil {
			os.Exit(1)
		}
		fmt.Println(dir)
		_, err = e.Start(containers.Spec{Image: "any", Dir: dir, Command: []string{"sh", "-c", "trap '' TERM; sleep 1000 & echo $! $$; wait"}, Stdout: os.Stdout, Stderr: os.Stderr})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		select {}
	}
	os.Exit(m.Run())
}

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
	e, err := New(n, "127.0.0.1:6443")
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
	awaitOutput(t, p, out, "\n")
	p.Kill()
	<-p.Done()
	if p.Exit().Code != 137 {
		t.Errorf("exit code %d, want 137", p.Exit().Code)
	}
	awaitGone(t, strings.TrimSpace(out.String()))
}

// awaitGone waits until a process has ended.
func awaitGone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		b, _ := os.ReadFile(filepath.Join("/proc", pid, "stat"))                        // where there is no /proc the signal tells
		if syscall.Kill(n, 0) == syscall.ESRCH || strings.Contains(string(b), ") Z ") { // gone, or dead and not yet waited for
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s runs on: %s", pid, b)
		}
	}
}

// Whatever kills podarium, its containers do not outlive it.
func TestNothingOutlivesAKill(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ROLE=parent")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(pipe)
	dir, _ := lines.ReadString('\n')
	t.Cleanup(func() { _ = os.RemoveAll(strings.TrimSpace(dir)) })
	pids, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for pid := range strings.FieldsSeq(pids) {
		awaitGone(t, pid)
	}
}

func TestUDP(t *testing.T) {
	n, p, out, err := start(t, containers.Spec{
		Image: "any", Command: []string{os.Args[0]}, Env: []string{"ROLE=echo"},
		Ports: []corev1.ContainerPort{{ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {ContainerPort: 53}},
	})
	if err != nil {
		t.Fatal(err)
	}
	awaitOutput(t, p, out, "ready")
	for _, word := range []string{"one", "two"} { // two clients
		c, err := n.DialContext(t.Context(), "udp", p.spec.IP.String()+":53")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, word)
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		buf := make([]byte, 100)
		if k, err := c.Read(buf); err != nil || string(buf[:k]) != word {
			t.Errorf("%q, %v", buf[:k], err)
		}
	}
}

// awaitOutput waits until the container has said something.
func awaitOutput(t *testing.T, p *process, out *output, want string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(out.String(), want); time.Sleep(time.Millisecond) {
		select {
		case <-p.Done():
			t.Fatalf("it ended with %+v: %s", p.Exit(), out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not say %q: %s", want, out)
		}
	}
}

// The kernel refuses what is far above a memory limit.
func TestDataLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux limits another process")
	}
	_, p, _, err := start(t, containers.Spec{Image: "any", Command: []string{"sleep", "100"}, MemoryLimit: 100 << 20})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Max data size"); ok && strings.Fields(rest)[0] != strconv.Itoa(1<<30+100<<20) {
			t.Errorf("the limit is %s", rest)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is watched on Linux only")
	}
	_, p, _, err := start(t, containers.Spec{Image: "any", Command: []string{os.Args[0]}, Env: []string{"ROLE=eater"}, MemoryLimit: 100 << 20})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Fatalf("it takes %d MiB and lives", p.Usage().Memory>>20)
	}
	if e := p.Exit(); e.Code != 137 || e.Reason != "OOMKilled" || !strings.Contains(e.Message, "100 MiB") {
		t.Errorf("it ended with %+v", e)
	}
}

func TestEnvironmentDirectoryAndVolumes(t *testing.T) {
	volume := t.TempDir()
	_, p, out, err := start(t, containers.Spec{
		Image: "any", Command: []string{"sh", "-c", "pwd; echo $A $HOSTNAME; echo kept > $ROOT/data/file; cat $ROOT/data/sub/x"}, Hostname: "pod-7",
		WorkingDir: "/data/sub", Env: []string{"A=b"}, Mounts: []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: volume}},
	})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if want := filepath.Join(volume, "sub") + "\nb pod-7\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("it says %q, want %q", out, want)
	}
	if b, err := os.ReadFile(filepath.Join(volume, "file")); err != nil || string(b) != "kept\n" {
		t.Errorf("the volume holds %q, %v", b, err)
	}
}

func TestExec(t *testing.T) {
	_, p, out, err := start(t, containers.Spec{Image: "any", Command: []string{"sh", "-c", "echo up; sleep 1000"}, Env: []string{"A=b"}})
	if err != nil {
		t.Fatal(err)
	}
	awaitOutput(t, p, out, "up")
	var said strings.Builder
	code, err := p.Exec(t.Context(), containers.Exec{Command: []string{"sh", "-c", "echo $A; exit 4"}, Stdout: &said})
	if err != nil || code != 4 || said.String() != "b\n" {
		t.Errorf("%d, %v, %q", code, err, said.String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Exec(ctx, containers.Exec{Command: []string{"sleep", "1000"}}); err == nil && ctx.Err() == nil {
		t.Error("a command outlives its time limit")
	}
}

func TestCatalogue(t *testing.T) {
	e, err := New(podnet.New(), "", Image{Match: "mine:*", Command: []string{"sh", "-c", "echo {ordinal}; echo {path /a/b}"}})
	if err != nil {
		t.Fatal(err)
	}
	if c := e.find("mine:1").Command; len(c) != 3 {
		t.Errorf("an image of one's own runs %q", c)
	}
	if c := e.find("docker.io/library/redis:7").Command; len(c) == 0 || c[0] != "redis-server" {
		t.Errorf("redis runs %q", c)
	}
	for _, i := range []Image{{}, {Match: "a"}, {Match: "a", Command: []string{"b"}, Ports: []int32{70000}}} {
		if i.Validate() == nil {
			t.Errorf("%+v counts as right", i)
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
	for deadline := time.Now().Add(time.Minute); answer != "+PONG\r\n"; time.Sleep(10 * time.Millisecond) {
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

// ZooKeeper of Debian's package, and data that outlives the container.
func TestZookeeper(t *testing.T) {
	if _, err := os.Stat("/usr/share/java/zookeeper.jar"); err != nil {
		t.Skip("zookeeper is not installed")
	}
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("java is not installed")
	}
	data := t.TempDir()
	spec := containers.Spec{Image: "zookeeper:3.9", Hostname: "zookeeper-2", Mounts: []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: data}}}
	n, p, out, err := start(t, spec)
	if err != nil {
		t.Fatal(err)
	}
	var answer []byte
	for deadline := time.Now().Add(3 * time.Minute); string(answer) != "imok"; time.Sleep(50 * time.Millisecond) {
		select {
		case <-p.Done():
			t.Fatalf("it ended with %+v:\n%s", p.Exit(), out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("zookeeper answers %q:\n%s", answer, out)
		}
		c, err := n.DialContext(t.Context(), "tcp", p.spec.IP.String()+":2181")
		if err != nil {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprint(c, "ruok")
		answer, _ = io.ReadAll(c)
		_ = c.Close()
	}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if files, _ := os.ReadDir(filepath.Join(data, "version-2")); len(files) > 0 {
			break // its first snapshot, which it writes after it has begun to answer
		}
		if time.Now().After(deadline) {
			t.Fatalf("it keeps nothing in its volume:\n%s", out)
		}
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

func TestExecOnATerminal(t *testing.T) {
	_, p, out, err := start(t, containers.Spec{Image: "any", Command: []string{"sh", "-c", "echo up; sleep 1000"}})
	if err != nil {
		t.Fatal(err)
	}
	awaitOutput(t, p, out, "up")
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	resize := make(chan containers.Size, 1)
	said := &output{}
	ended := make(chan int, 1)
	go func() {
		code, err := p.Exec(t.Context(), containers.Exec{Command: []string{"sh"}, Stdin: in, Stdout: said, TTY: true, Resize: resize})
		if err != nil {
			t.Error(err)
		}
		ended <- code
	}()
	resize <- containers.Size{Width: 91, Height: 37}
	if _, err := io.WriteString(keyboard, "while [ \"$(stty size)\" != '37 91' ]; do :; done; test -t 0 && echo a-$((1+1)); sleep 1000\r"); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); !strings.Contains(said.String(), "a-2"); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("the terminal has %q", said.String())
		}
	}
	if _, err := io.WriteString(keyboard, "\x03exit 6\r"); err != nil { // ctrl-c ends the command, not the shell
		t.Fatal(err)
	}
	if code := <-ended; code != 6 {
		t.Errorf("code %d; the terminal has %q", code, said.String())
	}
}

func TestProgramsFindTheAPIServer(t *testing.T) {
	account := t.TempDir()
	_, p, out, err := start(t, containers.Spec{
		Image: "any", Namespace: "prod", Command: []string{"sh", "-c", "echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT; cat $KUBECONFIG"},
		Env:    []string{"KUBERNETES_SERVICE_HOST=10.96.0.1", "KUBERNETES_SERVICE_PORT=443"}, // as a kubelet has it, on the virtual network
		Mounts: []*runtimeapi.Mount{{ContainerPath: serviceAccount, HostPath: account, Readonly: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	for _, want := range []string{"127.0.0.1:6443\n", "server: https://127.0.0.1:6443", "tokenFile: " + filepath.Join(account, "token"), "namespace: prod"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
}
