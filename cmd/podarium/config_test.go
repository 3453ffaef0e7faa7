package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigCommands(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := newRoot()
		root.SetArgs(append([]string{"config"}, args...))
		root.SetOut(&out)
		root.SetErr(&out)
		err := root.Execute()
		return out.String(), err
	}
	dir := filepath.Join(home, "podarium")
	if out, err := run("path"); err != nil || out != dir+"\n" {
		t.Errorf("path: %q %v", out, err)
	}
	if out, err := run("validate"); err != nil || !strings.Contains(out, "is good") {
		t.Errorf("validate: %q %v", out, err)
	}
	if out, err := run("show"); err != nil || !strings.Contains(out, "dark: podarium-dark") || !strings.Contains(out, "*-prod*") {
		t.Errorf("show: %q %v", out, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("keys:\n  Tables:\n    describe: ctrl-x\n")
	if out, err := run("keys"); err != nil || !strings.Contains(out, "| `ctrl-x` | describe |") {
		t.Errorf("keys: %v\n%s", err, out)
	}
	write("keys:\n  Tables:\n    describe: y\n")
	if _, err := run("validate"); err == nil || !strings.Contains(err.Error(), `config.yaml:3:15: y would do two things: "describe" (describe) in Tables, and "yaml"`) {
		t.Errorf("validate: %v", err)
	}
}
