package change

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func refTo(group, resource, kind, ns, name string) Ref {
	return Ref{Resource: schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}, Kind: kind, Namespace: ns, Name: name}
}

// create makes an object of a YAML text through the door.
func create(t *testing.T, d *Door, ref Ref, text string) *Record {
	t.Helper()
	p, err := Create(t.Context(), d.c, ref, object(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return apply(t, d, p)
}

func apply(t *testing.T, d *Door, p *Plan) *Record {
	t.Helper()
	r, err := d.Apply(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exists(t *testing.T, c *cluster.Cluster, ref Ref) bool {
	t.Helper()
	_, err := c.Dynamic().Resource(ref.Resource).Namespace(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

func remove(t *testing.T, d *Door, ref Ref, o DeleteOptions) *Record {
	t.Helper()
	p, err := Delete(t.Context(), d.c, ref, o)
	if err != nil {
		t.Fatal(err)
	}
	if !exists(t, d.c, ref) {
		t.Fatalf("planning deleted %s", ref)
	}
	if p.After != nil || len(p.Diff()) == 0 {
		t.Errorf("the preview of a delete shows what goes: %v", p.Diff())
	}
	return apply(t, d, p)
}

// TestDeletesAreUndone deletes one object of each kind that needs care, and brings it back.
func TestDeletesAreUndone(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := NewDoor(c.Cluster)
	zero := int64(0)
	for _, test := range []struct {
		ref  Ref
		text string
	}{
		{refTo("", "configmaps", "ConfigMap", ns, "c"), "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a: b}}, data: {k: v}}"},
		{refTo("", "secrets", "Secret", ns, "s"), "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: c2VjcmV0}}"},
		{refTo("", "pods", "Pod", ns, "p"), "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: 'nginx:1'}]}}"},
		{refTo("", "services", "Service", ns, "s"), "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}], selector: {app: web}}}"},
		{refTo("batch", "jobs", "Job", ns, "j"), "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: 'nginx:1'}]}}}}"},
		{refTo("apps", "deployments", "Deployment", ns, "d"), "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {selector: {matchLabels: {a: d}}, template: {metadata: {labels: {a: d}}, spec: {containers: [{name: app, image: 'nginx:1'}]}}}}"},
	} {
		t.Run(test.ref.Kind, func(t *testing.T) {
			made := create(t, d, test.ref, test.text)
			gone := remove(t, d, test.ref, DeleteOptions{GracePeriodSeconds: &zero, Propagation: metav1.DeletePropagationBackground})
			clustertest.Eventually(t, "the object to go", func() bool { return !exists(t, c.Cluster, test.ref) })
			back, err := d.Undo(t.Context(), gone)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(fmt.Sprint(back.Warnings), "new UID") || strings.Contains(fmt.Sprint(back.Diff()), "c2VjcmV0") {
				t.Errorf("preview: %v %v", back.Warnings, back.Diff())
			}
			again := apply(t, d, back)
			if again.Result.GetUID() == made.Result.GetUID() || again.Undid != gone.ID {
				t.Errorf("%s was not made anew", test.ref)
			}
			// substance that the server assigns anew aside, it is what it was
			for _, path := range [][]string{{"data"}, {"spec", "template", "spec"}, {"spec", "clusterIP"}, {"spec", "ports"}} {
				a, _, _ := unstructured.NestedFieldNoCopy(made.Result.Object, path...)
				b, _, _ := unstructured.NestedFieldNoCopy(again.Result.Object, path...)
				if fmt.Sprint(a) != fmt.Sprint(b) {
					t.Errorf("%s: %v, was %v", path, b, a)
				}
			}
			// and the creation is undone by a delete
			undo, err := d.Undo(t.Context(), again)
			if err != nil || undo.Verb != "delete" {
				t.Fatalf("%+v %v", undo, err)
			}
			apply(t, d, undo)
		})
	}
}

// TestWhatIsStillOnItsWayOutIsNotMadeAnew takes back a deletion that a finalizer holds up, as a namespace's does.
func TestWhatIsStillOnItsWayOutIsNotMadeAnew(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := NewDoor(c.Cluster)
	ref := refTo("", "configmaps", "ConfigMap", ns, "held")
	create(t, d, ref, "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, finalizers: [example.com/hold]}}")
	gone := remove(t, d, ref, DeleteOptions{})
	if _, err := d.Undo(t.Context(), gone); err == nil || !strings.Contains(err.Error(), "still on its way out") {
		t.Errorf("while it goes: %v", err)
	}
	c.Kubectl(t, "-n", ns, "patch", "configmap", "held", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	clustertest.Eventually(t, "the object to go", func() bool { return !exists(t, c.Cluster, ref) })
	if _, err := d.Undo(t.Context(), gone); err != nil {
		t.Error(err)
	}
}

func TestDeleteSparesWhatWasMadeAnew(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := NewDoor(c.Cluster)
	ref := refTo("", "configmaps", "ConfigMap", ns, "c")
	text := "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: v}}"
	create(t, d, ref, text)
	p, err := Delete(t.Context(), c.Cluster, ref, DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, d, ref, DeleteOptions{})
	if _, err := d.Apply(t.Context(), p); !errors.Is(err, ErrConflict) {
		t.Errorf("delete of what is gone: %v", err)
	}
	create(t, d, ref, text)
	if _, err := d.Apply(t.Context(), p); !errors.Is(err, ErrConflict) || !exists(t, c.Cluster, ref) {
		t.Errorf("delete of another object of the same name: %v", err)
	}
	last := d.Records()[len(d.Records())-1]
	if _, err := Create(t.Context(), c.Cluster, ref, object(t, text)); !apierrors.IsAlreadyExists(err) {
		t.Errorf("create what exists: %v", err)
	}
	// a changed object is not deleted on an old look
	p, err = Delete(t.Context(), c.Cluster, ref, DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	patch := func(body string) {
		t.Helper()
		if _, err := c.Dynamic().Resource(ref.Resource).Namespace(ns).Patch(t.Context(), "c", types.MergePatchType, []byte(body), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	patch(`{"data":{"k":"changed"}}`)
	if _, err := d.Apply(t.Context(), p); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "data.k") {
		t.Errorf("delete of a changed object: %v", err)
	}
	p, err = d.Undo(t.Context(), &last)
	if err != nil {
		t.Fatal(err)
	}
	patch(`{"metadata":{"labels":{"unrelated":"x"}}}`)
	apply(t, d, p)
	if exists(t, c.Cluster, ref) {
		t.Error("still there")
	}
}

func TestAdmissionShowsInThePreview(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := NewDoor(c.Cluster)
	svc := refTo("", "services", "Service", ns, "s")
	p, err := Create(t.Context(), c.Cluster, svc, object(t, "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Diff()); !strings.Contains(got, "sessionAffinity: None") {
		t.Errorf("the server's defaults must show: %s", got)
	}
	apply(t, d, p)
	_, err = Update(t.Context(), c.Cluster, Edit{Ref: svc, Mutate: func(o *unstructured.Unstructured) error {
		return unstructured.SetNestedSlice(o.Object, []any{map[string]any{"port": int64(99999)}}, "spec", "ports")
	}})
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.ports[0].port: Invalid value: 99999") {
		t.Errorf("an invalid port: %v", err)
	}
	_, err = Update(t.Context(), c.Cluster, Edit{Ref: svc, Strict: true, Mutate: func(o *unstructured.Unstructured) error {
		return unstructured.SetNestedField(o.Object, "x", "spec", "nonsense")
	}})
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.nonsense"`) {
		t.Errorf("an unknown field: %v", err)
	}
	_, err = Update(t.Context(), c.Cluster, Edit{Ref: svc, Mutate: func(o *unstructured.Unstructured) error {
		return unstructured.SetNestedField(o.Object, "x", "spec", "nonsense")
	}})
	if !errors.Is(err, ErrNothingToDo) {
		t.Errorf("a field that the server drops: %v", err)
	}
	pod := refTo("", "pods", "Pod", ns, "p")
	p, err = Create(t.Context(), c.Cluster, pod, object(t, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: i, env: [{name: A, value: one}, {name: A, value: two}]}]}}"))
	if err != nil || !strings.Contains(fmt.Sprint(p.Warnings), "hides previous definition") {
		t.Errorf("the server's warnings must show: %v %v", p, err)
	}
}

func TestEvictionCannotBeUndone(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := NewDoor(c.Cluster)
	ref := refTo("", "pods", "Pod", ns, "p")
	create(t, d, ref, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: app, image: 'nginx:1'}]}}")
	p, err := Evict(t.Context(), c.Cluster, ref, DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := apply(t, d, p)
	clustertest.Eventually(t, "the Pod to go", func() bool { return !exists(t, c.Cluster, ref) })
	if _, err := d.Undo(t.Context(), r); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("got %v", err)
	}
	create(t, d, ref, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: 'nginx:1'}]}}")
	if _, err := d.Apply(t.Context(), p); !errors.Is(err, ErrConflict) || !exists(t, c.Cluster, ref) {
		t.Errorf("eviction of another Pod of the same name: %v", err)
	}
}

func TestCancelledPlanning(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Delete(ctx, c.Cluster, refTo("", "configmaps", "ConfigMap", ns, "kube-root-ca.crt"), DeleteOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestTheRightToPatchIsEnough: roles that let people restart or scale often give just that.
func TestTheRightToPatchIsEnough(t *testing.T) {
	c, ns := clustertest.Shared(t)
	d := NewDoor(c.Cluster)
	ref := refTo("", "configmaps", "ConfigMap", ns, "c")
	create(t, d, ref, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: v}}")
	create(t, d, refTo("rbac.authorization.k8s.io", "roles", "Role", ns, "patch"),
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: patch}, rules: [{apiGroups: [''], resources: [configmaps], verbs: [get, patch]}]}")
	create(t, d, refTo("rbac.authorization.k8s.io", "rolebindings", "RoleBinding", ns, "patch"),
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: patch}, subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}], roleRef: {kind: Role, name: patch, apiGroup: rbac.authorization.k8s.io}}")
	config := c.Config()
	config.Impersonate.UserName = "jane"
	jane, err := cluster.New(cluster.Options{Name: "jane", Config: config})
	if err != nil {
		t.Fatal(err)
	}
	edit := Edit{Ref: ref, Summary: "edit", Mutate: func(o *unstructured.Unstructured) error {
		return unstructured.SetNestedField(o.Object, "jane's", "data", "k")
	}}
	var p *Plan
	clustertest.Eventually(t, "the role to work", func() bool {
		p, err = Update(t.Context(), jane, edit)
		if err != nil && !apierrors.IsForbidden(err) {
			t.Fatal(err)
		}
		return err == nil
	})
	if r := apply(t, NewDoor(jane), p); fmt.Sprint(r.Result.Object["data"]) != "map[k:jane's]" {
		t.Errorf("got %v", r.Result.Object["data"])
	}
	if _, err := Delete(t.Context(), jane, ref, DeleteOptions{}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "jane" cannot delete resource "configmaps"`) {
		t.Errorf("what jane may not do shows in the preview: %v", err)
	}
}
