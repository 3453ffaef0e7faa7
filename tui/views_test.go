package tui_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/tuitest"
)

func TestWorkloadsInOneTableWithTheKeysOfTheirKinds(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "expose", "deployment", "web", "--port=80")
	d.Command("wk " + ns)
	d.Wait(ns+" / workloads", "deploy   web", "svc      web", "3/3", "Running")
	d.Keys("/")
	d.Type("KIND:deploy")
	d.Keys("enter")
	d.Wait("1 of 6")
	d.Keys("s", "backspace", "2", "enter")
	d.Wait("replicas: 3", "replicas: 2")
	d.Keys("y")
	d.Wait("2/2")
}

func TestUsageIsInTheTables(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "run", "web", "--image=nginx:1.27")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns)
	d.Wait("web", "CPU", "MEM", "Mi")
	d.Keys("enter")
	d.Wait("containers", "CPU  %R  %L")
	d.Command("nodes")
	d.Wait("node-1", "%CPU", "%MEM")
}

func TestTreeAndUsedBy(t *testing.T) {
	d, c, ns := start(t)
	c.Kubectl(t, "-n", ns, "create", "configmap", "settings", "--from-literal=a=b")
	c.Kubectl(t, "-n", ns, "set", "env", "deployment/web", "--from=configmap/settings")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web")
	d.Command("xray deploy /web")
	d.Wait(`"/web" is no namespace; / filters what is shown`)
	d.Command("xray deploy " + ns)
	d.Wait("deployments / tree", "Deployment web", "├─ ReplicaSet web-", "ConfigMap settings", "ServiceAccount default")
	d.Command("cm " + ns + " /settings")
	d.Wait("1 of 2")
	d.Keys("u")
	d.Wait("used by", "Deployment", "env A of container nginx")
}

func TestAccessByCommand(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "viewers", "--clusterrole=view", "--user=ann")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("ns " + ns)
	d.Command("can list deploy")
	d.Resize(160, 40) // of a narrow table the bindings leave first
	d.Wait("who can list deployments", "in "+ns, "ann", "ClusterRole/view", "RoleBinding/viewers")
}

// apply applies a manifest.
func apply(t *testing.T, c *clustertest.Cluster, manifest string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Kubectl(t, "apply", "-f", path)
}

// TestCustomResources goes through what a table offers on a kind that no program here knows: columns of the server's and of
// the user's own, filters by them, the pane beside the table, scaling, and what belongs to an object by the configuration.
func TestCustomResources(t *testing.T) {
	c, ns := clustertest.Shared(t)
	apply(t, c, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.views.example.com}
spec:
  group: views.example.com
  scope: Namespaced
  names: {plural: gears, singular: gear, kind: Gear, shortNames: [gr]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    subresources: {scale: {specReplicasPath: .spec.teeth, statusReplicasPath: .status.teeth}}
    additionalPrinterColumns: [{name: Teeth, type: integer, jsonPath: .spec.teeth}]
`)
	c.Kubectl(t, "wait", "--for=condition=Established", "crd/gears.views.example.com")
	for name, teeth := range map[string]string{"small": "8", "large": "64"} {
		apply(t, c, "{apiVersion: views.example.com/v1, kind: Gear, metadata: {name: "+name+", namespace: "+ns+"}, spec: {teeth: "+teeth+", metal: {name: brass}}}")
	}
	d := withConfig(t, tui.Options{Cluster: c.Cluster, StateDir: t.TempDir()}, `
views: {gears: {columns: [NAME, TEETH, 'METAL:.spec.metal.name', AGE]}}
jumps: {views.example.com/v1/gears: {targetGVR: v1/configmaps, labelSelector: "gear={{.metadata.name}}"}}
`)
	d.Command("gr " + ns)
	d.Wait(ns+" / gears", "NAME", "TEETH", "METAL", "large", "64", "brass", "small")
	d.Keys("/")
	d.Type("TEETH:>10 METAL:bra")
	d.Keys("enter")
	d.Wait("1 of 2", "large")
	d.WaitGone("small")
	d.Keys("|")
	d.Wait("yaml", "metal:", "teeth: 64")
	d.Keys("`", "esc", "|")
	d.WaitGone("teeth: 64")
	c.Kubectl(t, "-n", ns, "patch", "gear", "large", "--type=merge", "-p", `{"spec":{"metal":{"name":"brass-and-steel"}}}`)
	d.Wait("brass-and-steel")
	d.Keys("s") // it has the scale subresource
	d.Wait("Scale large", "64")
	d.Keys("ctrl+u")
	d.Type("48")
	d.Keys("enter")
	d.Wait("scale gear.views.example.com/large from 64 to 48")
	d.Keys("y")
	d.Wait("done: scale")
	d.Wait(" 48 ")
	d.Keys("C", "j", "space", "enter") // without TEETH
	d.WaitGone("TEETH ")
	c.Kubectl(t, "-n", ns, "create", "configmap", "of-large", "--from-literal=k=v")
	c.Kubectl(t, "-n", ns, "label", "configmap", "of-large", "gear=large")
	d.Keys("enter") // where the configuration leads
	d.Wait("configmaps / of large", "of-large")
	d.WaitGone("kube-root-ca.crt")
}
