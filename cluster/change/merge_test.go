package change

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	j, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.UnmarshalJSON(j); err != nil {
		t.Fatal(err)
	}
	return o
}

const deploymentText = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default, uid: u1, resourceVersion: "1", labels: {app: web}, annotations: {a: "1"}}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: "nginx:1", args: [x]}
      - {name: side, image: "side:1"}
status: {readyReplicas: 1}
`

// edit returns the Deployment with edits of the form "old=>new" made in its text.
func edit(t *testing.T, edits ...string) *unstructured.Unstructured {
	t.Helper()
	text := deploymentText
	for _, e := range edits {
		from, to, _ := strings.Cut(e, "=>")
		if !strings.Contains(text, from) {
			t.Fatalf("%q is not in the object", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	return object(t, text)
}

func TestRebase(t *testing.T) {
	newer := `resourceVersion: "1"=>resourceVersion: "2"`
	for name, test := range map[string]struct {
		want     []string // what the plan changes
		live     []string // what others changed meanwhile
		conflict string
	}{
		"only the status":          {[]string{"nginx:1=>nginx:2"}, []string{newer, "readyReplicas: 1=>readyReplicas: 3"}, ""},
		"another annotation":       {[]string{"nginx:1=>nginx:2"}, []string{newer, `{a: "1"}=>{a: "1", b: "2"}`}, ""},
		"the spec":                 {[]string{"nginx:1=>nginx:2"}, []string{newer, "replicas: 3=>replicas: 4"}, "spec.replicas"},
		"the same image":           {[]string{"nginx:1=>nginx:2"}, []string{newer, "nginx:1=>nginx:3"}, "spec.template.spec.containers[app].image"},
		"the same label":           {[]string{"{app: web}, annotations=>{app: api}, annotations"}, []string{newer, "{app: web}, annotations=>{app: db}, annotations"}, "metadata.labels.app"},
		"another object":           {[]string{"nginx:1=>nginx:2"}, []string{newer, "uid: u1=>uid: u2"}, "metadata.uid"},
		"deletion":                 {[]string{"nginx:1=>nginx:2"}, []string{newer, `uid: u1=>uid: u1, deletionTimestamp: "2026-01-01T00:00:00Z"`}, "deletionTimestamp"},
		"an annotation more":       {[]string{`{a: "1"}=>{a: "1", c: "3"}`}, []string{newer, `{a: "1"}=>{a: "1", b: "2"}`}, ""},
		"removal of an annotation": {[]string{`annotations: {a: "1"}=>annotations: {}`}, []string{newer, `{a: "1"}=>{a: "1", b: "2"}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before, want, live := edit(t), edit(t, test.want...), edit(t, test.live...)
			got, err := rebase(Ref{Name: "web"}, before, want, live)
			if test.conflict != "" {
				var c *Conflict
				if !errors.As(err, &c) || !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), test.conflict) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var both *unstructured.Unstructured
			switch name { // where both edits touch the same text
			case "an annotation more":
				both = edit(t, newer, `{a: "1"}=>{a: "1", b: "2", c: "3"}`)
			case "removal of an annotation":
				both = edit(t, newer, `{a: "1"}=>{b: "2"}`)
			default:
				both = edit(t, append(test.live, test.want...)...)
			}
			if !reflect.DeepEqual(got.Object, both.Object) {
				t.Errorf("got %v\nwant %v", got.Object, both.Object)
			}
			if live.GetResourceVersion() != "2" || got.GetResourceVersion() != "2" {
				t.Error("the newer resourceVersion must be the precondition")
			}
		})
	}
}

func TestSchedulingIsNoConflict(t *testing.T) {
	pod := func(spec string) *unstructured.Unstructured {
		return object(t, "{apiVersion: v1, kind: Pod, metadata: {name: p, uid: u}, spec: {"+spec+"}}")
	}
	if _, err := rebase(Ref{Name: "p"}, pod("priority: 0"), nil, pod("priority: 0, nodeName: n")); err != nil {
		t.Error(err)
	}
	if _, err := rebase(Ref{Name: "p"}, pod("nodeName: m"), nil, pod("nodeName: n")); !errors.Is(err, ErrConflict) {
		t.Errorf("another node: %v", err)
	}
}

func TestMergeBackKeepsWhatOthersDidSince(t *testing.T) {
	before, after := edit(t), edit(t, "nginx:1=>nginx:2", "{app: web}, annotations=>{app: web, new: x}, annotations")
	live := edit(t, "nginx:1=>nginx:2", "{app: web}, annotations=>{app: web, new: x, other: y}, annotations", "replicas: 3=>replicas: 7", "side:1=>side:2", "readyReplicas: 1=>readyReplicas: 7")
	got, err := Merge(Ref{Name: "web"}, after, before, live)
	if err != nil {
		t.Fatal(err)
	}
	want := edit(t, "{app: web}, annotations=>{app: web, other: y}, annotations", "replicas: 3=>replicas: 7", "side:1=>side:2", "readyReplicas: 1=>readyReplicas: 7")
	if !reflect.DeepEqual(got.Object, want.Object) {
		t.Errorf("got %v", got.Object)
	}
	live = edit(t, "nginx:1=>nginx:3")
	if _, err := Merge(Ref{Name: "web"}, after, before, live); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "containers[app].image") {
		t.Errorf("an image that was changed again: %v", err)
	}
}

func TestConflictNamesTheWriter(t *testing.T) {
	live := edit(t, "replicas: 3=>replicas: 4")
	live.Object["metadata"].(map[string]any)["managedFields"] = []any{
		map[string]any{"manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:00:02Z"},
		map[string]any{"manager": "kube-controller-manager", "operation": "Update", "time": "2026-01-01T00:00:03Z", "subresource": "status"},
	}
	_, err := rebase(Ref{Name: "web", Kind: "Deployment"}, edit(t), edit(t, "nginx:1=>nginx:2"), live)
	if got := fmt.Sprint(err); !strings.Contains(got, "changed by kubectl since you looked (spec.replicas)") {
		t.Error(got)
	}
}

func TestDiff(t *testing.T) {
	p := &Plan{Before: edit(t), After: edit(t, "nginx:1=>nginx:2", "readyReplicas: 1=>readyReplicas: 9", `resourceVersion: "1"=>resourceVersion: "8"`)}
	want := []Line{
		{'@', ""},
		{' ', "      containers:"}, {' ', "      - args:"}, {' ', "        - x"},
		{'-', "        image: nginx:1"}, {'+', "        image: nginx:2"},
		{' ', "        name: app"}, {' ', "      - image: side:1"}, {' ', "        name: side"},
	}
	if got := p.Diff(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := (&Plan{Before: edit(t)}).Diff(); len(got) < 10 || got[0].Op != '-' {
		t.Errorf("a delete shows the whole object: %v", got)
	}
	if got := (&Plan{Before: edit(t), After: edit(t)}).Diff(); got != nil {
		t.Errorf("no change: %v", got)
	}
}

func TestDiffMasksSecrets(t *testing.T) {
	secret := func(data string) *unstructured.Unstructured {
		return object(t, "{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {"+lastApplied+": hidden-too}}, data: "+data+"}")
	}
	p := &Plan{Before: secret("{a: c2VjcmV0, b: c2FtZQ==, gone: eA==}"), After: secret("{a: b3RoZXI=, b: c2FtZQ==, new: eQ==}")}
	var lines []string
	for _, l := range p.Diff() {
		lines = append(lines, string(l.Op)+l.Text)
	}
	got := strings.Join(lines, "\n")
	for _, want := range []string{"-  a: '*** (before)'", "+  a: '*** (after)'", "   b: '***'", "-  gone: '***'", "+  new: '***'"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, secret := range []string{"c2VjcmV0", "b3RoZXI", "c2FtZQ", "hidden-too"} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is shown:\n%s", secret, got)
		}
	}
	if got := fmt.Sprint(p.DiffWithSecrets()); !strings.Contains(got, "c2VjcmV0") {
		t.Errorf("asked for, and not shown: %s", got)
	}
	if p.Before.Object["data"].(map[string]any)["a"] != "c2VjcmV0" {
		t.Error("the plan itself must keep the values")
	}
}

// TestEditScriptIsADiff checks random texts: the script must lead from one to the other, and be no longer than needed.
func TestEditScriptIsADiff(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() []string {
		out := make([]string, r.IntN(12))
		for i := range out {
			out[i] = string(rune('a' + r.IntN(4)))
		}
		return out
	}
	for range 5000 {
		a, b := text(), text()
		var from, to []string
		edits := 0
		for _, l := range editScript(a, b) {
			if l.Op != '+' {
				from = append(from, l.Text)
			}
			if l.Op != '-' {
				to = append(to, l.Text)
			}
			if l.Op != ' ' {
				edits++
			}
		}
		if strings.Join(from, "") != strings.Join(a, "") || strings.Join(to, "") != strings.Join(b, "") {
			t.Fatalf("%v -> %v: %v -> %v", a, b, from, to)
		}
		if want := len(a) + len(b) - 2*longestCommon(a, b); edits != want {
			t.Fatalf("%v -> %v: %d edits, want %d", a, b, edits, want)
		}
	}
}

func longestCommon(a, b []string) int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := range a {
		for j := range b {
			if a[i] == b[j] {
				table[i+1][j+1] = table[i][j] + 1
			} else {
				table[i+1][j+1] = max(table[i][j+1], table[i+1][j])
			}
		}
	}
	return table[len(a)][len(b)]
}

func BenchmarkDiffOfLargeTexts(b *testing.B) {
	var before, after []string
	for i := range 3000 {
		before = append(before, fmt.Sprint("before ", i))
		after = append(after, fmt.Sprint("after ", i))
	}
	for b.Loop() {
		DiffText(before, after)
	}
}

func TestRecreatable(t *testing.T) {
	pod := object(t, `
apiVersion: v1
kind: Pod
metadata: {name: p, uid: u, resourceVersion: "4", creationTimestamp: "2026-01-01T00:00:00Z", ownerReferences: [{kind: ReplicaSet, name: x}], managedFields: [{manager: m}]}
spec:
  nodeName: node-1
  volumes: [{name: kube-api-access-x7}, {name: data}]
  containers: [{name: c, volumeMounts: [{name: data}, {name: kube-api-access-x7}]}]
status: {phase: Running}`)
	got, warnings := recreatable(pod)
	want := object(t, `
apiVersion: v1
kind: Pod
metadata: {name: p, ownerReferences: [{kind: ReplicaSet, name: x}]}
spec:
  volumes: [{name: data}]
  containers: [{name: c, volumeMounts: [{name: data}]}]`)
	if !reflect.DeepEqual(got.Object, want.Object) || len(warnings) != 2 {
		t.Errorf("got %v %v", got.Object, warnings)
	}
	if pod.GetUID() != "u" {
		t.Error("the original must stay as it is")
	}
	job, _ := recreatable(object(t, `
apiVersion: batch/v1
kind: Job
metadata: {name: j, labels: {batch.kubernetes.io/controller-uid: u, mine: x}}
spec: {selector: {matchLabels: {batch.kubernetes.io/controller-uid: u}}, template: {metadata: {labels: {controller-uid: u, mine: x}}}}`))
	if got := fmt.Sprint(job.Object["spec"], job.GetLabels()); got != "map[template:map[metadata:map[labels:map[mine:x]]]] map[mine:x]" {
		t.Error(got)
	}
}

func TestPatchCommand(t *testing.T) {
	ref := Ref{Kind: "ConfigMap", Name: "c", Namespace: "n"}
	before := object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a: b, x: y}}, data: {k: v, gone: x}}")
	want := object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a: c, x: y}, resourceVersion: '9'}, data: {k: w}, binaryData: {z: ''}}")
	got := patchCommand(ref, before, want)
	if want := `kubectl -n n patch configmap/c --type=merge -p '{"binaryData":{"z":""},"data":{"gone":null,"k":"w"},"metadata":{"labels":{"a":"c"}}}'`; got != want {
		t.Errorf("got %s", got)
	}
	secret := object(t, "{apiVersion: v1, kind: Secret, metadata: {name: c}, data: {k: c2VjcmV0}}")
	if got := patchCommand(ref, secret, object(t, "{apiVersion: v1, kind: Secret, metadata: {name: c}}")); strings.Contains(got, "c2VjcmV0") {
		t.Errorf("a Secret's value on the command line: %s", got)
	}
}

func TestCommand(t *testing.T) {
	ref := Ref{Kind: "Deployment", Name: "web", Namespace: "a b"}
	ref.Resource.Group = "apps"
	if got, want := Command(ref, "label", ref.String(), "x=it's"), `kubectl -n 'a b' label deployment.apps/web 'x=it'\''s'`; got != want {
		t.Errorf("got %s", got)
	}
}
