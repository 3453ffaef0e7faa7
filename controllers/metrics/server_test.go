package metrics

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/podarium/podarium/controllers/node/containers"
)

// machine is a node on which one Pod uses half a processor: by and by, as told.
type machine struct{ used atomic.Int64 }

func (m *machine) Name() string { return "node-1" }

func (m *machine) usage() containers.Usage {
	return containers.Usage{CPU: time.Duration(m.used.Load()), Memory: 3 << 20}
}

func (m *machine) Usage() containers.Usage { return m.usage() }

func (m *machine) PodUsage() []containers.PodUsage {
	return []containers.PodUsage{{
		Namespace: "shop", Pod: "web", Labels: map[string]string{"app": "web"}, Started: time.Unix(1, 0),
		Containers: map[string]containers.Usage{"c": m.usage()},
	}}
}

func sampled(t *testing.T) http.Handler {
	t.Helper()
	m := &machine{}
	s := &server{sampler: &sampler{nodes: func() []Node { return []Node{m} }}}
	s.sampler.take()
	m.used.Store(int64(5 * time.Second))
	s.sampler.take()
	s.sampler.old.at = s.sampler.last.at.Add(-10 * time.Second)
	return s.routes()
}

func get(t *testing.T, h http.Handler, path string, into any) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%s: %v: %s", path, err, w.Body)
	}
	return w.Code
}

const base = "/apis/metrics.k8s.io/v1beta1"

func TestNodeMetrics(t *testing.T) {
	h := sampled(t)
	var list metricsv1beta1.NodeMetricsList
	if code := get(t, h, base+"/nodes", &list); code != 200 || len(list.Items) != 1 {
		t.Fatalf("%d %+v", code, list)
	}
	if cpu, memory := list.Items[0].Usage.Cpu().String(), list.Items[0].Usage.Memory().String(); cpu != "500m" || memory != "3Mi" {
		t.Errorf("the node uses %s and %s", cpu, memory)
	}
	var status metav1.Status
	if code := get(t, h, base+"/nodes/nothing", &status); code != 404 || status.Reason != metav1.StatusReasonNotFound {
		t.Errorf("a node that there is not: %d %+v", code, status)
	}
}

func TestPodMetrics(t *testing.T) {
	h := sampled(t)
	for path, want := range map[string]int{
		"/pods": 1, "/namespaces/shop/pods": 1, "/namespaces/other/pods": 0,
		"/pods?labelSelector=app%3Dweb": 1, "/pods?labelSelector=app%3Ddb": 0,
	} {
		var list metricsv1beta1.PodMetricsList
		if code := get(t, h, base+path, &list); code != 200 || len(list.Items) != want {
			t.Errorf("%s: %d with %d items, want %d", path, code, len(list.Items), want)
		}
	}
	var pod metricsv1beta1.PodMetrics
	if code := get(t, h, base+"/namespaces/shop/pods/web", &pod); code != 200 || pod.Containers[0].Usage.Cpu().String() != "500m" || pod.Window.Duration != period {
		t.Errorf("%d %+v", code, pod)
	}
	var status metav1.Status
	if code := get(t, h, base+"/namespaces/shop/pods/nothing", &status); code != 404 {
		t.Errorf("a Pod that there is not: %d", code)
	}
	if code := get(t, h, base+"/pods?labelSelector=%3D%3D", &status); code != 400 {
		t.Errorf("a bad selector: %d %+v", code, status)
	}
}

func TestDiscovery(t *testing.T) {
	h := sampled(t)
	var list metav1.APIResourceList
	if code := get(t, h, base, &list); code != 200 || len(list.APIResources) != 2 {
		t.Errorf("%d %+v", code, list)
	}
	var groups metav1.APIGroupList
	if code := get(t, h, "/apis", &groups); code != 200 || groups.Groups[0].Name != "metrics.k8s.io" {
		t.Errorf("%d %+v", code, groups)
	}
}

func TestRate(t *testing.T) {
	for _, test := range []struct {
		before, after, span time.Duration
		want                float64
	}{{0, time.Second, 2 * time.Second, 0.5}, {time.Second, 0, time.Second, 0}, {0, time.Second, 0, 0}} {
		if got := rate(test.before, test.after, test.span); got != test.want {
			t.Errorf("%+v gives %v", test, got)
		}
	}
}
