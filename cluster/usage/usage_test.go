package usage

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func resources(requestCPU, limitCPU, memory string) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	if requestCPU != "" {
		r.Requests[corev1.ResourceCPU] = resource.MustParse(requestCPU)
	}
	if limitCPU != "" {
		r.Limits[corev1.ResourceCPU] = resource.MustParse(limitCPU)
	}
	if memory != "" {
		r.Limits[corev1.ResourceMemory] = resource.MustParse(memory)
	}
	return r
}

func TestAPodIsLimitedWhereAllItsContainersAre(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "setup", Resources: resources("4", "4", "4Gi")}, {Name: "sidecar", RestartPolicy: &always, Resources: resources("50m", "100m", "")}},
		Containers:     []corev1.Container{{Name: "web", Resources: resources("100m", "200m", "64Mi")}},
	}}
	n := needOf(pod)
	if want := (Amount{CPU: 150}); n.sum.Request != want {
		t.Errorf("asks for %+v, want %+v: init containers that end do not count", n.sum.Request, want)
	}
	if want := (Amount{CPU: 300}); n.sum.Limit != want {
		t.Errorf("is held to %+v, want %+v: the sidecar's memory has no limit", n.sum.Limit, want)
	}
}

func TestUsageOfPodsAndNodes(t *testing.T) {
	c, ns := clustertest.Shared(t)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	pod.Spec.Containers = []corev1.Container{{Name: "web", Image: "nginx", Resources: resources("100m", "200m", "64Mi")}}
	if _, err := c.Kubernetes().CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []Query{{Namespace: ns}, {Namespace: ns, Name: "web"}, {}} {
		l := Watch(t.Context(), c.Cluster, q)
		var u Use
		clustertest.Eventually(t, "the Pod's usage", func() bool {
			u = l.Snapshot().Of[types.NamespacedName{Namespace: ns, Name: "web"}]
			return u.Used.Memory > 0 && u.Request.CPU > 0
		})
		if u.Request.CPU != 100 || u.Limit != (Amount{200, 64 << 20}) || u.Containers["web"].Limit.CPU != 200 {
			t.Errorf("%+v: got %+v", q, u)
		}
		l.Close()
	}
	nodes := Watch(t.Context(), c.Cluster, Query{Nodes: true})
	defer nodes.Close()
	clustertest.Eventually(t, "a node's usage", func() bool {
		for _, u := range nodes.Snapshot().Of {
			return u.Used.CPU > 0 && u.Limit.Memory > u.Used.Memory
		}
		return false
	})
}

func TestNothingMeasuredAsksForNothing(t *testing.T) {
	l := &Live{needs: map[types.NamespacedName]need{}}
	l.learn(t.Context(), nil, nil) // a call would panic: there is no cluster to ask
	if len(l.needs) != 0 || !l.listed.IsZero() {
		t.Errorf("learnt %v of no Pods", l.needs)
	}
}
