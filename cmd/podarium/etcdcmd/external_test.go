package etcdcmd_test

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/etcdview/etcdtest"
)

// TestMutualTLS reaches an external cluster as one reaches kubeadm's: by ETCDCTL_* variables, and by flags.
func TestMutualTLS(t *testing.T) {
	c := etcdtest.StartCluster(t, 3)
	dir := t.TempDir()
	s := session{t, etcdcmd.Deps{DataDir: func() (string, error) { return dir, nil }}}
	flags := func(args ...string) []string {
		return append([]string{"--endpoints", strings.Join(c.Endpoints, ","), "--cacert", c.CACert, "--cert", c.Cert, "--key", c.Key}, args...)
	}
	s.want(s.run("", 0, flags("put", "/app/k", "v", "--yes", "--allow-writes", "--undo-file", filepath.Join(t.TempDir(), "u"))...), "done")

	t.Setenv("ETCDCTL_ENDPOINTS", strings.Join(c.Endpoints, ","))
	t.Setenv("ETCDCTL_CACERT", c.CACert)
	t.Setenv("ETCDCTL_CERT", c.Cert)
	t.Setenv("ETCDCTL_KEY", c.Key)
	s.want(s.run("", 0, "get", "/app/k"), "v\n")
	var members []struct {
		Name   string
		Leader bool
		Err    string `json:"error"`
	}
	if err := json.Unmarshal([]byte(s.run("", 0, "members", "-o", "json")), &members); err != nil {
		t.Fatal(err)
	}
	leader, other := "", ""
	for _, m := range members {
		if m.Err != "" {
			t.Errorf("%s: %s", m.Name, m.Err)
		}
		if m.Leader {
			leader = m.Name
		} else {
			other = m.Name
		}
	}
	if len(members) != 3 || leader == "" {
		t.Fatalf("members %+v", members)
	}
	s.want(s.run("", 0, "move-leader", other, "--yes", "--allow-writes"), other+" leads")
	s.want(s.run("", 0, "defrag", "--yes", "--allow-writes"), "m0: ", "m1: ", "m2: ")
	s.want(s.run("", 0, "status", "--hash"), "all 3 members hold the same data")
	s.want(s.run("", 0, "watch", "/app/", "--prefix", "--rev", "2", "--limit", "1"), "create /app/k")

	t.Setenv("ETCDCTL_CERT", "")
	t.Setenv("ETCDCTL_KEY", "")
	s.want(s.run("", 1, "--dial-timeout", "1s", "get", "/app/k"), "does not answer", "--cert")
	t.Setenv("ETCDCTL_DIAL_TIMEOUT", "soon")
	s.want(s.run("", 2, "get", "/app/k"), "ETCDCTL_DIAL_TIMEOUT")
}

// TestQuorumLost stops two of three members: what can be told is told, and nothing waits for ever.
func TestQuorumLost(t *testing.T) {
	t.Parallel()
	c := etcdtest.StartCluster(t, 3)
	dir := t.TempDir()
	s := session{t, etcdcmd.Deps{DataDir: func() (string, error) { return dir, nil }}}
	run := func(code int, args ...string) string {
		t.Helper()
		return s.run("", code, append(args, "--endpoints", strings.Join(c.Endpoints, ","), "--cacert", c.CACert, "--cert", c.Cert, "--key", c.Key, "--command-timeout", "1s")...)
	}
	s.want(run(0, "put", "/k", "v", "--yes", "--allow-writes", "--undo-file", filepath.Join(dir, "1")), "done")
	c.Members[0].Stop()
	s.want(run(1, "status"), "m0", "does not answer")
	s.want(run(0, "get", "/k"), "v")
	c.Members[1].Stop()
	s.want(run(1, "get", "/k"), "etcd does not answer", "quorum")
	s.want(run(1, "put", "/k", "w", "--yes", "--allow-writes", "--undo-file", filepath.Join(dir, "2")), "etcd does not answer")
	s.want(run(1, "status"), "m2", "follower", "member m0 does not answer", "the members do not answer together")
}

func TestNobodyThere(t *testing.T) {
	s := session{t, etcdcmd.Deps{}}
	s.want(s.run("", 1, "--endpoints", "unix:///nonexistent/socket", "--dial-timeout", "300ms", "get", "/k"), "does not answer")
	s.want(s.run("", 1, "--endpoints", "127.0.0.1:99999999", "get", "/k"), "port")
	s.want(s.run("", 1, "--endpoints", "ftp://x", "get", "/k"), "scheme")
	s.want(s.run("", 2, "get", "/k"), "which etcd?")
}

// TestWhichEtcd names an etcd by flags, by the environment, and by podarium's data directory: what stands on the command line
// goes before the environment.
func TestWhichEtcd(t *testing.T) {
	own, other := etcdtest.Start(t), etcdtest.Start(t)
	for s, v := range map[*etcdtest.Server]string{own: "own", other: "other"} {
		if _, err := s.Client(t).Put(t.Context(), "/k", v); err != nil {
			t.Fatal(err)
		}
	}
	deps := etcdcmd.Deps{Embedded: func(*cobra.Command) (*clientv3.Client, error) {
		return clientv3.New(clientv3.Config{Endpoints: []string{own.Endpoint}, Logger: zap.NewNop()})
	}}
	const which = "--endpoints says which"
	for _, tc := range []struct {
		environment, args, want string
	}{
		{"", "", "own"},
		{"", "--endpoints " + other.Endpoint, "other"},
		{"ETCDCTL_ENDPOINTS=" + other.Endpoint, "", "other"},
		{"ETCDCTL_ENDPOINTS=" + other.Endpoint, "--data-dir /d", "own"},
		{"ETCDCTL_ENDPOINTS=unix:///nobody", "--data-dir /d --endpoints " + other.Endpoint, "other"},
		{"ETCDCTL_USER=root:pw", "", "own"}, // it may be meant for another
		{"", "--user root:pw", which},
		{"", "--key k.pem", which},
		{"", "--insecure-skip-tls-verify", which},
		{"", "--endpoints unix:///nobody --user root:pw --dial-timeout 100ms", "does not answer"},
	} {
		name, value, _ := strings.Cut(tc.environment, "=")
		if name != "" {
			t.Setenv(name, value)
		}
		root := &cobra.Command{Use: "podarium", SilenceErrors: true, SilenceUsage: true}
		root.PersistentFlags().String("data-dir", "", "")
		root.AddCommand(etcdcmd.Command(deps))
		var out strings.Builder
		root.SetOut(&out)
		root.SetErr(io.Discard)
		root.SetArgs(append([]string{"etcd", "get", "/k", "--print-value-only"}, strings.Fields(tc.args)...))
		got := ""
		if err := root.ExecuteContext(t.Context()); err != nil {
			got = err.Error()
		}
		if got += out.String(); !strings.Contains(got, tc.want) {
			t.Errorf("%s podarium etcd %s: %s, want %s", tc.environment, tc.args, got, tc.want)
		}
		if name != "" {
			t.Setenv(name, "")
		}
	}
}

// TestWhoAsks meets an etcd with authentication: without a user, with a wrong password, and with the right one.
func TestWhoAsks(t *testing.T) {
	server := etcdtest.Start(t)
	c := server.Client(t)
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(c.Put(t.Context(), "/k", "v"))
	do(c.RoleAdd(t.Context(), "root"))
	do(c.UserAdd(t.Context(), "root", "right"))
	do(c.UserGrantRole(t.Context(), "root", "root"))
	do(c.RoleAdd(t.Context(), "reader"))
	do(c.RoleGrantPermission(t.Context(), "reader", "/app/", clientv3.GetPrefixRangeEnd("/app/"), clientv3.PermissionType(clientv3.PermRead)))
	do(c.UserAdd(t.Context(), "jane", "j"))
	do(c.UserGrantRole(t.Context(), "jane", "reader"))
	do(c.Put(t.Context(), "/app/k", "v"))
	do(c.AuthEnable(t.Context()))
	s := session{t, etcdcmd.Deps{}}
	t.Setenv("ETCDCTL_ENDPOINTS", server.Endpoint)
	s.want(s.run("", 1, "get", "/k"), "--user USER:PASSWORD")
	s.want(s.run("", 1, "get", "/k", "--user", "root:wrong"), "invalid user ID or password")
	s.want(s.run("", 0, "get", "/k", "--user", "root:right"), "v\n")

	jane := func(code int, args ...string) string { return s.run("", code, append(args, "--user", "jane:j")...) }
	s.want(jane(0, "get", "/app/", "--prefix"), "v\n")
	s.want(jane(0, "ls", "/app/"), "k")
	s.want(jane(1, "get", "/k"), "permission denied by etcd's roles: jane may read /app/*")
	s.want(jane(1, "ls"), "jane may read /app/*")
	s.want(jane(1, "watch", "/k"), "jane may read /app/*") // and does not try for ever
	s.want(jane(0, "status"), "leader")
	s.want(jane(0, "user", "get", "jane"), "reader")
	s.want(jane(0, "role", "get", "reader"), "/app/*")
	s.want(jane(1, "user", "list"), "permission denied")
	s.want(s.run("", 4, "role", "get", "nobody", "--user", "root:right"), "not found")
}

// TestOldServer reads an etcd of Debian's package, 3.4 or 3.5, which knows neither RangeStream nor the newer answers.
func TestOldServer(t *testing.T) {
	bin, err := exec.LookPath("etcd")
	if err != nil {
		t.Skip("no etcd in the PATH: apt-get install etcd-server")
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url, peer := "http://"+l.Addr().String(), "unix://"+filepath.Base(dir)+":1"
	l.Close()
	cmd := exec.CommandContext(t.Context(), bin, "--data-dir", "d", "--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ETCD_UNSUPPORTED_ARCH=arm64")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if _, err = c.Put(t.Context(), "/registry/pods/default/web", string(pod(t, "web", "nginx:1"))); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if _, err := c.Put(t.Context(), "/registry/pods/default/web", string(pod(t, "web", "nginx:2"))); err != nil {
		t.Fatal(err)
	}
	s := session{t, etcdcmd.Deps{DataDir: func() (string, error) { return dir, nil }}}
	t.Setenv("ETCDCTL_ENDPOINTS", url)
	s.want(s.run("", 0, "status", "--hash"), "leader", "nothing to compare")
	s.want(s.run("", 0, "user", "list"), "USER")
	s.want(s.run("", 0, "lease", "grant", "60", "--yes", "--allow-writes"), "granted for 60 s")
	s.want(s.run("", 0, "leases"), "1m0s")
	s.want(s.run("", 0, "compact", "--rev", "2", "--dry-run"), "of 1 to 3")
	s.want(s.run("", 0, "ls", "/registry/"), "web")
	s.want(s.run("", 0, "get", "/registry/", "--prefix"), "image: nginx:2")
	s.want(s.run("", 0, "history", "/registry/pods/default/web"), "nginx:1 → nginx:2", "created")
	s.want(s.run("", 0, "audit"), "undecodable values: 0")
	s.want(s.run("", 0, "watch", "/registry/", "--prefix", "--rev", "2", "--limit", "2"), "nginx:1 → nginx:2")
	snap := filepath.Join(t.TempDir(), "snap.db")
	s.want(s.run("", 0, "snapshot", "save", snap), "1 keys")
	s.want(s.run("", 0, "--snapshot", snap, "get", "/registry/pods/default/web"), "image: nginx:2")
}
