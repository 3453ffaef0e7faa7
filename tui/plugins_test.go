package tui_test

import (
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
)

const plugins = `
plugins:
  show:
    shortCut: Ctrl-L
    description: Show it
    scopes: [cm]
    command: sh
    args: [-c, "echo $NAMESPACE/$NAME has $COL-DATA; echo in $KUBECONFIG; echo of $RESOURCE_GROUP-$RESOURCE_VERSION-$RESOURCE_NAME"]
    background: true
  count:
    shortCut: Shift-X
    scopes: [all]
    command: printf
    args: ["%s\n", one, two]
    pipes: [tail -n 1]
    background: true
    overwriteOutput: true
  ask:
    shortCut: Ctrl-Y
    scopes: [configmaps]
    command: echo
    args: ["$INPUT_who said $INPUT_HOW"]
    background: true
    inputs:
    - {name: who, label: Who, required: true}
    - {name: how, type: dropdown, options: [softly, loudly]}
  sure:
    shortCut: f7
    scopes: [configmaps]
    command: echo
    args: [done-for, $NAME]
    confirm: true
    background: true
  risky:
    shortCut: f8
    scopes: [configmaps]
    command: "false"
    dangerous: true
    background: true
  front:
    shortCut: f9
    scopes: [configmaps]
    command: "no-such-program"
hotKeys:
  nodes:
    shortCut: f6
    description: The nodes
    command: nodes
    keepHistory: true
`

func TestPluginsAndHotKeys(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := withConfig(t, tui.Options{Cluster: c.Cluster}, plugins)
	d.Command("cm " + ns)
	d.Wait("kube-root-ca.crt")
	d.Resize(120, 100) // all of the help at once
	d.Keys("?")
	d.Wait("ctrl-l            Show it", "Plugins", "The nodes")
	d.Keys("esc", "ctrl+l")
	d.Wait("plugin / show", ns+"/kube-root-ca.crt has 1", "of -v1-configmaps")
	d.Keys("esc", "X")
	d.Wait("● two")
	d.Keys("ctrl+y")
	d.Wait("Who", "softly")
	d.Keys("enter")
	d.Wait("Who must be given")
	d.Type("ann")
	d.Keys("tab", "right", "enter")
	d.Wait("ask: ann said loudly")
	d.Keys("f7")
	d.Wait("Run echo done-for kube-root-ca.crt")
	d.Keys("tab", "enter")
	d.Wait("sure: done-for kube-root-ca.crt")
	d.Keys("f8")
	d.Wait("risky: false: exit status 1")
	d.Keys("f9")
	d.Wait("front: no-such-program does not start")
	d.Keys("f6")
	d.Wait(" nodes ", "VERSION")
	d.Keys("esc")
	d.Wait(ns+" / configmaps", "kube-root-ca.crt")
	if err := c.SetReadOnly(true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.SetReadOnly(false) })
	d.Keys("f8")
	d.Wait("the cluster is read-only: risky is off")
	d.Command("plugin risky")
	d.Wait("is opened read-only")
	d.Command("plugin rsky")
	d.Wait(`unknown plugin "rsky": do you mean "risky"?`)
	d.Command("nodes")
	d.Wait(" nodes ")
	d.Keys("ctrl+l")
	if s := d.Screen(); strings.Contains(s, "plugin /") {
		t.Errorf("a plugin for ConfigMaps runs on Nodes:\n%s", s)
	}
}
