package edit

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestServerSideApply(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx, door := t.Context(), change.NewDoor(c.Cluster)
	apply := func(text string, force bool) Item {
		t.Helper()
		items, err := Apply(ctx, c.Cluster, ApplyOptions{Namespace: ns, ServerSide: true, ForceConflicts: force}, []byte(text))
		if err != nil || len(items) != 1 {
			t.Fatalf("%v %v", items, err)
		}
		if items[0].Err == nil {
			if _, err := door.Apply(ctx, items[0].Plan); err != nil {
				t.Fatal(err)
			}
		}
		return items[0]
	}
	value := func(key string) string {
		return c.Kubectl(t, "-n", ns, "get", "configmap", "c", "-o", "jsonpath={.data."+key+"}")
	}
	text := "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {mine: '1'}}"
	if i := apply(text, false); i.Plan == nil || i.Plan.Verb != "create" {
		t.Fatalf("%+v", i)
	}
	if i := apply(text, false); !errors.Is(i.Err, change.ErrNothingToDo) {
		t.Errorf("applied again: %v", i.Err)
	}
	c.Kubectl(t, "-n", ns, "patch", "configmap", "c", "-p", `{"data":{"mine":"2","theirs":"x"}}`)
	text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {mine: '3'}}"
	if i := apply(text, false); !errors.Is(i.Err, change.ErrOwned) || !strings.Contains(i.Err.Error(), "kubectl-patch") || !strings.Contains(i.Err.Error(), ".data.mine") {
		t.Errorf("a field of somebody else's: %v", i.Err)
	}
	if i := apply(text, true); i.Err != nil || value("mine") != "3" || value("theirs") != "x" {
		t.Errorf("by force: %v, %s %s", i.Err, value("mine"), value("theirs"))
	}
	// What is not named any more goes, what others own stays.
	if i := apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {other: why}}", false); i.Err != nil || value("mine") != "" || value("theirs") != "x" || value("other") != "why" {
		t.Errorf("another set of fields: %v", i.Err)
	}
	records := door.Records()
	back, err := door.Undo(ctx, &records[len(records)-1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := door.Apply(ctx, back); err != nil || value("mine") != "3" || value("other") != "" {
		t.Errorf("taken back: %v, %s %s", err, value("mine"), value("other"))
	}

	// A plan is for the object that was seen.
	stale, err := Apply(ctx, c.Cluster, ApplyOptions{Namespace: ns, ServerSide: true, ForceConflicts: true}, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {mine: '4'}}"))
	if err != nil || stale[0].Err != nil {
		t.Fatal(err, stale[0].Err)
	}
	c.Kubectl(t, "-n", ns, "patch", "configmap", "c", "-p", `{"data":{"theirs":"z"}}`)
	if _, err := door.Apply(ctx, stale[0].Plan); !errors.Is(err, change.ErrConflict) {
		t.Errorf("changed meanwhile: %v", err)
	}

	// The commands of the record do the same to an object of another name.
	script := strings.ReplaceAll(records[len(records)-1].Plan.Script(), "name: c\n", "name: d\n")
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	script = strings.ReplaceAll(script, "kubectl ", bin+" --data-dir "+c.DataDir+" kubectl ")
	if out, err := exec.CommandContext(ctx, "sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v: %s", script, err, out)
	}
	ref := change.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Kind: "ConfigMap", Namespace: ns, Name: "d"}
	if o, err := change.Get(ctx, c.Cluster, ref); err != nil || o.Object["data"].(map[string]any)["other"] != "why" {
		t.Errorf("%v %v", o, err)
	}
}
