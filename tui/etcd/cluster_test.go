package etcd_test

import (
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// TestFromObjectToKeyAndBack drives the whole UI on a real cluster.
func TestFromObjectToKeyAndBack(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "create", "deployment", "web", "--image=nginx:1", "-n", ns)
	d := tuitest.Sized(t, tui.Options{Cluster: c.Cluster}, 160, 60)
	d.Command("deploy " + ns)
	d.Wait(ns+" / deployments", "web") // home shows the Deployment too
	d.Keys("K")
	d.Wait("/registry/deployments/"+ns+"/web", "stored as apps/v1 ", "image: nginx:1", "live") // the kind is left out where who wrote it takes the room
	c.Kubectl(t, "set", "image", "deployment/web", "nginx=nginx:2", "-n", ns)
	d.Wait("image: nginx:1 → nginx:2", "kubectl-set")
	c.Kubectl(t, "scale", "deployment/web", "--replicas=3", "-n", ns)
	d.Wait("spec.replicas: 1 → 3")
	d.Keys("K")
	d.WaitGone("REVISIONS")
	d.Wait("kind: Deployment", "resourceVersion:")
	d.Keys("esc", "t")
	d.Wait("/registry/deployments/" + ns + "/  1 key")
	d.Command("watch /registry/configmaps/" + ns + "/")
	d.Wait("live")
	c.Kubectl(t, "create", "configmap", "app", "--from-literal=a=b", "-n", ns)
	d.Wait("app", "created", "1 seen")
	c.Kubectl(t, "delete", "configmap", "app", "-n", ns)
	d.Wait("deleted", "a: b")
}

// TestBringBack goes back to an earlier revision, and creates a deleted object anew, from the key's screen.
func TestBringBack(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "create", "configmap", "app", "--from-literal=colour=blue", "-n", ns)
	c.Kubectl(t, "patch", "configmap", "app", "-n", ns, "-p", `{"data":{"colour":"red"}}`)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("key /registry/configmaps/" + ns + "/app")
	d.Wait("blue → red", "created")
	d.Keys("j")
	d.Wait("colour: blue")
	d.Keys("B")
	d.Wait("This will change", "blue")
	d.Keys("enter")
	d.Wait("red → blue")
	c.Kubectl(t, "delete", "configmap", "app", "-n", ns)
	d.Keys("g")
	d.Wait("deleted; this was its last value")
	d.Keys("B")
	d.Wait("This will change", "create")
	d.Keys("enter")
	clustertest.Eventually(t, "the ConfigMap to be back", func() bool {
		out, err := c.TryKubectl(t, "get", "configmap", "app", "-n", ns, "-o", "jsonpath={.data.colour}")
		return err == nil && out == "blue"
	})
}

// TestBrowseAsAUser searches, sorts, pins the past and compares it with now, by keys and commands.
func TestBrowseAsAUser(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "create", "configmap", "app", "--from-literal=colour=blue", "-n", ns)
	c.Kubectl(t, "patch", "configmap", "app", "-n", ns, "-p", `{"data":{"colour":"red"}}`)
	d := tuitest.Sized(t, tui.Options{Cluster: c.Cluster}, 160, 50)
	dir := "/registry/configmaps/" + ns + "/"
	d.Command("key " + dir + "app")
	d.Wait("blue → red", "created")
	d.Keys("j")
	d.Wait("colour: blue")
	d.Keys("P")
	d.Wait("the past, as at revision", "colour: blue", dir)
	d.Keys("=")
	d.Wait("→ now", "compared", "colour: blue → red")
	d.Keys("esc")
	d.Command("search " + ns + "/app")
	d.Wait("1 found", "configmaps/"+ns+"/app")
	d.Keys("f", "tab")
	d.Type("colour: red")
	d.Keys("enter")
	d.Wait("values have colour: red", "1 found", "colour: red")
	d.Keys("enter")
	d.Wait("stored as v1 ConfigMap")
	d.Command("list " + dir)
	d.Wait("2 keys", "kube-root-ca.crt")
	d.Keys("s")
	d.Wait("SIZE ↓", "by size")
	d.Command("watch " + dir + " /registry/secrets/" + ns + "/")
	d.Wait("changes of 2 prefixes", "live")
	c.Kubectl(t, "create", "secret", "generic", "login", "--from-literal=password=hunter2", "-n", ns)
	c.Kubectl(t, "delete", "configmap", "app", "-n", ns)
	d.Wait("2 seen", "secrets/"+ns+"/login", "deleted")
	d.Command("etcd-leases")
	d.Wait("ENDS IN", "/registry/")
	d.Command("members")
	d.Wait("healthy", "leader", "by resource")
	d.Keys("tab")
	d.Wait("by writer")
}

// TestRegistryKeysAreDeletedThroughTheAPIFirst offers what passes no check second, and refuses it without leave.
func TestRegistryKeysAreDeletedThroughTheAPIFirst(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "create", "configmap", "app", "--from-literal=a=b", "-n", ns)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("key /registry/configmaps/" + ns + "/app")
	d.Wait("created")
	d.Keys("ctrl+d")
	d.Wait("through the API", "straight from etcd", "--allow-registry-writes")
	d.Keys("j", "enter")
	d.Wait("belongs to a Kubernetes registry")
	d.Keys("ctrl+d")
	d.Wait("through the API")
	d.Keys("enter")
	d.Wait("propagation")
	d.Keys("enter")
	d.Wait("This will change", "delete")
	d.Keys("y")
	d.Wait("deleted; this was its last value")
}
