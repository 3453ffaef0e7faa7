package change

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
)

// TestReadOnlySendsNothing makes and applies a plan of every kind against a server that counts what is no GET.
func TestReadOnlySendsNothing(t *testing.T) {
	var mu sync.Mutex
	var writes []string
	const object = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","uid":"u","resourceVersion":"1"},"spec":{"replicas":1}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			mu.Lock()
			writes = append(writes, r.Method+" "+r.URL.String())
			mu.Unlock()
		}
		text := object
		if strings.HasSuffix(r.URL.Path, "/scale") {
			text = strings.NewReplacer("apps/v1", "autoscaling/v1", "Deployment", "Scale").Replace(object)
		}
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/new") {
			w.WriteHeader(http.StatusNotFound)
			text = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text)) // a test's answer
	}))
	t.Cleanup(server.Close)
	c, err := cluster.New(cluster.Options{Name: "prod", Config: &rest.Config{Host: server.URL}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	ref := Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: "default", Name: "web"}
	fresh := ref
	fresh.Name = "new"
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "new"}, "spec": map[string]any{"replicas": int64(5)}}}
	zero := int64(0)
	plans := map[string]func() (*Plan, error){
		"update": func() (*Plan, error) {
			return Update(ctx, c, Edit{Ref: ref, Mutate: func(o *unstructured.Unstructured) error {
				return unstructured.SetNestedField(o.Object, int64(3), "spec", "replicas")
			}})
		},
		"create": func() (*Plan, error) { return Create(ctx, c, fresh, obj) },
		"delete": func() (*Plan, error) {
			return Delete(ctx, c, ref, DeleteOptions{GracePeriodSeconds: &zero, Propagation: metav1.DeletePropagationOrphan})
		},
		"scale":             func() (*Plan, error) { return Scale(ctx, c, ref, 3) },
		"evict":             func() (*Plan, error) { return Evict(ctx, c, ref, DeleteOptions{}) },
		"server-side apply": func() (*Plan, error) { return ServerSideApply(ctx, c, ref, obj, true) },
		"server-side, anew": func() (*Plan, error) { return ServerSideApply(ctx, c, fresh, obj, false) },
	}
	door := NewDoor(c)
	for name, plan := range plans {
		p, err := plan()
		if err != nil {
			t.Errorf("%s: to plan and to look is not forbidden: %v", name, err)
			continue
		}
		if _, err := door.Apply(ctx, p); !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(writes) > 0 {
		t.Fatalf("a read-only cluster was sent %s", strings.Join(writes, ", "))
	}
	if len(door.Records()) > 0 {
		t.Errorf("recorded %v", door.Records())
	}
	// The same plans are sent when the cluster is opened for changes: the test looks at the right thing.
	if err := c.SetReadOnly(false); err != nil {
		t.Fatal(err)
	}
	for name, plan := range plans {
		before := len(writes)
		if p, err := plan(); err == nil {
			_, _ = door.Apply(ctx, p) // that it was sent is enough
		}
		if len(writes) == before {
			t.Errorf("%s sends nothing at all", name)
		}
	}
}
