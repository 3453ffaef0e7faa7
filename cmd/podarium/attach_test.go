//go:build unix

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestAttachOpensAContext(t *testing.T) {
	c, _ := clustertest.Shared(t)
	tty, out, done := open(t, 120, 40, "attach", "--kubeconfig", c.Kubeconfig, "--read-only", "--etcd-endpoints", c.EtcdEndpoint)
	clustertest.Eventually(t, "the version in the header", func() bool { return strings.Contains(out.String(), "v1.37.2") })
	clustertest.Eventually(t, "the mode", func() bool { return strings.Contains(out.String(), "read-only") })
	if _, err := tty.WriteString(":q\r"); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != exitOK {
		t.Errorf("exit code %d: %s", code, out)
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
	tty, out, done := open(t, 80, 24, "attach", "--kubeconfig", c.Kubeconfig, "--context", "nope")
	defer tty.Close()
	if code := <-done; code != exitUsage || !strings.Contains(out.String(), `"nope", there are`) {
		t.Errorf("exit code %d: %s", code, out)
	}
}
