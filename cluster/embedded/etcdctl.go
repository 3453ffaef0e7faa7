package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/controllers/node/standin"
)

// EtcdctlEnv is the variable by which the etcdctl of a container learns where it is: EtcdctlPlace as JSON.
const EtcdctlEnv = "PODARIUM_ETCDCTL"

// EtcdctlPlace is what the etcdctl of a container may reach.
type EtcdctlPlace struct {
	// Control is the socket by which it dials on the virtual network.
	Control string `json:"control"`
	// Localhost is the address there of the container.
	Localhost string `json:"localhost"`
	// Socket is the name under which etcd lists itself, a socket of this machine, and Etcd where it is on the network.
	Socket string `json:"socket"`
	Etcd   string `json:"etcd"`
}

// etcdctlLimit is how long etcdctl may go on after its container or the user has ended it.
const etcdctlLimit = 2 * time.Second

// etcdctl runs etcdctl in the container of etcd. It is a process of its own: etcdctl ends by os.Exit, has its flags in global
// variables and takes signals. It sees the container's files and network only; where it is told neither endpoint nor
// certificate it takes those of this etcd.
func (s *Server) etcdctl(ctx context.Context, c standin.Call) int {
	code, err := s.runEtcdctl(ctx, c)
	if err != nil {
		fmt.Fprintf(c.Stderr, "Error: %v\n", err)
		return max(code, 1)
	}
	return code
}

// etcdctlFiles are the flags of etcdctl that name files to read.
var etcdctlFiles = []string{"cacert", "cert", "key", "dest-cacert", "dest-cert", "dest-key"}

func (s *Server) runEtcdctl(ctx context.Context, c standin.Call) (int, error) {
	if len(s.o.Etcdctl) == 0 {
		return 127, errors.New("this podarium was started without etcdctl")
	}
	dir, err := os.MkdirTemp(c.Container.Dir, "etcdctl-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	place, err := json.Marshal(EtcdctlPlace{Control: s.state.controlSocket(), Localhost: c.Container.IP.String(), Socket: s.state.etcdSocket(), Etcd: netip.AddrPortFrom(c.Container.IP, etcdPort).String()})
	if err != nil {
		return 1, err
	}
	env := map[string]string{}
	for _, e := range c.Env {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "ETCDCTL_") && name != "ETCDCTL_API" { // there is one API since 3.6
			env[name] = value
		}
	}
	args := slices.Clone(c.Args)
	for flag, value := range map[string]string{
		"endpoints": fmt.Sprintf("https://127.0.0.1:%d", etcdPort),
		"cacert":    containerPKI + "/etcd/ca.crt", "cert": containerPKI + "/etcd/server.crt", "key": containerPKI + "/etcd/server.key",
	} {
		if name := etcdctlVariable(flag); env[name] == "" && !given(args, flag) {
			env[name] = value
		}
	}
	if err := bringFiles(c, dir, args, env); err != nil {
		return 128, err // etcdctl's for bad arguments
	}
	snapshot := takeSnapshot(args)

	cmd := exec.CommandContext(ctx, s.o.Etcdctl[0], append(slices.Clone(s.o.Etcdctl[1:]), args...)...)
	cmd.Dir, cmd.WaitDelay = dir, etcdctlLimit
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil { // not to be had on Windows
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.Env = []string{EtcdctlEnv + "=" + string(place), "PATH=", "HOME=" + dir, "TMPDIR=" + dir}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if reads(args) && c.Stdin != nil {
		in, err := cmd.StdinPipe()
		if err != nil {
			return 1, err
		}
		go func() { // not awaited: who types may never end
			_, _ = io.Copy(in, c.Stdin)
			_ = in.Close()
		}()
	}
	err = cmd.Run()
	if x := (*exec.ExitError)(nil); errors.As(err, &x) {
		return max(x.ExitCode(), 1), nil
	}
	if err != nil || snapshot == "" {
		return 0, err
	}
	f, err := os.Open(filepath.Join(dir, filepath.Base(snapshot)))
	if err != nil {
		return 1, err
	}
	defer f.Close()
	return 0, c.WriteFile(snapshot, f)
}

// etcdctlVariable is the variable of the environment that stands for a flag.
func etcdctlVariable(flag string) string {
	return "ETCDCTL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func given(args []string, flag string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "--"+flag || strings.HasPrefix(a, "--"+flag+"=") })
}

// bringFiles puts the container's files that args and env name where this machine's process finds them, and names these.
func bringFiles(c standin.Call, dir string, args []string, env map[string]string) error {
	bring := func(flag, name string) (string, error) {
		b, err := c.ReadFile(name)
		if err != nil {
			return "", err
		}
		file := filepath.Join(dir, flag)
		return file, os.WriteFile(file, b, 0o600)
	}
	for _, flag := range etcdctlFiles {
		var err error
		for i := range args {
			if value, ok := strings.CutPrefix(args[i], "--"+flag+"="); ok {
				if value, err = bring(flag, value); err != nil {
					return err
				}
				args[i] = "--" + flag + "=" + value
			} else if args[i] == "--"+flag && i+1 < len(args) {
				if args[i+1], err = bring(flag, args[i+1]); err != nil {
					return err
				}
			}
		}
		if name := etcdctlVariable(flag); env[name] != "" {
			if env[name], err = bring(flag, env[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeSnapshot makes 'snapshot save FILE' write into the working directory, and says what the container calls the file.
func takeSnapshot(args []string) (file string) {
	i, last := slices.Index(args, "snapshot"), len(args)-1
	if i < 0 || last < i+2 || args[i+1] != "save" || strings.HasPrefix(args[last], "-") {
		return ""
	}
	file = args[last]
	args[last] = filepath.Base(file)
	return file
}

// reads says whether etcdctl reads its standard input: to others it is not given, for what they leave unread would be lost.
func reads(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		return slices.Contains([]string{"put", "txn", "watch", "user", "role"}, a)
	})
}
