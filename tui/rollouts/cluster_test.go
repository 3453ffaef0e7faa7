package rollouts_test

import (
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func TestSeveralRolloutsAtOnce(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "api", "--image=nginx:1.27", "--replicas=2")
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=nginx:1.27")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("rollouts " + ns)
	d.Wait(ns+" / rollouts", "2/2", "1/1")
	c.Kubectl(t, "-n", ns, "set", "image", "deployment/api", "nginx=nginx:broken")
	c.Kubectl(t, "-n", ns, "set", "image", "deployment/web", "nginx=nginx:broken")
	d.Wait("stuck", "2 not well", "ImagePull")

	// Both back at once.
	d.Keys("N", "g", "space", "space")
	d.Wait("2 marked")
	d.Keys("u")
	d.Wait("This will change", "undo deployment.apps/api to revision 1", "undo deployment.apps/web to revision 1")
	d.Keys("y")
	d.Wait("done: 2 changes")
	d.Wait("rolled out", "all well")

	// The images of earlier revisions are offered.
	d.Keys("i")
	d.Wait("Image of", "ctrl-n: nginx:broken")
	d.Keys("ctrl+n", "enter")
	d.Wait("This will change", "image: nginx:broken")
	d.Keys("esc")

	// The rollout, and what its revisions changed.
	d.Keys("enter")
	d.Wait("REV", "image was nginx:broken")
	d.Keys("j", "m", "k")
	d.Wait("DIFF  2 → 3", "from the marked revision")
}
