package tui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

// tolerant is a Deployment whose Pods leave a lost node after a second, where others wait five minutes.
const tolerant = `{
  "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shy"},
  "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "shy"}}, "template": {
    "metadata": {"labels": {"app": "shy"}},
    "spec": {
      "containers": [{"name": "c", "image": "nginx"}],
      "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": {
        "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["extra"]}]}}]}},
      "tolerations": [
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1},
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}]}}}}`

func TestNodesAreAddedSwitchedOffAndRemovedByKeys(t *testing.T) {
	t.Parallel() // it waits for the grace time of a lost node, which is most of a minute
	c := clustertest.Start(t, clustertest.Options{Nodes: 1})
	ns := clustertest.Namespace(t, c)
	d := tuitest.Sized(t, tui.Options{Cluster: c.Cluster}, 200, 60)
	d.Idle()
	d.Command("nodes")
	d.Wait("node-1", "Ready")
	d.Keys("a")
	d.Wait("Add a node")
	d.Type("extra")
	d.Keys("enter")
	d.Wait("add node/extra", "podarium node add extra")
	d.Keys("y")
	d.Wait("done: add node/extra")
	c.Kubectl(t, "wait", "--for=create", "node/extra", "--timeout=120s")
	c.Kubectl(t, "wait", "--for=condition=Ready", "node/extra", "--timeout=120s") // the Pod goes elsewhere else: it only prefers this one
	file := filepath.Join(t.TempDir(), "shy.json")
	if err := os.WriteFile(file, []byte(tolerant), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "-n", ns, "apply", "-f", file)
	clustertest.Eventually(t, "the Pod to run on the new node", func() bool {
		return c.Kubectl(t, "-n", ns, "get", "pods", "-o", "jsonpath={.items[*].spec.nodeName} {.items[*].status.phase}") == "extra Running"
	})

	// Off: its Pod goes where there is a node.
	d.Command("nodes /extra")
	d.Wait("1 of 2   /extra")
	d.Keys("p")
	d.Wait("switch off node/extra", "podarium node off extra", ns+"/shy-", "▸ Cancel")
	d.Keys("y")
	d.Wait("done: switch off node/extra")
	d.Wait("NotReady")
	d.Command("po " + ns)
	d.WaitFor("the Pod to leave and another to run", func(s string) bool {
		return strings.Contains(s, "Terminating") && strings.Contains(s, "Running")
	})

	// On again, by the key that takes changes back.
	d.Command("nodes /extra")
	d.Wait("NotReady")
	d.Keys("U")
	d.Wait("undo: switch off node/extra", "podarium node on extra")
	d.Keys("y")
	d.WaitGone("NotReady")

	d.Keys("x")
	d.Wait("Remove extra", "lose data")
	d.Keys("enter")
	d.Wait("remove node/extra", "podarium node remove extra --force", "▸ Cancel")
	d.Keys("y")
	d.Wait("nothing matches")
	if out := c.Kubectl(t, "get", "nodes", "-o", "name"); strings.TrimSpace(out) != "node/node-1" {
		t.Errorf("there are %s", out)
	}
}
