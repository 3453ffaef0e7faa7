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
	d.Wait("/registry/deployments/"+ns+"/web", "stored as apps/v1 Deployment", "image: nginx:1", "live")
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
