package forward

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
)

// TestAnOldPodIsNotGone watches a Pod that last changed before what the server remembers, as most Pods of a busy cluster have.
func TestAnOldPodIsNotGone(t *testing.T) {
	const pod = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"old","namespace":"default","uid":"u","resourceVersion":"5"},"status":{"phase":"Running"}}`
	var watches atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		q := r.URL.Query()
		switch {
		case q.Get("watch") == "":
			fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"900"},"items":[%s]}`, pod)
		case q.Get("resourceVersion") != "900", watches.Add(1) == 1: // the first one is too late in any case
			fmt.Fprint(w, `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}`)
		default:
			fmt.Fprintf(w, `{"type":"MODIFIED","object":%s}{"type":"DELETED","object":%s}`, pod, pod)
		}
	}))
	defer server.Close()
	c, err := cluster.New(cluster.Options{Name: "busy", Config: &rest.Config{Host: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	p := &corev1.Pod{}
	p.Name, p.Namespace, p.UID, p.ResourceVersion = "old", "default", "u", "5"
	if !untilGone(t.Context(), c, p) || watches.Load() != 2 {
		t.Errorf("it took %d watches to see that the Pod went, want 2", watches.Load())
	}
	server.CloseClientConnections()
	server.Config.Handler = http.NotFoundHandler()
	if untilGone(t.Context(), c, p) {
		t.Error("a server that does not know the Pod's kind says nothing about the Pod")
	}
}
