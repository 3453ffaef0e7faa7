package etcdcmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/podarium/podarium/cluster/clustertest"
	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
)

// kind is a line of testdata/kinds.jsonl: a resource, an object of it, and where and as what Kubernetes stores it. The
// file holds the facts of Kubernetes 1.37's own table, k8s.io/kubernetes/test/integration/etcd/data.go (Apache-2.0).
type kind struct {
	schema.GroupVersionResource
	Stub          json.RawMessage
	Path          string
	Stored        *schema.GroupVersionKind
	Prerequisites []kind
}

func kinds(t *testing.T, namespace string) []kind {
	t.Helper()
	b, err := os.ReadFile("testdata/kinds.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []kind
	for line := range strings.Lines(strings.ReplaceAll(string(b), "NAMESPACE", namespace)) {
		var k kind
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

// TestEveryKindOfARealRegistry creates an object of every kind that a real API server serves, by the table of Kubernetes'
// own test of storage paths, and holds the key, the stored kind and the decoded value against that table; then every
// value in the whole registry must decode.
func TestEveryKindOfARealRegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	c := clustertest.Start(t, clustertest.Options{})
	ns := clustertest.Namespace(t, c)
	served := servedResources(t, c)
	created := map[schema.GroupResource]bool{}
	for _, data := range kinds(t, ns) {
		gvr := data.GroupVersionResource
		namespaced, ok := served[gvr]
		if !ok {
			continue
		}
		t.Run(gvr.Resource+"."+gvr.Version+"."+gvr.Group, func(t *testing.T) {
			kv := create(t, c, ns, namespaced, data)
			v := decode.Decode(t.Context(), kv.Key, kv.Value, decode.Options{})
			if v.Err != nil || !v.IsKubernetes() {
				t.Fatalf("%s: %v", v.Label(), v.Err)
			}
			if want := data.Stored; want != nil && v.StoredAs != *want {
				t.Errorf("stored as %v, Kubernetes' table says %v", v.StoredAs, *want)
			}
			o, ok := registry.Parse("", kv.Key)
			want := gvr.GroupResource()
			if want.Group == "events.k8s.io" {
				want.Group = ""
			}
			if !ok || o.GroupResource != want || o.Kind != "" && o.Kind != v.StoredAs.Kind {
				t.Errorf("%s is taken for %+v", kv.Key, o)
			}
			if got := registry.Key("", gvr.GroupResource(), o.Namespace, o.Name); got != kv.Key {
				t.Errorf("the key is %s, not %s", kv.Key, got)
			}
			y, err := v.YAML()
			if err != nil || !strings.Contains(string(y), "name: "+o.Name) && !strings.Contains(string(y), `name: "`+o.Name) {
				t.Errorf("%v\n%s", err, y)
			}
			created[gvr.GroupResource()] = true
		})
	}
	for gvr := range served {
		if gr := gvr.GroupResource(); !created[gr] && gr.String() != "customresourcedefinitions.apiextensions.k8s.io" { // made below
			t.Errorf("%v is served and kept, and was not created", gvr)
		}
	}
	customResource(t, c, ns)
	s := session{t, etcdcmd.Deps{Embedded: func(*cobra.Command) (*clientv3.Client, error) {
		return clientv3.New(clientv3.Config{Endpoints: []string{c.EtcdEndpoint}, Logger: zap.NewNop()})
	}}}
	s.want(s.run("", 0, "get", "/registry/example.com/things/"+ns+"/one"), "example.com/v1 Thing, json", "size: 3")
	s.want(s.run("", 0, "audit", "--versions"), "things.example.com", "undecodable values: 0\n", "keys that disagree with their metadata: 0\n", "custom resources without a definition: 0\n")
}

// TestEveryKindOfTheTable takes every kind of Kubernetes' table, those too that an API server serves only when asked to, to
// the form in which it is stored and back.
func TestEveryKindOfTheTable(t *testing.T) {
	table := kinds(t, "ns")
	if len(table) < 98 {
		t.Fatalf("%d kinds", len(table))
	}
	for _, data := range table {
		gvr := data.GroupVersionResource
		o, ok := registry.Parse("", data.Path)
		want := gvr.GroupResource()
		if want.Group == "events.k8s.io" {
			want.Group = ""
		}
		if !ok || !o.Builtin || o.GroupResource != want || registry.Key("", gvr.GroupResource(), o.Namespace, o.Name) != data.Path {
			t.Errorf("%v: %s is taken for %+v", gvr, data.Path, o)
			continue
		}
		gvk := schema.GroupVersionKind{Group: gvr.Group, Version: gvr.Version, Kind: o.Kind}
		if data.Stored != nil {
			gvk = *data.Stored
		}
		object, err := scheme.Scheme.New(gvk)
		into := any(object)
		if err != nil { // APIServices, which are stored as JSON
			u := &unstructured.Unstructured{}
			object, into = u, &u.Object
		}
		if err := json.Unmarshal(data.Stub, into); err != nil && data.Stored == nil {
			t.Errorf("%v: %v", gvr, err)
		}
		m, err := meta.Accessor(object)
		if err != nil {
			t.Fatal(err)
		}
		m.SetName(o.Name)
		m.SetNamespace(o.Namespace)
		object.GetObjectKind().SetGroupVersionKind(gvk)
		var b bytes.Buffer
		if _, ok := object.(*unstructured.Unstructured); ok {
			err = unstructured.UnstructuredJSONScheme.Encode(object, &b)
		} else {
			err = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(object, &b)
		}
		if err != nil {
			t.Errorf("%v: %v", gvr, err)
			continue
		}
		v := decode.Decode(t.Context(), data.Path, b.Bytes(), decode.Options{})
		y, err := v.YAML()
		if v.Err != nil || err != nil || v.StoredAs != gvk || v.Metadata() == nil || v.Metadata().Name != o.Name || !strings.Contains(string(y), "name: ") {
			t.Errorf("%v: %s, %v, %v\n%s", gvr, v.Label(), v.Err, err, y)
		}
	}
}

// servedResources are what the API server serves and keeps, and which of them have namespaces. Reviews and bindings can be
// created only: nothing of them is kept.
func servedResources(t *testing.T, c *clustertest.Cluster) map[schema.GroupVersionResource]bool {
	t.Helper()
	_, lists, err := c.Kubernetes().Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	out := map[schema.GroupVersionResource]bool{}
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.APIResources {
			if slices.Contains(r.Verbs, "create") && slices.Contains(r.Verbs, "get") && !strings.Contains(r.Name, "/") {
				out[gv.WithResource(r.Name)] = r.Namespaced
			}
		}
	}
	return out
}

// create makes the object of Kubernetes' table, and reads its key.
func create(t *testing.T, c *clustertest.Cluster, ns string, namespaced bool, data kind) etcdview.KV {
	t.Helper()
	for _, p := range data.Prerequisites {
		post(t, c, ns, true, p)
	}
	post(t, c, ns, namespaced, data)
	store := etcdview.New(c.Etcd())
	for deadline := time.Now().Add(10 * time.Second); ; {
		h, err := store.History(t.Context(), data.Path, etcdview.HistoryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range h.Revisions { // a controller may have deleted it by now
			if !r.Deleted {
				return r.KV
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not in etcd", data.Path)
		}
	}
}

func post(t *testing.T, c *clustertest.Cluster, ns string, namespaced bool, k kind) {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal(k.Stub, &o.Object); err != nil {
		t.Fatal(err)
	}
	gvr := k.GroupVersionResource
	gvk, err := c.Mapper().KindFor(gvr)
	if err != nil {
		t.Fatal(err)
	}
	o.SetGroupVersionKind(gvk)
	r := c.Dynamic().Resource(gvr)
	if namespaced {
		o.SetNamespace(ns)
		_, err = r.Namespace(ns).Create(t.Context(), o, metav1.CreateOptions{})
	} else {
		_, err = r.Create(t.Context(), o, metav1.CreateOptions{})
	}
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(fmt.Errorf("%v: %w", gvr, err))
	}
}

// customResource defines a kind and makes an object of it.
func customResource(t *testing.T, c *clustertest.Cluster, ns string) {
	t.Helper()
	dir := t.TempDir()
	apply := func(text string) error {
		file := filepath.Join(dir, "x.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := c.TryKubectl(t, "apply", "-f", file)
		return err
	}
	if err := apply(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.example.com}, spec: {group: example.com, scope: Namespaced,
names: {plural: things, kind: Thing}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "the custom resource to be served", func() bool {
		return apply("{apiVersion: example.com/v1, kind: Thing, metadata: {name: one, namespace: "+ns+"}, spec: {size: 3}}") == nil
	})
}
