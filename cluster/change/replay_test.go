package change_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cluster/edit"
)

// TestScriptsRunInKubectl makes changes of every kind in one namespace, runs the script of them on another that began alike, and
// compares.
func TestScriptsRunInKubectl(t *testing.T) {
	c, ns := clustertest.Shared(t)
	other := clustertest.Namespace(t, c)
	ctx, door := t.Context(), change.NewDoor(c.Cluster)
	for _, n := range []string{ns, other} {
		c.Kubectl(t, "-n", n, "create", "deployment", "web", "--image=nginx", "--replicas=1")
		c.Kubectl(t, "-n", n, "create", "configmap", "old", "--from-literal=k=v")
		c.Kubectl(t, "-n", n, "run", "alone", "--image=busybox", "--", "sleep", "3600")
		c.Kubectl(t, "-n", n, "wait", "--for=condition=Ready", "pod/alone", "--timeout=60s")
	}
	ref := func(group, kind, resource, name string) change.Ref {
		return change.Ref{Resource: schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}, Kind: kind, Namespace: ns, Name: name}
	}
	web, old, alone := ref("apps", "Deployment", "deployments", "web"), ref("", "ConfigMap", "configmaps", "old"), ref("", "Pod", "pods", "alone")
	value := "it's quoted"
	apply := func(o edit.ApplyOptions, text string) func() (*change.Plan, error) {
		return func() (*change.Plan, error) {
			o.Namespace = ns
			items, err := edit.Apply(ctx, c.Cluster, o, []byte(text))
			if err != nil {
				return nil, err
			}
			return items[0].Plan, items[0].Err
		}
	}
	for _, plan := range []func() (*change.Plan, error){
		func() (*change.Plan, error) { return change.Scale(ctx, c.Cluster, web, 2) },
		func() (*change.Plan, error) {
			return edit.Annotate(ctx, c.Cluster, web, map[string]*string{"note": &value})
		},
		func() (*change.Plan, error) {
			return change.Update(ctx, c.Cluster, change.Edit{Ref: web, Summary: "set revisionHistoryLimit", Mutate: func(o *unstructured.Unstructured) error {
				return unstructured.SetNestedField(o.Object, int64(3), "spec", "revisionHistoryLimit")
			}})
		},
		apply(edit.ApplyOptions{}, "{apiVersion: v1, kind: ConfigMap, metadata: {name: applied}, data: {k: \"it's\"}}"),
		apply(edit.ApplyOptions{}, "{apiVersion: v1, kind: ConfigMap, metadata: {name: applied}, data: {l: m}}"),
		apply(edit.ApplyOptions{ServerSide: true}, "{apiVersion: v1, kind: ConfigMap, metadata: {name: served}, data: {k: v}}"),
		func() (*change.Plan, error) { return change.Delete(ctx, c.Cluster, old, change.DeleteOptions{}) },
		func() (*change.Plan, error) { return change.Evict(ctx, c.Cluster, alone, change.DeleteOptions{}) },
	} {
		p, err := plan()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := door.Apply(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	var script strings.Builder
	for _, r := range door.Records() {
		script.WriteString(r.Plan.Script())
	}
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	text := "set -e\nkubectl() { '" + bin + "' --data-dir '" + c.DataDir + "' kubectl \"$@\"; }\n" + strings.ReplaceAll(script.String(), ns, other)
	if out, err := exec.CommandContext(ctx, "sh", "-c", text).CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v: %s", text, err, out)
	}
	for _, n := range []string{ns, other} {
		clustertest.Eventually(t, "the Pod to go", func() bool {
			_, err := c.TryKubectl(t, "-n", n, "get", "pod", "alone")
			return err != nil
		})
	}
	state := func(n string) string {
		return fmt.Sprint(
			c.Kubectl(t, "-n", n, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas} {.spec.revisionHistoryLimit} {.metadata.annotations.note}"),
			c.Kubectl(t, "-n", n, "get", "configmaps", "-o", "jsonpath={range .items[?(@.metadata.name!=\"kube-root-ca.crt\")]}{.metadata.name} {.data}\n{end}"),
		)
	}
	if a, b := state(ns), state(other); a != b || !strings.Contains(a, "it's quoted") {
		t.Errorf("podarium's:\n%s\nkubectl's:\n%s\nby\n%s", a, b, text)
	}
}
