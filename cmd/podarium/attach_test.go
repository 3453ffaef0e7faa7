//go:build unix

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

func TestAttachOpensAContext(t *testing.T) {
	c, _ := clustertest.Shared(t)
	ui := ptytest.Open(t, ptytest.Options{Args: []string{"attach", "--kubeconfig", c.Kubeconfig, "--read-only", "--etcd-endpoints", c.EtcdEndpoint}})
	ui.Wait("v1.37.2", "read-only")
	ui.Command("q")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestAttachLists(t *testing.T) {
	c, _ := clustertest.Shared(t)
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	got, err := exec.CommandContext(t.Context(), bin, "attach", "--list", "--kubeconfig", c.Kubeconfig).Output()
	if err != nil || !strings.Contains(string(got), "CURRENT") || !strings.Contains(string(got), "https://127.0.0.1:") || !strings.Contains(string(got), "changes") {
		t.Errorf("%s %v", got, err)
	}
	ui := ptytest.Open(t, ptytest.Options{Columns: 80, Rows: 24, Args: []string{"attach", "--kubeconfig", c.Kubeconfig, "--context", "nope"}})
	if code := ui.Exited(); code != exitUsage || !strings.Contains(ui.Raw(), `"nope", there are`) {
		t.Errorf("exit code %d: %s", code, ui.Raw())
	}
}
