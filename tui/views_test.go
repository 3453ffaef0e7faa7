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
	d.Command("xray deploy " + ns)
	d.Wait("deployments / tree", "Deployment web", "├─ ReplicaSet web-", "ConfigMap settings", "ServiceAccount default")
	d.Command("cm " + ns + " /settings")
	d.Wait("1 of 2")
	d.Keys("u")
	d.Wait("used by", "Deployment", "env A of container nginx")
	d.Command("po " + ns + " /web")
	d.Wait("3 of 3")
	d.Keys("T")
	d.Wait("pods / web-", "Deployment web", "└─ ReplicaSet web-", "   └─ ● Pod web-")
	d.Keys("j", "enter")
	d.Wait(ns + " / replicasets")
	d.Keys("J")
	d.Wait(ns + " / deployments")
}

func TestAccessByCommand(t *testing.T) {
	c, ns := clustertest.Shared(t)
	c.Kubectl(t, "-n", ns, "create", "rolebinding", "viewers", "--clusterrole=view", "--user=ann")
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("ns " + ns)
	d.Command("can list deploy")
	d.Wait("who can list deployments", "in "+ns, "ann", "ClusterRole/view", "RoleBinding/viewers")
	d.Command("can u:ann")
	d.Wait("user / ann / can", "pods/log", "✓")
	d.Command("sa " + ns)
	d.Wait("default")
	d.Keys("enter")
	d.Wait("serviceaccount / "+ns+"/default / can", "ClusterRole/system:discovery")
	d.Command("can fly pigs")
	d.Wait(`no kind "pigs"`)
}

// widgets defines a kind of the user's own.
const widgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.views.example.com}
spec:
  group: views.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wdg]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {colour: {type: string}}}}}}
    additionalPrinterColumns: [{name: Colour, type: string, jsonPath: .spec.colour}]
`

func TestACustomResourceFromItsShortNameToItsKey(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := tuitest.New(t, tui.Options{Cluster: c.Cluster})
	d.Command("po " + ns) // discovery is over before the kind exists
	d.Wait(ns + " / pods")
	d.Idle()
	apply := func(text string) {
		file := filepath.Join(t.TempDir(), "m.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Kubectl(t, "-n", ns, "apply", "-f", file)
	}
	apply(widgets)
	t.Cleanup(func() { _, _ = c.TryKubectl(t, "delete", "crd", "widgets.views.example.com", "--wait=false") }) // the cluster may be gone
	c.Kubectl(t, "wait", "--for=condition=Established", "crd/widgets.views.example.com")
	apply("{apiVersion: views.example.com/v1, kind: Widget, metadata: {name: one}, spec: {colour: green}}")
	d.Command("wdg " + ns)
	d.Wait(ns+" / widgets", "COLOUR", "one", "green")
	c.Kubectl(t, "-n", ns, "patch", "widget", "one", "--type=merge", "-p", `{"spec":{"colour":"blue"}}`)
	d.Wait("blue")
	d.Keys("y")
	d.Wait("kind: Widget", "colour: blue")
	d.Keys("K")
	d.Wait("/registry/views.example.com/widgets/"+ns+"/one", "green", "blue")
	d.Keys("K")
	d.Wait("kind: Widget")
}

func TestSaveATable(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	d, _, ns := start(t)
	d.Command("deploy " + ns)
	d.Wait("web", "3/3")
	d.Keys("ctrl+s")
	d.Wait("saved to ")
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_STATE_HOME"), "podarium", "saved", "test", ns+"-deployments-*.csv"))
	if err != nil || len(files) != 1 {
		t.Fatalf("saved files: %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || !strings.HasPrefix(string(text), "NAME,READY,") || !strings.Contains(string(text), "\nweb,3/3,3,3,20") {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
