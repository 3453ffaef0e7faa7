package tui_test

import (
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// TestLabelsByKeys sets a label on two marked objects and an annotation on one, and takes the last back.
func TestLabelsByKeys(t *testing.T) {
	c, ns := clustertest.Shared(t)
	for _, name := range []string{"one", "two"} {
		c.Kubectl(t, "-n", ns, "create", "configmap", name)
		c.Kubectl(t, "-n", ns, "label", "configmap", name, "old=x")
	}
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("cm " + ns + " /one|two")
	d.Wait(ns+" / configmaps", "2 of ")
	d.Keys("space", "j", "space", "L")
	d.Wait("Label", "KEY=VALUE sets")
	d.Type("team=a old-")
	d.Keys("enter")
	d.Wait("team: a")
	d.Keys("y")
	get := func(name, of string) string {
		return c.Kubectl(t, "-n", ns, "get", "configmap", name, "-o", "jsonpath={.metadata."+of+"}")
	}
	for _, name := range []string{"one", "two"} {
		clustertest.Eventually(t, "the labels of "+name, func() bool { return get(name, "labels") == `{"team":"a"}` })
	}
	d.Keys(`ctrl+\`, "L")
	d.Wait("KEY=VALUE sets")
	d.Type("note=here")
	d.Keys("tab", "right", "enter")
	d.Wait("note: here")
	d.Keys("y")
	clustertest.Eventually(t, "the annotation", func() bool { return get("two", "annotations") == `{"note":"here"}` })
}
