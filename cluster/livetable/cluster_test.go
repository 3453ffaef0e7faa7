package livetable

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cluster/internal/flaky"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

func open(t testing.TB, c *cluster.Cluster, q Query) *Table {
	table := Open(t.Context(), c, q)
	t.Cleanup(table.Close)
	return table
}

// until waits for a state of the table and returns it.
func until(t testing.TB, table *Table, what string, ok func(*Snapshot) bool) *Snapshot {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		s := table.Snapshot()
		if ok(s) {
			return s
		}
		select {
		case <-table.Changed():
		case <-limit:
			t.Fatalf("waited a minute for %s; now synced %v, err %v, rows %s", what, s.Synced, s.Err, names(s))
		}
	}
}

func has(s *Snapshot, name string) *Row {
	for _, r := range s.Rows {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func createConfigMap(t testing.TB, c *cluster.Cluster, ns, name string) {
	t.Helper()
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"l": name}}}
	if _, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Create(t.Context(), cm, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestRowsFollowTheCluster(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx := t.Context()
	createConfigMap(t, c.Cluster, ns, "a")
	table := open(t, c.Cluster, Query{Resource: configMaps, Namespace: ns})
	first := until(t, table, "a", func(s *Snapshot) bool { return s.Synced && has(s, "a") != nil })
	if len(first.Columns) != 3 || first.Columns[1].Name != "Data" || !first.Columns[2].Age {
		t.Errorf("columns: %+v", first.Columns)
	}
	if r := has(first, "a"); r.Cells[1].Text != "0" || r.Labels["l"] != "a" || r.UID == "" || r.Namespace != ns || r.Created.IsZero() {
		t.Errorf("row: %+v", r)
	}
	createConfigMap(t, c.Cluster, ns, "b")
	second := until(t, table, "b", func(s *Snapshot) bool { return has(s, "b") != nil })
	if has(second, "a") != has(first, "a") {
		t.Error("an unchanged row must keep its pointer")
	}
	patch := []byte(`{"data":{"k":"v"}}`)
	if _, err := c.Kubernetes().CoreV1().ConfigMaps(ns).Patch(ctx, "a", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	third := until(t, table, "the change", func(s *Snapshot) bool { return has(s, "a").Cells[1].Value == int64(1) })
	if r := has(third, "a"); r.Cells[1].Changed.IsZero() || !r.Cells[0].Changed.IsZero() || !r.Cells[2].Changed.IsZero() {
		t.Errorf("only Data changed: %+v", r.Cells)
	}
	if err := c.Kubernetes().CoreV1().ConfigMaps(ns).Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, table, "the deletion", func(s *Snapshot) bool { return has(s, "a") == nil && has(s, "b") != nil })
	selected := open(t, c.Cluster, Query{Resource: configMaps, Namespace: ns, LabelSelector: "l=b"})
	if s := until(t, selected, "the selection", func(s *Snapshot) bool { return s.Synced }); len(s.Rows) != 1 || has(s, "b") == nil {
		t.Errorf("selected: %s", names(s))
	}
	table.Close()
	if s := table.Snapshot(); has(s, "b") == nil {
		t.Error("the last snapshot must remain after Close")
	}
}

func TestCustomResources(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx := t.Context()
	group := fmt.Sprintf("%s.example.com", ns)
	crd := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "widgets." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced",
			"names": map[string]any{"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
				"additionalPrinterColumns": []any{
					map[string]any{"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
					map[string]any{"name": "Secret", "type": "string", "jsonPath": ".spec.note", "priority": int64(1)},
					map[string]any{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
				},
			}},
		},
	}}
	crds := c.Dynamic().Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	// Opened before the kind exists: the table says so, and fills when it does.
	widgets := schema.GroupVersionResource{Group: group, Version: "v1", Resource: "widgets"}
	table := open(t, c.Cluster, Query{Resource: widgets, Namespace: ns})
	until(t, table, "the error", func(s *Snapshot) bool { return s.Err != nil && !s.Synced })
	if _, err := crds.Create(ctx, crd, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, table, "an empty table", func(s *Snapshot) bool { return s.Synced && s.Err == nil })
	w := &unstructured.Unstructured{Object: map[string]any{"apiVersion": group + "/v1", "kind": "Widget", "metadata": map[string]any{"name": "w"}, "spec": map[string]any{"size": int64(42)}}}
	if _, err := c.Dynamic().Resource(widgets).Namespace(ns).Create(ctx, w, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s := until(t, table, "the widget", func(s *Snapshot) bool { return has(s, "w") != nil })
	if r := has(s, "w"); len(r.Cells) != 4 || r.Cells[1].Value != int64(42) || !s.Columns[3].Age || s.Columns[2].Priority != 1 {
		t.Errorf("columns %+v row %+v", s.Columns, r)
	}
}

// TestExpiredVersionLeadsToANewList watches from a version that no server has any more.
func TestExpiredVersionLeadsToANewList(t *testing.T) {
	c, ns := clustertest.Shared(t)
	createConfigMap(t, c.Cluster, ns, "a")
	s := newStore()
	f := newFeed(c.Cluster, Query{Resource: configMaps, Namespace: ns}, s)
	f.version = "1"
	if err := f.once(t.Context()); !errors.Is(err, errExpired) {
		t.Fatalf("watch from revision 1: %v", err)
	}
	table := &Table{store: s, done: make(chan struct{}), cancel: func() {}}
	f.version = "1"
	go f.run(t.Context())
	if got := until(t, table, "the new list", func(s *Snapshot) bool { return s.Synced && has(s, "a") != nil }); got.Err != nil {
		t.Errorf("an expired version is no error for the user: %v", got.Err)
	}
}

func TestReconnects(t *testing.T) {
	dir := t.TempDir()
	server := clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
	g := flaky.New(t)
	g.Lead(server.Cluster)
	c := g.Cluster(server.Cluster)
	createConfigMap(t, server.Cluster, "default", "a")
	createConfigMap(t, server.Cluster, "default", "b")
	table := open(t, c, Query{Resource: configMaps, Namespace: "default"})
	first := until(t, table, "a and b", func(s *Snapshot) bool { return s.Synced && has(s, "b") != nil })

	g.Cut()
	lost := until(t, table, "the loss to show", func(s *Snapshot) bool { return s.Err != nil })
	if has(lost, "a") == nil || !lost.Synced {
		t.Error("rows must stay while the connection is lost")
	}
	createConfigMap(t, server.Cluster, "default", "meanwhile")
	g.Lead(server.Cluster)
	back := until(t, table, "the return", func(s *Snapshot) bool { return s.Err == nil && has(s, "meanwhile") != nil })
	if has(back, "a") != has(first, "a") {
		t.Error("an unchanged row must keep its pointer through a loss of the connection")
	}

	// The server is killed and comes back on another port, with one object less.
	if err := server.Kubernetes().CoreV1().ConfigMaps("default").Delete(t.Context(), "b", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, table, "the deletion", func(s *Snapshot) bool { return has(s, "b") == nil })
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-server.Exited
	g.Cut()
	until(t, table, "the loss to show", func(s *Snapshot) bool { return s.Err != nil })
	again := clustertest.Start(t, clustertest.Options{DataDir: dir, Nodes: -1})
	createConfigMap(t, again.Cluster, "default", "new")
	g.Lead(again.Cluster)
	s := until(t, table, "the restarted server", func(s *Snapshot) bool { return s.Err == nil && has(s, "new") != nil })
	if has(s, "a") == nil || has(s, "meanwhile") == nil || has(s, "b") != nil {
		t.Errorf("after the restart: %s", names(s))
	}
}

func TestForbiddenAndUnknownAreErrors(t *testing.T) {
	c, _ := clustertest.Shared(t)
	config := c.Config()
	config.Impersonate.UserName = "nobody-special"
	nobody, err := cluster.New(cluster.Options{Name: "nobody", Config: config})
	if err != nil {
		t.Fatal(err)
	}
	table := open(t, nobody, Query{Resource: configMaps})
	s := until(t, table, "the refusal", func(s *Snapshot) bool { return s.Err != nil })
	if !strings.Contains(s.Err.Error(), `User "nobody-special" cannot list resource "configmaps"`) {
		t.Errorf("got %v", s.Err)
	}
}
