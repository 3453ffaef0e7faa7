package tui_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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

func TestDeleteSaysWhatGoesWithIt(t *testing.T) {
	d, c, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")
	d.Keys("ctrl+d")
	d.Wait("Delete deployments web", "grace in seconds")
	d.Keys("enter")
	d.Wait("goes with it: 1 ReplicaSet, 3 Pod", "replicaset.apps/web-", "pod/web-", "--cascade=background")
	d.Keys("esc", "ctrl+d", "left", "enter") // the last choice: orphan
	d.Wait("stays, without an owner: 1 ReplicaSet", "--cascade=orphan")
	d.Keys("y")
	d.Wait("done: delete")
	d.Command("rs " + ns)
	d.Wait("web-")
	if got := c.Kubectl(t, "-n", ns, "get", "rs", "-o", "jsonpath={.items[*].metadata.ownerReferences}"); got != "" {
		t.Errorf("the ReplicaSet has the owners %s", got)
	}
	d.Keys("U")
	d.Wait("This will change", "create")
	d.Keys("y")
	clustertest.Eventually(t, "the Deployment to take its ReplicaSet back", func() bool {
		return strings.Contains(c.Kubectl(t, "-n", ns, "get", "rs", "-o", "jsonpath={.items[*].metadata.ownerReferences[*].name}"), "web")
	})
}

func TestDrainIsLookedAt(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Nodes: 2})
	ns := clustertest.Namespace(t, c)
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=nginx", "--replicas=4")
	c.Kubectl(t, "-n", ns, "run", "alone", "--image=busybox", "--overrides", `{"spec":{"nodeName":"node-1"}}`, "--", "sleep", "3600")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("nodes /node-1")
	d.Wait("1 of 2")
	d.Keys("r")
	d.Wait("Drain node-1", "Pods of DaemonSets")
	d.Keys("enter")
	d.Wait("node-1 cannot be drained like this", "alone", "Choose again") // nothing makes that Pod again
	d.Keys("y", "tab", "tab", "right", "enter")
	d.Wait("kubectl drain node-1", "unschedulable: true", "no controller will make it again")
	d.Keys("y")
	d.Wait("nodes / node-1 / drain")
	d.Wait("drained", "gone")
	if pods := c.Kubectl(t, "-n", ns, "get", "pods", "--field-selector=spec.nodeName=node-1", "-o", "name"); pods != "" {
		t.Errorf("still on the node: %s", pods)
	}
	d.Keys("U") // evictions are final, the cordon is not
	d.Wait("undo: cordon node/node-1", "and cannot be taken back, as evictions, stays done", "- ", "unschedulable: true")
	d.Keys("y")
	d.Wait("done: undo: cordon node/node-1")
}

func TestCronJobOnScreen(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "cronjob", "nightly", "--image=busybox", "--schedule=0 0 1 1 *", "--", "echo", "hi")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("cj " + ns)
	d.Wait(ns+" / cronjobs", "nightly", "False")
	d.Keys("t")
	d.Wait("This will change", "run cronjob.batch/nightly now", "kubectl -n "+ns+" create job nightly-manual-")
	d.Keys("y")
	d.Wait("done: run cronjob.batch/nightly now")
	c.Kubectl(t, "-n", ns, "wait", "--for=condition=Complete", "job", "-l", "batch.kubernetes.io/job-name", "--timeout=60s")
	d.Keys("s")
	d.Wait("suspend cronjob.batch/nightly", "-   suspend: false", "+   suspend: true")
	d.Keys("y")
	d.Wait("nightly", "True", "done: suspend")
	d.Keys("s")
	d.Wait("resume cronjob.batch/nightly", "+   suspend: false")
	d.Keys("y")
	d.Wait("nightly", "False", "done: resume")
	d.Keys("U")
	d.Wait("undo: resume cronjob.batch/nightly")
	d.Keys("y")
	d.Wait("nightly", "True")
}

func TestEditAgainAfterAConflict(t *testing.T) {
	d, c, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait(ns+" / deployments", "3/3")
	t.Setenv("KUBE_EDITOR", "sed -i s/replicas:.3/replicas:\\x204/")
	d.Keys("e")
	d.Wait("This will change", "replicas: 4")
	c.Kubectl(t, "-n", ns, "scale", "deployment", "web", "--replicas=2") // between the preview and its answer
	t.Setenv("KUBE_EDITOR", "sed -i s/replicas:.2/replicas:\\x205/")
	d.Keys("y")
	d.Wait("Somebody else changed it too", "spec.replicas", "Edit the newer one")
	d.Keys("y")
	d.Wait("This will change", "- ", "replicas: 2", "replicas: 5")
	d.Keys("y")
	d.Wait("5/5")
}

func TestDebugContainer(t *testing.T) {
	d, c, ns := box(t)
	d.Keys("B")
	d.Wait("Debug container in box", "sees the processes of")
	d.Keys("enter")
	d.Wait("This will change", "kubectl -n "+ns+" debug box", "ephemeralContainers", "cannot be undone")
	d.Keys("y")
	d.Wait("debugger-", "attached", "connected")
	d.Keys("enter")
	d.Type("echo in $((40+2))")
	d.Keys("enter")
	d.Wait("in 42")
	d.Type("exit")
	d.Keys("enter")
	d.Wait("○ ended")
	d.Keys("enter", "enter")
	d.Wait("/ containers", "debugger-", "debug   ")
	if got := c.Kubectl(t, "-n", ns, "get", "pod", "box", "-o", "jsonpath={.spec.ephemeralContainers[0].targetContainerName}"); got != "box" {
		t.Errorf("the target is %q", got)
	}
}

func TestShellOnANode(t *testing.T) {
	c, _ := clustertest.Shared(t)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("nodes")
	d.Wait("node-1", "Ready")
	d.Keys("s")
	d.Wait("Shell on node-1", "under /host", "profile")
	d.Keys("enter")
	d.Wait("This will change", "kubectl -n default debug node/node-1", "deleted when you leave", "stdinOnce: true")
	d.Keys("y")
	d.Wait("node-debugger-node-1-", "attached", "connected")
	d.Keys("enter")
	d.Type("echo in $((40+2)); ls -d /host")
	d.Keys("enter")
	d.Wait("in 42", "\n/host")
	d.Keys("ctrl+]", "q")
	d.Wait("nodes", "node-1")
	clustertest.Eventually(t, "the Pod to go with its shell", func() bool {
		return !strings.Contains(c.Kubectl(t, "-n", "default", "get", "pods", "-o", "name"), "node-debugger")
	})
	d.Keys("U")
	d.Wait("nothing was changed from here that could be taken back")
}

func TestCopyFiles(t *testing.T) {
	d, c, ns := box(t)
	c.Kubectl(t, "-n", ns, "exec", "box", "--", "sh", "-c", "mkdir /tmp/d; echo one > /tmp/d/f")
	dir := t.TempDir()
	d.Keys("t")
	d.Wait("Copy files: box", "path in the container")
	d.Keys("tab", "tab") // from the container, this container
	d.Type("d")
	d.Keys("tab", "backspace", "backspace")
	d.Type(dir + "/copy")
	d.Keys("enter")
	d.Wait("file copies", "all done", "1 files, 4 B")
	if b, err := os.ReadFile(filepath.Join(dir, "copy", "f")); err != nil || string(b) != "one\n" {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestApplyAndDiffADirectory(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns) // the namespace for what names none
	d.Wait(ns + " / pods")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: before}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: two}, spec: {ports: [{port: 80}]}}\n")
	write("2.yaml", "{apiVersion: v1, kind: Service, metadata: {name: three}, spec: {ports: [{port: 99999}]}}\n")
	write("notes.txt", "not a manifest")
	d.Command("diff " + dir)
	d.Wait("configmap/one", "service/two", "2 to create", "1 cannot", "service/three")
	d.Keys("j", "j")
	d.Wait("Invalid value: 99999")
	write("2.yaml", "{apiVersion: v1, kind: Service, metadata: {name: three}, spec: {ports: [{port: 81}]}}\n")
	d.Keys("r")
	d.Wait("3 to create", "nothing is done yet")
	d.Keys("k", "k")
	d.Wait("+   k: before")
	d.Keys("a")
	d.Wait("3 objects will be created")
	d.Keys("y")
	d.Wait("3 applied", "as the manifest says")
	write("1.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: after}}\n")
	d.Keys("r")
	d.Wait("1 to change", "-   k: before", "+   k: after")
	d.Keys("a", "y")
	d.Wait("2 applied")
	if got := c.Kubectl(t, "-n", ns, "get", "configmap", "one", "-o", "jsonpath={.data.k}"); got != "after" {
		t.Errorf("it has %q", got)
	}
	d.Keys("U")
	d.Wait("This will change", "k: before")
	d.Keys("y")
	d.Wait("done: undo")
	d.Command("apply " + dir + "/nowhere")
	d.Wait("no such file")
}

func TestApplyWithKubectlsFlags(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("cm " + ns)
	d.Wait(ns+" / configmaps", "kube-root-ca.crt")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a/b/one.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: mine}}\n")
	write("k/kustomization.yaml", "resources: [two.yaml]\nnamePrefix: prod-\n")
	write("k/two.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {k: v}}\n")

	d.Command("apply " + dir + "/a")
	d.Wait("holds no .yaml", "-R looks below it")
	d.Command("apply -R " + dir + "/a")
	d.Wait("apply and below", "configmap/one", "1 to create")
	d.Keys("a", "y")
	d.Wait("1 applied")
	d.Command("apply " + dir + "/k")
	d.Wait("apply kustomize", "configmap/prod-two")
	d.Keys("a", "y")
	d.Wait("1 applied")

	c.Kubectl(t, "-n", ns, "apply", "--server-side", "--force-conflicts", "--field-manager=flux", "-f", filepath.Join(dir, "a/b/one.yaml"))
	write("a/b/one.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: other}}\n")
	d.Command("apply --server-side -R " + dir + "/a")
	d.Wait("server-side", "1 cannot be applied", "flux", "--force-conflicts would take over")
	d.Command("apply --server-side --force-conflicts -R " + dir + "/a")
	d.Wait("forced", "1 to change", "-   k: mine", "+   k: other")
	d.Keys("a", "y")
	d.Wait("1 applied", "as the manifest says")
	d.Keys("ctrl+d")
	d.Wait("Delete configmaps one")
	d.Keys("enter")
	d.Wait("This will change", "delete configmap/one")
	d.Keys("y")
	d.Wait("done: delete", "1 to create")
	if got := c.Kubectl(t, "-n", ns, "get", "configmaps", "-o", "name"); strings.Contains(got, "configmap/one") || !strings.Contains(got, "configmap/prod-two") {
		t.Errorf("there are %s", got)
	}
}

func TestCreateFromATemplate(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns)
	d.Wait(ns + " / pods")
	t.Setenv("KUBE_EDITOR", "sed -i s/#.replicas:.*/replicas:\\x202/")
	d.Command("create deploy fresh")
	d.Wait("apply", "deployment.apps/fresh", "1 to create", "replicas: 2")
	d.Keys("a", "y")
	d.Wait("1 applied")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/fresh", "--timeout=60s")
}

func TestAForwardGoesOnWithAnotherPod(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "expose", "deployment", "web", "--port=8080", "--target-port=80")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	d.Command("svc " + ns + " /web")
	d.Wait("1 of 1")
	d.Keys("F")
	d.Wait("Forward a port to web", "8080")
	d.Keys("enter")
	d.Wait("port-forwards", ns+"/service/web", "to web-")
	local := regexp.MustCompile(`localhost:([1-9]\d*)`).FindString(d.Screen())
	get := func() error {
		resp, err := http.Get("http://" + local) //nolint:noctx // a test of its own
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	pod := regexp.MustCompile(`to (web-\S+)`).FindStringSubmatch(d.Screen())[1]
	c.Kubectl(t, "-n", ns, "delete", "pod", pod, "--now")
	d.Wait("taken up again")
	clustertest.Eventually(t, "the same local port to lead to another Pod", func() bool { return get() == nil })
}

func TestScaleSaysWhereAndWhich(t *testing.T) {
	d, _, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")
	d.Keys("s")
	d.Wait("Scale web")
	d.Keys("backspace")
	d.Type("5")
	d.Keys("enter")
	d.Wait("where 2 new Pods would go, an estimate", "node-1  2 Pods")
	d.Keys("esc", "s")
	d.Wait("Scale web")
	d.Keys("backspace")
	d.Type("1")
	d.Keys("enter")
	d.Wait("these Pods would go", "on node-1")
}
