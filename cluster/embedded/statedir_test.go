package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneProcessHoldsADataDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := openStateDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openStateDir(dir); !errors.Is(err, ErrRunning) {
		t.Errorf("a second open: %v, want ErrRunning", err)
	}
	if err := first.publish(); err != nil {
		t.Fatal(err)
	}
	if info, err := readRunInfo(dir); err != nil || info.PID != os.Getpid() {
		t.Errorf("run.json says %+v (%v)", info, err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := readRunInfo(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after close: %v, want ErrNotRunning", err)
	}
	again, err := openStateDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

func TestSocketsOfALongPathGoElsewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	s, err := openStateDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, socket := range []string{s.controlSocket(), s.etcdSocket()} {
		if len(socket) > maxSocketPath {
			t.Errorf("%s has %d bytes", socket, len(socket))
		}
	}
	if info, err := os.Stat(s.sockets); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory of the sockets: %v (%v)", info.Mode(), err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.sockets); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory of the sockets is left behind: %v", err)
	}
}

func TestSettingsAreOnlyAPreference(t *testing.T) {
	s, err := openStateDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.update(func(v *settings) error { v.APIPort = 6443; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := s.loadSettings().APIPort; got != 6443 {
		t.Errorf("the port was saved as %d", got)
	}
	if err := os.WriteFile(s.file("settings.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.loadSettings().APIPort; got != 0 {
		t.Errorf("damaged settings give the port %d", got)
	}
	if err := s.update(func(*settings) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(s.file("settings.json.damaged")); err != nil || string(b) != "{" {
		t.Errorf("damaged settings are kept as %q: %v", b, err)
	}
}

func TestOptionsAreValidatedAtTheDoor(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "data directory"},
		{Options{Ephemeral: true, DataDir: "x"}, "--ephemeral"},
		{Options{Ephemeral: true, Nodes: -1}, "--nodes"},
		{Options{Ephemeral: true, Nodes: maxNodes + 1}, "--nodes"},
		{Options{Ephemeral: true, APIPort: 70000}, "--api-port"},
		{Options{Ephemeral: true, SimulatedNodes: new(-1)}, "--simulated-nodes"},
		{Options{Ephemeral: true, Runtime: "docker"}, "--runtime"},
	} {
		if err := c.o.validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want an error with %q", c.o, err, c.want)
		}
	}
}
