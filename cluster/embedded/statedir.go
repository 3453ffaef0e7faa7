package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

// ErrRunning is returned by Start when another process runs the cluster of the same data directory: use Attach.
var ErrRunning = errors.New("a cluster already runs on this data directory")

// ErrNotRunning is returned by Attach when no process runs the cluster of the data directory.
var ErrNotRunning = errors.New("no cluster runs on this data directory")

// DefaultDataDir is where a cluster is kept unless --data-dir says otherwise: podarium/default in the XDG data directory
// ($XDG_DATA_HOME, else ~/.local/share), or in the place that macOS and Windows have for it.
func DefaultDataDir() (string, error) {
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "podarium", "default"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home directory: give --data-dir: %w", err)
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "podarium", "default"), nil
	case "windows":
		if d := os.Getenv("LOCALAPPDATA"); d != "" {
			return filepath.Join(d, "podarium", "default"), nil
		}
	}
	return filepath.Join(home, ".local", "share", "podarium", "default"), nil
}

// stateDir is a data directory, held by this process alone.
//
//	lock          held while a process runs the cluster
//	run.json      how to reach the running process (runInfo); only while it runs
//	settings.json what a restart keeps: the API port, and which nodes there are beyond those of --nodes
//	pki/          authorities, keys and certificates
//	kubeconfig/   one kubeconfig an identity
//	etcd/         etcd's own data directory
//	nodes/        one directory a kubelet; nothing that a kubelet writes or deletes is outside it
//	podarium.log  the log of everything in the process
type stateDir struct {
	path string
	lock *fileutil.LockedFile
	// writing guards settings.json.
	writing sync.Mutex
	// sockets is where unix sockets go: the data directory, or a short private one where its path is too long.
	sockets string
}

// runInfo tells another process how to reach this one.
type runInfo struct {
	PID     int    `json:"pid"`
	Sockets string `json:"sockets"`
}

// settings are what a restart keeps.
type settings struct {
	APIPort int `json:"apiPort,omitempty"`
	// SimulatedNodes is how many nodes without a kubelet there are. Simulated says that there have been some: those that
	// are too many have to be deleted.
	SimulatedNodes int  `json:"simulatedNodes,omitempty"`
	Simulated      bool `json:"simulated,omitempty"`
	// Nodes are those that were added to those of --nodes, Removed those of --nodes that were removed.
	Nodes   []NodeSpec `json:"nodes,omitempty"`
	Removed []string   `json:"removed,omitempty"`
}

// openStateDir makes the directory where it is missing and locks it.
func openStateDir(path string) (*stateDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w: choose another with --data-dir", err)
	}
	lock, err := fileutil.TryLockFile(filepath.Join(path, "lock"), os.O_WRONLY|os.O_CREATE, 0o600)
	if errors.Is(err, fileutil.ErrLocked) {
		return nil, fmt.Errorf("%s: %w", path, ErrRunning)
	}
	if err != nil {
		return nil, fmt.Errorf("data directory %s: %w: choose another with --data-dir", path, err)
	}
	s := &stateDir{path: path, lock: lock}
	if s.sockets, err = socketDir(path); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func (s *stateDir) file(elem ...string) string {
	return filepath.Join(append([]string{s.path}, elem...)...)
}

func (s *stateDir) etcdSocket() string    { return filepath.Join(s.sockets, "etcd.sock") }
func (s *stateDir) controlSocket() string { return filepath.Join(s.sockets, "control.sock") }

// maxSocketPath is the longest path of a unix socket on macOS, the strictest of the systems (sockaddr_un).
const maxSocketPath = 103

func socketDir(path string) (string, error) {
	if len(filepath.Join(path, "control.sock")) <= maxSocketPath {
		return path, nil
	}
	return os.MkdirTemp("", "podarium-") // 0700 by definition
}

// publish writes run.json: from here on others can attach.
func (s *stateDir) publish() error {
	b, err := json.Marshal(runInfo{PID: os.Getpid(), Sockets: s.sockets})
	if err != nil {
		return err
	}
	return writeFileAtomically(s.file("run.json"), b)
}

// loadSettings gives none where they cannot be read: the cluster starts without them.
func (s *stateDir) loadSettings() settings {
	v, _ := s.readSettings()
	return v
}

func (s *stateDir) readSettings() (v settings, err error) {
	b, err := os.ReadFile(s.file("settings.json"))
	if err != nil {
		return settings{}, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return settings{}, err
	}
	return v, nil
}

// update changes the settings, unless change returns an error. A file that cannot be understood is kept beside them.
func (s *stateDir) update(change func(*settings) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	v, err := s.readSettings()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(s.file("settings.json"), s.file("settings.json.damaged")); err != nil {
			return err
		}
	}
	if err := change(&v); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFileAtomically(s.file("settings.json"), b)
}

// close releases the directory. What it holds stays, except what only a running process has.
func (s *stateDir) close() error {
	var errs []error
	if err := os.Remove(s.file("run.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	if s.sockets != s.path {
		errs = append(errs, os.RemoveAll(s.sockets))
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// readRunInfo tells how to reach the process that runs the cluster of a data directory.
func readRunInfo(path string) (runInfo, error) {
	var v runInfo
	b, err := os.ReadFile(filepath.Join(path, "run.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return v, fmt.Errorf("%s: %w", path, ErrNotRunning)
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("%s: %w", filepath.Join(path, "run.json"), err)
	}
	return v, nil
}

// writeFileAtomically replaces a private file whole or not at all, also over a crash.
func writeFileAtomically(file string, b []byte) error {
	dir, base := filepath.Split(file)
	f, err := os.CreateTemp(dir, "."+strings.TrimPrefix(base, ".")+"-*") // 0600 by definition
	if err != nil {
		return err
	}
	_, werr := f.Write(b)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), file)
}
