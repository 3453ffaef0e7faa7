package edit

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func configMap(ns, name string) change.Ref {
	return change.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Kind: "ConfigMap", Namespace: ns, Name: name}
}

func applyAll(t *testing.T, door *change.Door, items []Item, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if i.Err != nil {
			t.Fatal(i.Err)
		}
		if _, err := door.Apply(t.Context(), i.Plan); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, c *clustertest.Cluster, ref change.Ref) *unstructured.Unstructured {
	t.Helper()
	o, err := c.Dynamic().Resource(ref.Resource).Namespace(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestEdit(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx, door := t.Context(), change.NewDoor(c.Cluster)
	ref := configMap(ns, "c")
	items, err := Apply(ctx, c.Cluster, ApplyOptions{Namespace: ns}, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: '1', b: '1'}}"))
	applyAll(t, door, items, err)

	s, err := Begin(ctx, c.Cluster, ref)
	if err != nil {
		t.Fatal(err)
	}
	text := string(s.Text)
	if strings.Contains(text, "managedFields") || !strings.Contains(text, "a: \"1\"") {
		t.Errorf("text: %s", text)
	}
	for _, bad := range []struct{ from, to, want string }{
		{"kind: ConfigMap", "kind: Secret", `kind was "ConfigMap" and is "Secret"`},
		{"  name: c\n", "  name: d\n", "create another object instead"},
		{"  a: \"1\"", "  a: \"1\"\n  a: \"2\"", "line"},
		{"  a: \"1\"", "  a: [", "yaml: line"},
	} {
		if _, err := s.Plan(ctx, c.Cluster, []byte(strings.Replace(text, bad.from, bad.to, 1))); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: %v", bad.to, err)
		}
	}
	for _, same := range []string{text, "", "  \n"} {
		if _, err := s.Plan(ctx, c.Cluster, []byte(same)); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("%q: %v", same, err)
		}
	}
	if _, err := s.Plan(ctx, c.Cluster, []byte(text+"nonsense: 1\n")); !apierrors.IsInvalid(err) || err.Error() != `the server would refuse: strict decoding error: unknown field "nonsense"` {
		t.Errorf("an unknown field: %v", err)
	}

	// Someone else changes b while a is edited: both stay. Then someone else changes a too.
	c.Kubectl(t, "-n", ns, "patch", "configmap", "c", "--type=merge", "-p", `{"data":{"b":"theirs"}}`)
	p, err := s.Plan(ctx, c.Cluster, []byte(strings.Replace(text, "a: \"1\"", "a: mine", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := door.Apply(ctx, p); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(read(t, c, ref).Object["data"]); got != "map[a:mine b:theirs]" {
		t.Error(got)
	}
	_, err = s.Plan(ctx, c.Cluster, []byte(strings.Replace(text, "a: \"1\"", "a: again", 1)))
	var conflict *change.Conflict
	if !errors.As(err, &conflict) || conflict.Changed[0] != "data.a" {
		t.Errorf("an edit of what was changed since: %v", err)
	}
	s, err = s.Rebase(ctx, c.Cluster)
	if err != nil || !strings.Contains(string(s.Text), "a: mine") {
		t.Errorf("rebased: %s %v", s.Text, err)
	}
}

// TestApplyIsKubectls applies the same manifests by kubectl and by us, and compares.
func TestApplyIsKubectls(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx, door := t.Context(), change.NewDoor(c.Cluster)
	other := clustertest.Namespace(t, c)
	manifest := func(image, extra string) string {
		return `
apiVersion: v1
kind: ConfigMap
metadata: {name: c, labels: {l: "1"}}
data: {k: "` + image + `"` + extra + `}
---
# a comment only
---
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: d}
  spec:
    selector: {matchLabels: {a: d}}
    template:
      metadata: {labels: {a: d}}
      spec:
        containers:
        - {name: app, image: "` + image + `"}
`
	}
	var refs []change.Ref
	for i, text := range []string{manifest("one:1", `, gone: "x"`), manifest("two:2", "")} {
		items, err := Apply(ctx, c.Cluster, ApplyOptions{Namespace: ns}, []byte(text))
		applyAll(t, door, items, err)
		if len(items) != 2 {
			t.Fatalf("%d items", len(items))
		}
		file := t.TempDir() + "/m.yaml"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Kubectl(t, "-n", other, "apply", "-f", file)
		refs = refs[:0]
		for _, it := range items {
			refs = append(refs, it.Ref)
		}
		// What others set, and the manifest does not name, stays.
		if i == 0 {
			for _, n := range []string{ns, other} {
				c.Kubectl(t, "-n", n, "scale", "deployment/d", "--replicas=2")
				c.Kubectl(t, "-n", n, "label", "configmap/c", "theirs=x")
			}
		}
	}
	for _, ref := range refs {
		ours := read(t, c, ref)
		ref.Namespace = other
		theirs := read(t, c, ref)
		for _, path := range [][]string{{"data"}, {"spec"}, {"metadata", "labels"}} {
			a, _, _ := unstructured.NestedFieldNoCopy(ours.Object, path...)
			b, _, _ := unstructured.NestedFieldNoCopy(theirs.Object, path...)
			if fmt.Sprint(a) != fmt.Sprint(b) {
				t.Errorf("%s %v: ours %v, kubectl's %v", ref, path, a, b)
			}
		}
		a, b := ours.GetAnnotations()[lastApplied], theirs.GetAnnotations()[lastApplied]
		if strings.ReplaceAll(a, ns, "") != strings.ReplaceAll(b, other, "") || a == "" {
			t.Errorf("%s: last applied is\n%s, kubectl's\n%s", ref, a, b)
		}
	}
	items, err := Apply(ctx, c.Cluster, ApplyOptions{Namespace: ns}, []byte(manifest("two:2", "")))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if !errors.Is(i.Err, change.ErrNothingToDo) {
			t.Errorf("applied again: %s %v", i.Ref, i.Err)
		}
	}
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

func TestApplyOfWhatCannotBe(t *testing.T) {
	c, ns := clustertest.Shared(t)
	for text, want := range map[string]string{
		"":                                    "it holds no object",
		"a: [":                                "document 1",
		"{apiVersion: v1, kind: ConfigMap}\n": "no metadata.name",
		"{apiVersion: x/v1, kind: Yak, metadata: {name: z}}":              `no matches for kind "Yak"`,
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dta: {}}": `unknown field "dta"`,
	} {
		items, err := Apply(t.Context(), c.Cluster, ApplyOptions{Namespace: ns}, []byte(text))
		if err == nil && len(items) == 1 {
			err = items[0].Err
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLabelsAndAnnotations(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx, door := t.Context(), change.NewDoor(c.Cluster)
	ref := configMap(ns, "c")
	items, err := Apply(ctx, c.Cluster, ApplyOptions{Namespace: ns}, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a: b, gone: x}}}"))
	applyAll(t, door, items, err)
	v := "new value"
	w := "c"
	for _, plan := range []func() (*change.Plan, error){
		func() (*change.Plan, error) {
			return Label(ctx, c.Cluster, ref, map[string]*string{"a": &w, "gone": nil})
		},
		func() (*change.Plan, error) { return Annotate(ctx, c.Cluster, ref, map[string]*string{"note": &v}) },
	} {
		p, err := plan()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := door.Apply(ctx, p); err != nil {
			t.Fatal(err)
		}
		if _, err := plan(); !errors.Is(err, change.ErrNothingToDo) {
			t.Errorf("again: %v", err)
		}
	}
	o := read(t, c, ref)
	if got := fmt.Sprint(o.GetLabels()); got != "map[a:c]" || o.GetAnnotations()["note"] != v {
		t.Errorf("labels %s annotations %v", got, o.GetAnnotations())
	}
	if got, want := door.Records()[2].Plan.Command, "kubectl -n "+ns+" annotate configmap/c --overwrite 'note=new value'"; got != want {
		t.Errorf("command %q", got)
	}
	if _, err := Label(ctx, c.Cluster, ref, map[string]*string{"not valid!": &w}); !apierrors.IsInvalid(err) {
		t.Errorf("an invalid label: %v", err)
	}
}

// TestTemplates makes a template of kinds of all sorts, and the server takes each as it is.
func TestTemplates(t *testing.T) {
	c, ns := clustertest.Shared(t)
	for _, r := range []schema.GroupVersionResource{
		{Version: "v1", Resource: "pods"}, {Version: "v1", Resource: "configmaps"}, {Version: "v1", Resource: "namespaces"},
		{Group: "apps", Version: "v1", Resource: "deployments"}, {Group: "apps", Version: "v1", Resource: "daemonsets"},
		{Group: "batch", Version: "v1", Resource: "jobs"}, {Group: "batch", Version: "v1", Resource: "cronjobs"},
	} {
		text, err := Template(t.Context(), c.Cluster, r, ns, "fresh")
		if err != nil {
			t.Errorf("%s: %v", r.Resource, err)
			continue
		}
		items, err := Apply(t.Context(), c.Cluster, ApplyOptions{Namespace: ns}, text)
		if err != nil {
			t.Errorf("%s: %v\n%s", r.Resource, err, text)
			continue
		}
		if items[0].Err != nil {
			t.Errorf("%s: %v\n%s", r.Resource, items[0].Err, text)
		}
		if r.Resource == "deployments" && (!strings.Contains(string(text), "# replicas: <integer>   # ") || !strings.Contains(string(text), "- image: nginx")) {
			t.Errorf("the template of a Deployment:\n%s", text)
		}
	}
}
