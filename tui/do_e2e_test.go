package tui_test

import (
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// box runs a Pod that does nothing, and opens the Pods of its namespace on it.
func box(t *testing.T, command ...string) (*tuitest.Driver, *clustertest.Cluster, string) {
	t.Helper()
	c, ns := clustertest.Shared(t)
	if len(command) == 0 {
		command = []string{"sleep", "3600"}
	}
	c.Kubectl(t, append([]string{"-n", ns, "run", "box", "--image=busybox", "--"}, command...)...)
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns + " /box")
	d.Wait(ns+" / pods", "1 of 1", "Running")
	return d, c, ns
}

func TestShellInAPane(t *testing.T) {
	d, c, ns := box(t)
	d.Keys("s")
	d.Wait("shell", "connected", "box:/#")
	d.Type("echo $TERM; echo one > /tmp/f; sleep 3600")
	d.Keys("enter")
	d.Wait("xterm-256color")
	d.Keys("ctrl+c")
	d.Wait("^C")
	d.Type("seq 200")
	d.Keys("enter")
	d.Wait("\n199\n200\nbox:/#")
	d.Keys("ctrl+]", "[")
	d.Wait("looking back", "\n166\n")
	d.Keys("g")
	d.Wait("echo $TERM")
	d.Keys("esc")
	d.Wait("connected", "\n200\n")
	d.Resize(80, 12)
	d.Wait("\n200\nbox:/#")
	d.Type("exit 3")
	d.Keys("enter")
	d.Wait("ended with code 3", "enter leaves")
	d.Keys("enter")
	d.Wait(ns + " / pods")
	if got := c.Kubectl(t, "-n", ns, "exec", "box", "--", "cat", "/tmp/f"); strings.TrimSpace(got) != "one" {
		t.Errorf("the file has %q", got)
	}
}

func TestAttachInAPane(t *testing.T) {
	d, _, _ := box(t, "sh", "-c", "i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done")
	d.Keys("a")
	d.Wait("output only", "tick")
	d.Keys("ctrl+]", "q")
	d.Wait("/ pods")
}

func TestReadOnlyOpensNoShell(t *testing.T) {
	_, c, ns := box(t)
	looking, err := cluster.New(cluster.Options{Name: "looking", Config: c.Config(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	d := tuitest.New(t, tui.Options{Cluster: looking})
	d.Command("po " + ns + " /box")
	d.Wait("1 of 1")
	for _, k := range []string{"s", "a", "X"} {
		d.Keys(k)
		d.Wait("read-only")
	}
}
