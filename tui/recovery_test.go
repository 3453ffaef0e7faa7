package tui_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// TestTheServerDiesUnderEveryPane kills a cluster while a shell, logs, a port-forward, a drain and an edit are under way: each says
// so in words, keys go on to work, what was typed is kept, and in the end no goroutine is left.
func TestTheServerDiesUnderEveryPane(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	ns := clustertest.Namespace(t, c)
	c.Kubectl(t, "-n", ns, "run", "box", "--image=nginx", "--port=80", "--labels=app=box")
	c.Kubectl(t, "-n", ns, "create", "pdb", "box", "--selector=app=box", "--min-available=1")
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
	before := goleak.IgnoreCurrent()
	t.Run("ui", func(t *testing.T) { dieUnder(t, c, ns) })
	_ = c.Etcd().Close() // its server is gone; it was made before
	http.DefaultClient.CloseIdleConnections()
	// A timer of the frame's runs out by itself, and tells nobody.
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"), goleak.IgnoreAnyFunction("charm.land/bubbletea/v2.Tick.func1"))
}

func dieUnder(t *testing.T, c *clustertest.Cluster, ns string) {
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns + " /box")
	d.Wait("1 of 1", "Running")
	d.Keys("F")
	d.Wait("Forward a port to box")
	d.Keys("enter")
	d.Wait("port-forwards", "to box")
	local := regexp.MustCompile(`localhost:[1-9]\d*`).FindString(d.Screen())
	resp, err := http.Get("http://" + local) //nolint:noctx // a test of its own
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()

	second := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	second.Command("nodes")
	second.Wait("node-1", "Ready")
	second.Keys("r")
	second.Wait("Drain node-1")
	second.Keys("tab", "tab", "right", "enter") // also Pods without controller
	second.Wait("This will change", "evicts")
	second.Keys("y")
	second.Wait("nodes / node-1 / drain", "held", "disruption budget")

	d.Command("po " + ns + " /box")
	d.Wait("1 of 1")
	d.Keys("l")
	d.Wait("logs")
	d.Command("po " + ns + " /box")
	d.Wait("1 of 1")
	d.Keys("s")
	d.Wait("shell", "connected")

	// The editor itself is what kills the server: it was there to begin with, and is gone for the preview.
	editor := filepath.Join(t.TempDir(), "editor")
	script := fmt.Sprintf("#!/bin/sh\nkill -9 %d\nsed -i s/app:.box/app:\\ mine/ \"$1\"\n", c.Process.Pid)
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBE_EDITOR", editor)
	d.Keys("ctrl+]", "q")
	d.Wait("1 of 1")
	d.Keys("s")
	d.Wait("shell", "connected")
	third := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	third.Command("po " + ns + " /box")
	third.Wait("1 of 1", "Running")
	third.Keys("e")
	third.Wait("This cannot be applied", "The text is kept in", "Edit again")
	kept := regexp.MustCompile(`(?s)The text is kept in\s+│?\s*│?\s*(/\S+)`).FindStringSubmatch(third.Screen())
	if kept == nil {
		t.Errorf("where is the text?\n%s", third.Screen())
	} else if b, err := os.ReadFile(kept[1]); err != nil || !strings.Contains(string(b), "app: mine") {
		t.Errorf("the text that was kept is %q, %v", b, err)
	}
	third.Keys("esc")

	d.Wait("shell", "connection lost", "enter leaves, r begins another")
	longest := time.Duration(0)
	key := func(names ...string) {
		for _, k := range names {
			start := time.Now()
			d.Keys(k)
			_ = d.Screen()
			longest = max(longest, time.Since(start))
		}
	}
	key("enter")
	d.Wait("no answer")
	d.Command("pf")
	d.Wait("port-forwards", "no answer")
	key("j", "k", "r", "ctrl+d")
	d.Command("nodes")
	d.Wait("no answer")
	key("esc", "?", "esc", "0", ":", "p", "o", "enter", "/", "x", "esc", "[", "]")
	if longest > time.Second {
		t.Errorf("a key took %s", longest)
	}
	second.Wait("held", "does not answer") // it goes on, for when the server is back
	second.Keys("ctrl+d")
	second.Wait("stopped")
}
