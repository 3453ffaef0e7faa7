package tui_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// start runs the UI on the shared cluster with a Deployment of three Pods in a namespace of the test's own.
func start(t *testing.T) (*tuitest.Driver, *clustertest.Cluster, string) {
	t.Helper()
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=nginx:1.27", "--replicas=3")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Idle() // a command waits for the discovery of kinds, and the first screen shows the Deployment too
	return d, c, ns
}

func TestScaleImageAndUndoByKeys(t *testing.T) {
	d, c, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")

	// Scale 3 to 5.
	d.Keys("s", "backspace")
	d.Type("5")
	d.Keys("enter")
	d.Wait("replicas: 3", "replicas: 5", "kubectl")
	d.Keys("y")
	d.Wait("5/5")

	// A new image, and the rollout to its end.
	d.Keys("enter")
	d.Wait("REV", "nginx:1.27", "rolled out")
	d.Keys("i")
	d.Wait("Image of web")
	for range len("1.27") {
		d.Keys("backspace")
	}
	d.Type("1.28")
	d.Keys("enter")
	d.Wait("- image: nginx:1.27", "- image: nginx:1.28")
	d.Keys("y")
	d.Wait("nginx:1.28", "rolled out   5 of 5 ready", "DIFF  1 → 2")

	// Back to revision 1.
	d.Keys("j")
	d.Wait("DIFF  2 → 1", "what undo would change")
	d.Keys("u")
	d.Wait("This will change", "rollout undo")
	d.Keys("y")
	d.WaitFor("revision 3 of nginx:1.27", func(s string) bool {
		return strings.Contains(s, "● 3") || strings.Contains(s, "●  3")
	})
	d.Wait("rolled out   5 of 5 ready")
	if image := c.Kubectl(t, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"); image != "nginx:1.27" {
		t.Errorf("the image is %s after undo, want nginx:1.27", image)
	}

	// Take the undo's forerunner back from the list of changes, and see it listed.
	d.Keys("D")
	d.Wait("3 made from here", "scale deployment.apps/web from 3 to 5")
}

func TestUndoTakesTheLastChangeBack(t *testing.T) {
	d, c, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")
	d.Keys("s", "backspace")
	d.Type("1")
	d.Keys("enter")
	d.Wait("This will change")
	d.Keys("enter")
	d.Wait("done: scale")
	d.Wait("1/1")
	d.Keys("U")
	d.Wait("This will change", "replicas: 3")
	d.Keys("y")
	d.Wait("3/3")
	if n := c.Kubectl(t, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"); n != "3" {
		t.Errorf("replicas are %s after undo, want 3", n)
	}
}

// TestUndoTakesAllOfOneChangeBack deletes what is marked, and has all of it back, but for what somebody else has made again meanwhile.
func TestUndoTakesAllOfOneChangeBack(t *testing.T) {
	d, c, ns := start(t)
	for _, name := range []string{"marked-1", "marked-2", "marked-3"} {
		c.Kubectl(t, "-n", ns, "create", "configmap", name, "--from-literal=k=v")
	}
	d.Command("cm " + ns + " /marked")
	d.Wait("marked-1", "marked-3")
	d.Keys("g", "space", "space", "space")
	d.Wait("3 marked")
	d.Keys("ctrl+d")
	d.Wait("Delete configmaps marked-1, marked-2, marked-3")
	d.Keys("enter")
	d.Wait("3 changes")
	d.Keys("y")
	d.Wait("done: 3 changes", "U takes them back")
	c.Kubectl(t, "-n", ns, "create", "configmap", "marked-2", "--from-literal=k=another")
	d.Keys("U")
	d.Wait("2 changes", "undo: delete configmap/marked-3", "undo: delete configmap/marked-1", "this stays as it is", "marked-2 still exists, or exists again")
	d.Keys("y")
	d.Wait("done: 2 changes")
	got := c.Kubectl(t, "-n", ns, "get", "configmaps", "-o", "jsonpath={range .items[*]}{.metadata.name}={.data.k} {end}")
	for _, want := range []string{"marked-1=v", "marked-2=another", "marked-3=v"} {
		if !strings.Contains(got, want) {
			t.Errorf("there are %s, want %s too", got, want)
		}
	}
}

func TestRowsComeAndGoByThemselves(t *testing.T) {
	d, c, ns := start(t)
	d.Command("po " + ns + " /web")
	d.Wait(ns+" / pods", "3 of 3   /web")
	d.Keys("esc") // clears the filter
	c.Kubectl(t, "-n", ns, "run", "extra", "--image=busybox")
	d.Wait("extra")
	c.Kubectl(t, "-n", ns, "delete", "pod", "extra", "--now")
	d.WaitGone("extra")
}

func TestDescribeAndYAMLFollowTheObject(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "create", "secret", "generic", "pass", "--from-literal=word=swordfish")
	d.Command("secrets " + ns)
	d.Wait("pass")
	d.Command("secrets " + ns + " /pass")
	d.Wait("1 of")
	d.Keys("y")
	d.Wait("•••••• (9 bytes)")
	if strings.Contains(d.Screen(), "swordfish") || strings.Contains(d.Screen(), "c3dvcmRmaXNo") {
		t.Error("the value of a Secret is shown before it was asked for")
	}
	d.Keys("x")
	d.Wait("swordfish")
	c.Kubectl(t, "-n", ns, "label", "secret", "pass", "colour=green")
	d.Wait("colour: green")
	d.Keys("d")
	d.Wait("colour=green", "describe")
}

func TestCommandLine(t *testing.T) {
	d, _, ns := start(t)
	d.Keys(":")
	d.Type("dep")
	d.Wait(":deployments", "Deployment  apps  (deploy)")
	d.Keys("tab")
	d.Type(ns[:4])
	d.Wait(":deployments " + ns[:4])
	d.Keys("esc")
	d.Command("nosuchkind")
	d.Wait(`no kind "nosuchkind"`)
	d.Command("ns " + ns)
	d.Wait(ns + " / ")
	d.Command("theme nosuch")
	d.Wait("unknown theme", "podarium-dark")
	d.Keys("?")
	d.Wait("describe", "ctrl-z")
	d.Keys("esc")
	d.Command("deploy")
	d.Wait("deployments")
	d.Keys("[")
	d.WaitGone("deployments")
	d.Keys("]")
	d.Wait("deployments")
}

func TestEditByTheUsersEditor(t *testing.T) {
	d, c, ns := start(t)
	// An editor that sets the replicas to 2, then one that writes nonsense.
	t.Setenv("KUBE_EDITOR", "sed -i s/replicas:.3/replicas:\\x202/")
	d.Command("deploy " + ns)
	d.Wait(ns+" / deployments", "3/3")
	d.Keys("e")
	d.Wait("This will change", "edit deployment.apps/web", "replicas: 2")
	d.Keys("y")
	d.Wait("2/2")
	t.Setenv("KUBE_EDITOR", "sed -i s/replicas:/replikas:/")
	d.Keys("e")
	d.Wait("This cannot be applied", "replikas", "Edit again")
	d.Keys("esc")
	t.Setenv("KUBE_EDITOR", "true")
	d.Keys("e")
	d.Wait("nothing was changed")
	if n := c.Kubectl(t, "-n", ns, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"); n != "2" {
		t.Errorf("replicas are %s, want 2", n)
	}
}

func TestDeleteAndBringBack(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "create", "configmap", "precious", "--from-literal=k=v")
	d.Command("cm " + ns + " /precious")
	d.Wait("1 of 2   /precious")
	d.Keys("ctrl+d")
	d.Wait("Delete configmaps precious", "background")
	d.Keys("enter")
	d.Wait("This will change", "delete configmap/precious", "▸ Cancel")
	d.Keys("enter") // the focus is on Cancel
	d.WaitGone("This will change")
	if _, err := c.TryKubectl(t, "-n", ns, "get", "configmap", "precious"); err != nil {
		t.Fatal("deleted although cancelled")
	}
	d.Keys("ctrl+d", "enter")
	d.Wait("This will change")
	d.Keys("y")
	d.Wait("done: delete") // the row may go before the answer comes
	d.Wait("nothing matches")
	d.Keys("U")
	d.Wait("This will change", "create", "precious")
	d.Keys("y")
	d.Wait("1 of 2   /precious")
	if v := c.Kubectl(t, "-n", ns, "get", "configmap", "precious", "-o", "jsonpath={.data.k}"); v != "v" {
		t.Errorf("it came back with %q", v)
	}
}

func TestCordon(t *testing.T) {
	d, c, _ := start(t)
	d.Command("nodes")
	d.Wait("node-1", "Ready")
	d.Keys("c")
	d.Wait("This will change", "unschedulable: true")
	d.Keys("y")
	d.Wait("Ready,SchedulingDisabled", "▲")
	clustertest.Eventually(t, "the taint of the cordon", func() bool { // a change of the node that comes between preview and answer is refused
		return c.Kubectl(t, "get", "node", "node-1", "-o", "jsonpath={.spec.taints}") != ""
	})
	d.Keys("u")
	d.Wait("This will change", "- ", "unschedulable")
	d.Keys("y")
	d.WaitGone("SchedulingDisabled")
	if v := c.Kubectl(t, "get", "node", "node-1", "-o", "jsonpath={.spec.unschedulable}"); v != "" {
		t.Errorf("unschedulable is %q", v)
	}
	clustertest.Eventually(t, "the node without the taint of the cordon", func() bool {
		return c.Kubectl(t, "get", "node", "node-1", "-o", "jsonpath={.spec.taints}") == ""
	})
}

func TestStuckRolloutIsUndone(t *testing.T) {
	d, c, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait(ns+" / deployments", "3/3")
	c.Kubectl(t, "-n", ns, "set", "image", "deployment/web", "nginx=nginx:broken")
	d.Keys("enter")
	d.Wait("nginx:broken")
	d.Wait("stuck", "ImagePullBackOff")
	d.Keys("j", "u")
	d.Wait("This will change", "rollout undo")
	d.Keys("y")
	d.Wait("rolled out   3 of 3 ready")
}

func TestFromObjectToEtcdAndBack(t *testing.T) {
	d, c, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait(ns+" / deployments", "3/3")
	d.Keys("K")
	d.Wait("/registry/deployments/"+ns+"/web", "protobuf", "replicas: 3")
	d.Keys("tab", "/")
	d.Type("image: nginx")
	d.Keys("enter")
	d.Wait("image: nginx:1.27")
	c.Kubectl(t, "-n", ns, "scale", "deployment", "web", "--replicas=4")
	d.Wait("replicas")
	d.WaitFor("the change of the replicas among the revisions", func(s string) bool {
		return strings.Contains(s, "spec.replicas") && strings.Contains(s, "3 → 4")
	})
	d.Keys("K")
	d.Wait("web", "yaml")
}

func TestContainersAndLogs(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "run", "talker", "--image=busybox", "--", "sh", "-c", "echo first line; sleep 1; echo second line; sleep 3600")
	d.Command("po " + ns + " /talker")
	d.Wait(ns+" / pods", "1 of 4", "Running")
	d.Keys("enter")
	d.Wait("containers", "busybox", "running")
	d.Keys("enter")
	d.Wait("first line", "second line", "following 1 container")
	d.Keys("/")
	d.Type("second")
	d.WaitGone("first line")
	d.Keys("enter", "esc")
	d.Wait("first line", "second line")
	d.Keys("esc")
	d.Wait("containers", "busybox")
}

func TestAnswersWithoutAServer(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("cm kube-system")
	d.Wait("kube-system / configmaps", "kube-root-ca.crt")
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.Exited
	d.Wait("✗", "no answer", "kube-root-ca.crt") // the rows stay, and it is said that they may be old
	longest := time.Duration(0)
	for _, k := range []string{"j", "d", "esc", "y", "esc", "?", "esc", ":", "n", "o", "esc", "G", "g", "N", "K", "esc", "0", "1", "["} {
		start := time.Now()
		d.Keys(k)
		_ = d.Screen()
		longest = max(longest, time.Since(start))
	}
	if longest > time.Second { // a call would take its timeout; drawing takes milliseconds
		t.Errorf("a key took %s", longest)
	}
	d.Command("quit")
	if !d.Model.Quitting() {
		t.Error("it does not quit")
	}
}

func TestPortForward(t *testing.T) {
	d, _, ns := start(t)
	d.Command("po " + ns)
	d.WaitFor("three Pods that run", func(s string) bool { return strings.Count(s, "1/1     Running") == 3 })
	d.Keys("F")
	d.Wait("Forward a port to web-")
	d.Keys("enter")
	d.Wait("port-forwards", "● "+ns+"/web-", "localhost:")
	m := regexp.MustCompile(`localhost:([1-9]\d*)`).FindString(d.Screen())
	resp, err := http.Get("http://" + m) //nolint:noctx // a test of its own
	if err != nil {
		t.Fatalf("through %s: %v", m, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	d.Keys("ctrl+d")
	d.Wait("none is open")
	if _, err := http.Get("http://" + m); err == nil { //nolint:noctx,bodyclose // it must fail
		t.Error("it still listens after it was stopped")
	}
}
