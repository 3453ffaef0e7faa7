package standin

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/podnet"
)

func newEngine(t *testing.T) (*Engine, *podnet.Subnet) {
	t.Helper()
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	n := podnet.New()
	s, err := n.Subnet("node-1")
	if err != nil {
		t.Fatal(err)
	}
	return New(n, "node-1", c), s
}

// start runs a container and gives its output when it is asked for.
func start(t *testing.T, e *Engine, s *podnet.Subnet, spec containers.Spec) (containers.Process, *syncBuffer) {
	t.Helper()
	ip, err := s.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	out := &syncBuffer{}
	spec.ID = cmp.Or(spec.ID, "id")
	spec.Pod, spec.Namespace, spec.Hostname, spec.IP, spec.Dir = "pod", "default", "pod", ip, t.TempDir()
	spec.Stdout, spec.Stderr = out, out
	p, err := e.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Done()
	})
	return p, out
}

func TestCommands(t *testing.T) {
	e, subnet := newEngine(t)
	for _, c := range []struct {
		name, script, want string
		code               int
	}{
		{"exit code", "echo hi; exit 3", "hi\n", 3},
		{"export", "export A=1; B=2; export B; readonly C=3; sh -c 'echo $A $B'", "1 2\n", 0},
		{"not found", "no-such-tool", "sh: no-such-tool: not found\n", 127},
		{"files", "mkdir -p /a/b && echo x > /a/b/c && cat /a/b/c && ls /a", "x\nb\n", 0},
		{"confined", "cat /etc/shadow", "cat: /etc/shadow: no such file or directory\n", 1},
		{"outside by dots", "cat ../../../../../../etc/shadow", "cat: ../../../../../../etc/shadow: no such file or directory\n", 1},
		{"pipes", "printf 'b\\na\\nb\\n' | sort | uniq | wc -l", "2\n", 0},
		{"loop", "for i in $(seq 3); do echo $i; done", "1\n2\n3\n", 0},
		{"sed and grep", "echo hello | sed s/l/L/g | grep -c L", "1\n", 0},
		{"sed scripts", `printf 'a=1\nb=2\nc=3\n' | sed -e '1d;$a end' -e 's/\(.\)=\([0-9]\)/\2\1/'`, "2b\n3c\nend\n", 0},
		{"sed addresses", `seq 6 | sed -n '2,3p;/5/p;$!{' || seq 6 | sed -n '2,3p;/5/p;6=' | tr '\n' ' '`, "sed: the command '{' is not to be had: there are s, y, p, d, q, =, a, i and c\n2 3 5 6 ", 0},
		{"sed extended", `echo 'k: v/w v' | sed -E 's|(k): |\1=|; s/v/x/2; s,/,\n,'`, "k=v\nw x\n", 0},
		{"sed in place", `echo "listen PORT;" > /tmp/f; sed -i "s/PORT/8080/g" /tmp/f; cat /tmp/f`, "listen 8080;\n", 0},
		{"cut", "echo a,b,c,d | cut -d, -f2,4-; echo abcdef | cut -c2-3; echo none | cut -d: -f2", "b,d\nbc\nnone\n", 0},
		{"cut without a list", "echo a | cut -d:", "cut: \"\" is no list of fields: give for example -f 1,3-5\n", 1},
		{"tr", "echo 'a  b' | tr -s ' '; echo x1y2 | tr -cd '0-9'; echo; echo ab | tr a-z A-Z", "a b\n12\nAB\n", 0},
		{"uniq", "printf 'b\nb\na\n' > f; uniq -c f; uniq -d f; uniq -u f", "      2 b\n      1 a\nb\na\n", 0},
		{"paste", "seq 3 > a; printf 'x\ny\n' > b; paste -d, a b; seq 3 | paste -s -d+; seq 4 | paste - -", "1,x\n2,y\n3,\n1+2+3\n1\t2\n3\t4\n", 0},
		{"od", `printf 'hi\t\001\n' | od -c; printf AB | od -An -t x1`, "0000000   h   i  \\t 001  \\n\n0000005\n 41 42\n", 0},
		{"hexdump", "head -c 48 /dev/zero | hexdump -C; echo hello | hexdump -C", "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000030\n" +
			"00000000  68 65 6c 6c 6f 0a                                 |hello.|\n00000006\n", 0},
		{"diff", "seq 3 > a; seq 2 4 > b; diff a a && diff -u a b", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n-1\n 2\n 3\n+4\n", 1},
		{"awk", `printf 'a:1\nb:2\n' | awk -F: -v n=10 '{s+=$2; print n, $1} END {print s, ENVIRON["GREETING"]}'`, "10 a\n10 b\n3 hello\n", 0},
		{"awk of files", "seq 3 > a; awk 'NR>1 {exit 4} {print}' a", "1\n", 4},
		{"awk confined", `awk 'BEGIN {system("id")}'`, "awk: can't call system() due to NoExec\n", 2},
		{"awk that reads the host", `awk 'BEGIN {while ((getline line < "/etc/passwd") > 0) print line}'`, "awk: can't read from file due to NoFileReads\n", 2},
		{"awk with several files", "awk 'FNR==NR' a b", "awk: FNR and FILENAME are not to be had with several files\n", 2},
		{"process number", "echo $$ ${$}; kill -0 $$; echo on; trap 'echo bye; exit 0' TERM; kill -TERM $$; sleep 100", "1 1\non\nbye\n", 0},
		{"process number in eval and traps", "trap 'echo exit $$' EXIT; eval 'echo $$; echo \"[$$]\"'; sh -c 'test $$ -gt 1 && eval \"test $$ -gt 1\" && echo other'", "1\n[1]\nother\nexit 1\n", 0},
		{"another shell", "sh -c 'test $$ != 1 && echo other; kill $$; sleep 100; echo never'; echo $?; kill 99", "other\n143\nkill: can't kill pid 99: No such process\n", 1},
		{"kill 1", "kill 1; sleep 100", "", 143},
		{"descriptors", "exec 3>out 4>&1; echo a >&3; (echo b >&3); sh -c 'echo c' >&3; exec 3>&-; cat out; echo d >&4; exec 3>>out; echo e >&3; tail -n1 out; echo x >&5", "a\nb\nc\nd\ne\nsh: 5: bad file descriptor\n", 1},
		{"descriptors to read", "seq 5 > f; exec 3<f; read a <&3; read -u 3 b; echo $a $b; while read c <&3; do echo -n $c; done; echo; exec 3<&-; read d <&3; echo $?", "1 2\n345\nsh: 3: bad file descriptor\n1\n", 0},
		{"descriptors of a loop", "seq 2 > f; while read a <&4; do read b; echo $a$b; done 4<f <<E\nx\ny\nE", "1x\n2y\n", 0},
		{"descriptors kept and given back", "exec 3>&1 1>log 2>&1; echo quiet; ls nothing; exec 1>&3 3>&-; echo loud; cat log; exec 5<>log; read a <&5; echo $a; { echo out; echo err >&2; } 3>&1 1>&2 2>&3 | sed s/^/-/", "loud\nquiet\nls: nothing: no such file or directory\nquiet\n-err\n", 0},
		{"jobs", "sleep 1000 & kill -0 $! && kill $!; wait $!; echo $?; (exit 3) & wait $!; echo $?; kill $! 2>/dev/null || echo gone; (while true; do sleep 1000; done) & a=$!; sleep 1000 & kill $a %4; kill %9; wait; echo end", "143\n3\ngone\nkill: can't kill pid %9: No such process\nend\n", 0},
		{"nc that listens", "(echo hi | nc -l -p 8000) & until nc -z localhost 8000; do sleep 0.01; done; true", "", 0},
		{"nc that runs a command", "nc -lk -p 8000 -e sh -c 'read a; echo got $a' & until echo one | nc -w 1 localhost 8000 2>/dev/null; do sleep 0.01; done; echo two | nc -w 1 localhost 8000; kill $!; nc -l -p x", "got one\ngot two\nnc: -l needs a port: nc -l -p 8080\n", 1},
		{"what is below /proc", "tr '\\0' ' ' < /proc/1/cmdline | cut -c1-5; cat /sys/fs/cgroup/memory.max; grep -c processor /proc/cpuinfo >/dev/null && grep /config /proc/mounts; echo x > /proc/uptime 2>/dev/null; umask; umask 077; ulimit -n 100", "sh -c\nmax\nvolume /config volume ro 0 0\n0022\n", 0},
		{"flags of echo", "echo -en 'a\\tb'; echo -ne '\\n'; echo -n; echo -x -e; A=1; export A; printenv A GREETING NONE", "a\tb\n-x -e\n1\nhello\n", 1},
		{"directories of every image", "echo x > /usr/share/message && cat /usr/share/message", "x\n", 0},
		{"a password", "tr -dc '[:alnum:]' < /dev/urandom | head -c 20 | wc -c; echo a1-b | tr -cd '[:alpha:]'; timeout 5 echo on time", "20\nabon time\n", 0},
		{"dd and truncate", "dd if=/dev/zero of=z bs=1k count=3 2>&1; truncate -s 5 z; wc -c < z; nohup setsid echo on; dd bs=x", "3+0 records in\n3+0 records out\n3072 bytes copied\n5\non\ndd: invalid number \"x\"\n", 1},
		{"tar", "mkdir d && echo x > d/f && tar -C d -czf a.tgz . && tar tzf a.tgz; mkdir e; tar -xzf a.tgz -C e; cat e/f; tar cf - d | tar xf - -C e; ls e/d", "./\nf\nx\nf\n", 0},
		{"mktemp", "a=$(mktemp /tmp/x.XXXXXX); test -f $a && echo ${#a}; b=$(mktemp -d); test -d $b && mktemp y", "13\nmktemp: y: a template ends in three X or more\n", 1},
		{"xargs", "echo a b c | xargs -n2 echo x; printf 'a b\nc\n' | xargs -I{} echo [{}]", "x a b\nx c\n[a b]\n[c]\n", 0},
		{"tail from a line", "seq 9 | tail -n +8", "8\n9\n", 0},
		{"ls that follows links", "mkdir d; echo x > d/f; ln -s f d/l; ls -l d | grep -c '^l'; ls -lL d | cut -c1 | tr -d '\\n'; ls -lL d/l | cut -c1", "1\nt---\n", 0},
		{"stat and id", "echo abc > /tmp/s; stat -c '%n %s %F' /tmp/s; id -u", "/tmp/s 4 regular file\n0\n", 0},
		{"environment", "echo $GREETING", "hello\n", 0},
		{"errexit", "set -e; false; echo never", "", 1},
		{"here document", "cat <<E\na $((1+2))\nE", "a 3\n", 0},
		{"head of an endless file", "head -c 3 /dev/zero | wc -c", "3\n", 0},
		{"syntax error", "if", "", 2},
		{"hostname", "hostname; hostname -s; hostname -f; test $(hostname -i) = 127.0.0.1 || hostname -i | cut -d. -f1", "pod\npod\npod\n10\n", 0},
		{"wget of what is not there", "wget -qO- http://10.96.9.9", "wget: can't connect to remote host (10.96.9.9): No route to host\n", 1},
		{"curl of what is not there", "curl -sS localhost:81", "curl: (7) Failed to connect to localhost port 81: Connection refused\n", 7},
		{"nc of what is not there", "nc -zv 127.0.0.1 81", "nc: 127.0.0.1:81: Connection refused\n", 1},
		{"the documentation's Job", `perl -Mbignum=bpi -wle "print bpi(20)"; perl -wle "print bpi(1000)" | wc -c; perl -e 1`, "3.1415926535897932385\n1002\nperl: a stand-in knows one program only: perl -Mbignum=bpi -wle \"print bpi(2000)\"\n", 2},
		{"read-only volume", "echo x > /config/a", "", 1},
		{"volume", "cat /config/key", "value", 0},
		{"volume where the image has a directory", "ls / | grep -c '^data$'; ls /data", "1\nkey\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "key"), []byte("value"), 0o600); err != nil {
				t.Fatal(err)
			}
			p, out := start(t, e, subnet, containers.Spec{
				Image: "busybox", Command: []string{"sh", "-c", c.script}, Env: []string{"GREETING=hello"},
				Mounts: []*runtimeapi.Mount{{ContainerPath: "/config", HostPath: dir, Readonly: true}, {ContainerPath: "/data", HostPath: dir, Readonly: true}},
			})
			select {
			case <-p.Done():
			case <-time.After(time.Minute):
				t.Fatal("it does not end")
			}
			if p.Exit().Code != c.code || c.want != "" && out.String() != c.want {
				t.Errorf("exit code %d and %q, want %d and %q", p.Exit().Code, out.String(), c.code, c.want)
			}
		})
	}
}

// A symbolic link must not lead out of a container's files.
func TestSymbolicLinksStayInside(t *testing.T) {
	e, subnet := newEngine(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("host"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, out := start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", "ln -s " + secret + " /link; cat /link; echo x > /link"}})
	<-p.Done()
	if strings.Contains(out.String(), "host") {
		t.Errorf("a container has read a file of the host: %q", out)
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "host" {
		t.Errorf("a container has changed a file of the host: %q, %v", b, err)
	}
}

func TestTerminate(t *testing.T) {
	e, subnet := newEngine(t)
	for _, command := range []string{"sleep 3600", "tail -f /dev/null", "while true; do :; done", "yes > /dev/null", "cat"} {
		t.Run(command, func(t *testing.T) {
			p, _ := start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", command}})
			p.Terminate()
			select {
			case <-p.Done():
			case <-time.After(time.Minute):
				t.Fatal("it does not end")
			}
			if code := p.Exit().Code; code != 143 && command != "cat" {
				t.Errorf("exit code %d, want 143", code)
			}
		})
	}
}

func TestTraps(t *testing.T) {
	e, subnet := newEngine(t)
	p, out := start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", "trap 'echo stopping; sleep 0.05; exit 7' TERM INT; echo up; sleep 3600"}})
	await(t, func() bool { return out.String() == "up\n" })
	p.Terminate()
	<-p.Done()
	if p.Exit().Code != 7 || out.String() != "up\nstopping\n" {
		t.Errorf("exit code %d and %q", p.Exit().Code, out)
	}
	p, out = start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", "trap 'echo bye' EXIT; echo hi; exit 3"}})
	<-p.Done()
	if p.Exit().Code != 3 || out.String() != "hi\nbye\n" {
		t.Errorf("exit code %d and %q", p.Exit().Code, out)
	}
	p, out = start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", "trap 'echo bye' EXIT; echo hi"}})
	<-p.Done()
	if out.String() != "hi\nbye\n" {
		t.Errorf("a script that ends by itself prints %q", out)
	}
	// A trap is run with the shell's functions and variables, and what follows goes on.
	for _, c := range []struct {
		name, script, want string
		code               int
	}{
		{"function", "cleanup() { echo stopped $n; exit 5; }; n=2; trap cleanup TERM; echo up; sleep 3600", "stopped 2\n", 5},
		{"flag", "trap 'stop=1' TERM; echo up; while [ -z \"$stop\" ]; do sleep 3600; done; echo done", "done\n", 0},
		{"loop that goes on", "trap 'n=$((n+1)); [ $n = 1 ] && kill -TERM $$ || exit 3' TERM; echo up; while true; do sleep 3600; done", "", 3},
		{"wait", "trap : TERM INT; sleep 3600 & echo up; wait", "", 143},
		{"wait for one", "(sleep 3600) & p=$!; trap 'echo stopping' TERM; echo up; wait $p; echo $?", "stopping\n143\n", 0},
		{"in a subshell", "trap 'echo main; exit 4' TERM; echo up; echo $(sleep 0.05; echo sub); sleep 3600", "main\n", 4},
		{"exec", "echo 'trap \"echo script; exit 6\" TERM; echo up; sleep 3600' > run.sh; exec sh run.sh", "script\n", 6},
	} {
		p, out := start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", c.script}})
		await(t, func() bool { return strings.HasPrefix(out.String(), "up\n") })
		p.Terminate()
		<-p.Done()
		if p.Exit().Code != c.code || out.String() != "up\n"+c.want {
			t.Errorf("%s: exit code %d and %q, want %d and %q", c.name, p.Exit().Code, out, c.code, c.want)
		}
	}
	// A signal that is ignored does nothing, and a trap that does not end is killed.
	p, out = start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", "trap '' TERM; echo up; kill 1; sleep 0.05; echo still; sleep 3600"}})
	await(t, func() bool { return out.String() == "up\nstill\n" })
	p.Terminate()
	p.Kill()
	<-p.Done()
	if p.Exit().Code != 137 {
		t.Errorf("exit code %d of what ignores TERM, want 137", p.Exit().Code)
	}

	p, out = start(t, e, subnet, containers.Spec{Image: "busybox", Command: []string{"sh", "-c", "trap 'sleep 3600' TERM; echo up; sleep 3600"}})
	await(t, func() bool { return out.String() == "up\n" })
	p.Terminate()
	p.Kill()
	<-p.Done()
	if p.Exit().Code != 137 {
		t.Errorf("exit code %d, want 137", p.Exit().Code)
	}
}

// The documentation's Pods that take too much end as there, and what others take is shown.
func TestStress(t *testing.T) {
	e, subnet := newEngine(t)
	spec := containers.Spec{Image: "polinux/stress", Command: []string{"stress"}, Args: []string{"--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"}, MemoryLimit: 100 << 20}
	p, _ := start(t, e, subnet, spec)
	<-p.Done()
	if x := p.Exit(); x.Code != 137 || x.Reason != "OOMKilled" {
		t.Errorf("above the limit it ends with %+v", x)
	}
	spec.Args, spec.MemoryLimit, spec.CPULimit = []string{"--vm", "1", "--vm-bytes=150M", "--cpu", "2"}, 200<<20, 0.5
	p, out := start(t, e, subnet, spec)
	await(t, func() bool { return p.Usage().Memory > 150<<20 && p.Usage().CPU > 0 })
	if !strings.Contains(out.String(), "dispatching hogs: 2 cpu, 0 io, 1 vm") {
		t.Errorf("it says %s", out)
	}
	p.Terminate()
	<-p.Done()
}

// Containers of a Pod that shares processes see each other's, and so does one that debugs another.
func TestProcessesSeen(t *testing.T) {
	e, subnet := newEngine(t)
	list := func(spec containers.Spec) string {
		spec.Image, spec.Command = "busybox", []string{"ps"}
		p, out := start(t, e, subnet, spec)
		<-p.Done()
		return out.String()
	}
	start(t, e, subnet, containers.Spec{ID: "first", UID: "u", Image: "busybox", Command: []string{"sleep", "3600"}, User: 1000})
	const head = "PID   USER     TIME  COMMAND\n"
	pause, _ := start(t, e, subnet, containers.Spec{ID: "pause", Image: "registry.k8s.io/pause:3.1"})
	if _, err := pause.Exec(t.Context(), containers.Exec{Command: []string{"sh"}}); err == nil || !strings.Contains(err.Error(), `"sh": executable file not found`) {
		t.Errorf("a shell where there is none: %v", err)
	}
	if out := list(containers.Spec{UID: "u"}); out != head+"    1 root     0:00 ps\n" {
		t.Errorf("by itself it sees\n%s", out)
	}
	if out := list(containers.Spec{Target: "first"}); out != head+"    1 1000     0:00 sleep 3600\n    7 root     0:00 ps\n" {
		t.Errorf("debugging the other it sees\n%s", out)
	}
	if out := list(containers.Spec{UID: "u", SharesProcesses: true}); out != head+"    1 root     0:00 /pause\n    7 1000     0:00 sleep 3600\n   13 root     0:00 ps\n" {
		t.Errorf("in a Pod that shares processes it sees\n%s", out)
	}
}

func TestExecutableNotFound(t *testing.T) {
	e, subnet := newEngine(t)
	p, _ := start(t, e, subnet, containers.Spec{Image: "nginx"})
	if _, err := p.Exec(context.Background(), containers.Exec{Command: []string{"psql"}}); err == nil || !strings.Contains(err.Error(), "executable file not found") {
		t.Errorf("exec of what is not there: %v", err)
	}
	var out bytes.Buffer
	if code, err := p.Exec(context.Background(), containers.Exec{Command: []string{"hostname"}, Stdout: &out}); err != nil || code != 0 || out.String() != "pod\n" {
		t.Errorf("exec: %d, %v, %q", code, err, out.String())
	}
}
