//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui/ptytest"
)

// TestScenarios is what users do, one journey for each part of the UI, with the real program in a terminal of its own, from
// the first screen on.
func TestScenarios(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=nginx:1.27", "--replicas=2")
	c.Kubectl(t, "-n", ns, "create", "deployment", "talker", "--image=busybox", "--", "sh", "-c", "echo to be heard; sleep 3600")
	c.Kubectl(t, "-n", ns, "create", "configmap", "colours", "--from-literal=sky=blue")
	for _, name := range []string{"web", "talker"} {
		c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/"+name)
	}
	config := t.TempDir()
	plugin, said := filepath.Join(config, "podarium", "plugins.yaml"), filepath.Join(config, "said")
	write(t, plugin, `plugins:
  say:
    shortCut: Shift-Z
    description: say the name
    scopes: [configmaps]
    command: sh
    background: true
    args: [-c, 'echo "$0 $1" > `+said+`', $NAMESPACE, $NAME]
`)
	editor := filepath.Join(config, "editor")
	write(t, editor, "#!/bin/sh\nsed -i 's/sky: blue/sky: green/' \"$1\"\n")
	if err := os.Chmod(editor, 0o700); err != nil {
		t.Fatal(err)
	}

	list := func(ui *ptytest.Terminal, kind, title string) {
		ui.Command(kind + " " + ns)
		ui.Wait(ns + " / " + title)
	}
	colours := func(ui *ptytest.Terminal) {
		list(ui, "cm", "configmaps")
		ui.Type("/^colours\r")
		ui.Wait(" 1 of ", "▸ colours")
	}
	// agree says yes to a preview, which takes no answer in the first moment that it is seen.
	agree := func(ui *ptytest.Terminal) {
		ui.Wait("This will change")
		for strings.Contains(ui.Screen(), "This will change") {
			ui.Keys("y")
			ui.Still()
		}
	}
	for name, play := range map[string]func(t *testing.T, ui *ptytest.Terminal){
		"any cluster": func(_ *testing.T, ui *ptytest.Terminal) {
			ui.Command("ctx")
			ui.Wait("Clusters", "open it in a new tab")
			ui.Keys("esc")
			ui.WaitGone("Clusters")
		},
		"resources": func(_ *testing.T, ui *ptytest.Terminal) {
			colours(ui)
			ui.Keys("y")
			ui.Wait("sky: blue")
			ui.Keys("esc")
			ui.Wait("▸ colours")
			ui.Keys("K")
			ui.Wait("/registry/configmaps/"+ns+"/colours", "sky: blue")
			list(ui, "pods", "pods")
			ui.Type("/STATUS:Running\r")
			ui.Wait("3 of 3")
			ui.Keys("d")
			ui.Wait("Service Account")
		},
		"logs": func(_ *testing.T, ui *ptytest.Terminal) {
			list(ui, "deploy", "deployments")
			ui.Type("/talker\r")
			ui.Wait("1 of 2", "▸")
			ui.Keys("l")
			ui.Wait("logs", "to be heard")
		},
		"do and undo": func(_ *testing.T, ui *ptytest.Terminal) {
			c.Kubectl(t, "-n", ns, "create", "configmap", "mistake", "--from-literal=a=b")
			list(ui, "cm", "configmaps")
			ui.Type("/^mistake\r")
			ui.Wait(" 1 of ", "▸ mistake")
			ui.Keys("ctrl+d")
			ui.Wait("propagation")
			ui.Keys("enter")
			agree(ui)
			ui.Wait(" 0 of ")
			ui.Keys("U")
			agree(ui)
			ui.Wait(" 1 of ", "▹ mistake") // where the cursor was is another object now
		},
		"edit": func(_ *testing.T, ui *ptytest.Terminal) {
			c.Kubectl(t, "-n", ns, "create", "configmap", "edited", "--from-literal=sky=blue")
			list(ui, "cm", "configmaps")
			ui.Type("/^edited\r")
			ui.Wait(" 1 of ", "▸ edited")
			ui.Keys("e")
			ui.Wait("-   sky: blue", "+   sky: green")
			agree(ui)
			ui.Keys("y")
			ui.Wait("sky: green")
		},
		"a rollout": func(_ *testing.T, ui *ptytest.Terminal) {
			list(ui, "deploy", "deployments")
			ui.Type("/web\r")
			ui.Wait("1 of 2", "▸")
			ui.Keys("enter")
			ui.Wait(ns+" / deployments / web", "nginx:1.27", "rolled out   2 of 2 ready")
			ui.Keys("r")
			agree(ui)
			ui.Wait("DIFF  1 → 2", "rolled out   2 of 2 ready")
			ui.Keys("K")
			ui.Wait("/registry/deployments/" + ns + "/web")
		},
		"home": func(_ *testing.T, ui *ptytest.Terminal) {
			ui.Wait("NODES", "node-1")
			ui.Keys("p")
			ui.Wait("all / pods")
			ui.Keys("esc")
			ui.Wait("NODES", "node-1")
		},
		"looks": func(t *testing.T, ui *ptytest.Terminal) {
			for _, theme := range []string{"podarium-light", "contrast-dark", "terminal", "podarium-dark"} {
				before := len(ui.Raw())
				ui.Command("theme " + theme)
				// Every cell has another colour then, so that all is written once more.
				clustertest.Eventually(t, "all drawn anew in "+theme, func() bool { return len(ui.Raw())-before > 120*40 })
			}
			ui.Wait("NODES", "node-1")
		},
		"plugins": func(t *testing.T, ui *ptytest.Terminal) {
			colours(ui)
			ui.Keys("Z")
			clustertest.Eventually(t, "the plugin's output", func() bool {
				out, _ := os.ReadFile(said) // not there yet
				return strings.TrimSpace(string(out)) == ns+" colours"
			})
		},
		"help": func(_ *testing.T, ui *ptytest.Terminal) {
			ui.Keys("?")
			ui.Wait(" / keys")
			ui.Keys("esc")
			ui.WaitGone(" / keys")
		},
		"etcd": func(_ *testing.T, ui *ptytest.Terminal) {
			ui.Command("etcd")
			ui.Wait("registry")
		},
	} {
		t.Run(name, func(t *testing.T) {
			ui := ptytest.Open(t, ptytest.Options{Args: []string{"--data-dir", c.DataDir}, Env: []string{"XDG_CONFIG_HOME=" + config, "EDITOR=" + editor}})
			ui.Wait("all up", "NODES")
			play(t, ui)
			ui.Command("q")
			if code := ui.Exited(); code != exitOK {
				t.Errorf("exit code %d; the screen is\n%s", code, ui.Screen())
			}
			restored(t, ui)
		})
	}
}

// write makes a private file of the user's.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAKeyIsWrittenByHand adds a key of etcd and changes it, each time in the user's editor: one that is done at once, so that
// the terminal is given away and taken back as fast as it can be.
func TestAKeyIsWrittenByHand(t *testing.T) {
	dir := t.TempDir()
	editor := filepath.Join(dir, "editor")
	write(t, editor, "#!/bin/sh\necho \"$(cat \"$1\")+more\" > \"$1\"\n")
	if err := os.Chmod(editor, 0o700); err != nil {
		t.Fatal(err)
	}
	ui := ptytest.Open(t, ptytest.Options{Args: []string{"--ephemeral", "--nodes", "0"}, Env: []string{"EDITOR=" + editor}})
	ui.Wait("all up")
	ui.Command("etcd /")
	ui.Wait("registry/")
	ui.Keys("a")
	ui.Wait("Add a key")
	ui.Keys("ctrl+u")
	ui.Type("/by/hand\r")
	agree := func() {
		ui.Wait("put /by/hand", "y yes")
		for strings.Contains(ui.Screen(), "y yes") {
			ui.Keys("y")
			ui.Still()
		}
		ui.Wait("1 key changed at revision")
		ui.Keys("enter")
		ui.WaitGone("1 key changed at revision")
	}
	agree()
	ui.Command("etcd /by/")
	ui.Wait("etcd  /by/", "VALUE", "+more")
	for _, want := range []string{"+more+more", "+more+more+more"} {
		ui.Keys("e")
		agree()
		ui.Wait(want)
	}
	ui.Command("q")
	ui.Wait("Cancel", "Quit") // its cluster ends with it
	ui.Keys("y")
	if code := ui.Exited(); code != exitOK {
		t.Errorf("exit code %d; the screen is\n%s", code, ui.Screen())
	}
	restored(t, ui)
}
