package placement

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

// TestAgainstTheControllerAndTheScheduler asks first and scales then.
func TestAgainstTheControllerAndTheScheduler(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Nodes: 3})
	ns := clustertest.Namespace(t, c)
	c.Kubectl(t, "cordon", "node-3")
	c.Kubectl(t, "-n", ns, "create", "deployment", "web", "--image=nginx", "--replicas=2")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	ref := change.Ref{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Kind: "Deployment", Namespace: ns, Name: "web"}
	up, err := Lines(t.Context(), c.Cluster, ref, 6)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(up, "\n"); !strings.Contains(got, "4 new Pods would go, an estimate") || !strings.Contains(got, "node-1  2 Pods") || !strings.Contains(got, "node-2  2 Pods") || strings.Contains(got, "node-3") {
		t.Errorf("scaled up:\n%s", got)
	}
	c.Kubectl(t, "-n", ns, "scale", "deployment/web", "--replicas=6")
	c.Kubectl(t, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	all := strings.Fields(c.Kubectl(t, "-n", ns, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}"))
	for i, n := range []int{3, 0, 5} { // of equal Pods any may go
		c.Kubectl(t, "-n", ns, "annotate", "pod", all[n], fmt.Sprintf("controller.kubernetes.io/pod-deletion-cost=%d", i-5))
	}
	down, err := Lines(t.Context(), c.Cluster, ref, 3)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(down, "\n")
	if len(down) != 4 || !strings.Contains(down[1], all[3]) || !strings.Contains(down[1], "deletion cost") {
		t.Errorf("scaled down:\n%s", text)
	}
	c.Kubectl(t, "-n", ns, "scale", "deployment/web", "--replicas=3")
	clustertest.Eventually(t, "three Pods", func() bool {
		left := strings.Fields(c.Kubectl(t, "-n", ns, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}"))
		if len(left) != 3 {
			return false
		}
		for _, n := range all {
			if slices.Contains(left, n) == strings.Contains(text, n) {
				t.Errorf("%s: stays %v, foretold:\n%s", n, slices.Contains(left, n), text)
			}
		}
		return true
	})
}

func node(name, cpu string) corev1.Node {
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}},
		Status:     corev1.NodeStatus{Allocatable: corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse("8Gi"), "pods": resource.MustParse("110")}},
	}
}

func TestEstimate(t *testing.T) {
	template := func(cpu string) *corev1.PodTemplateSpec {
		p := &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}}
		p.Spec.Containers = []corev1.Container{{Name: "a", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse(cpu)}}}}
		return p
	}
	tainted := node("c", "8")
	tainted.Spec.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}
	nodes := []corev1.Node{node("a", "2"), node("b", "4"), tainted}
	apart := template("100m")
	apart.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
		{TopologyKey: "kubernetes.io/hostname", LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
	}}}
	there := template("1")
	there.Spec.NodeSelector = map[string]string{"kubernetes.io/hostname": "b"}
	tolerant := template("1")
	tolerant.Spec.Tolerations = []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}}
	for _, test := range []struct {
		name string
		t    *corev1.PodTemplateSpec
		n    int
		want string
	}{
		{"cpu", template("1"), 9, "map[a:2 b:4] [1 node tainted gpu 2 nodes without enough cpu]"},
		{"apart", apart, 3, "map[a:1 b:1] [1 node tainted gpu 2 nodes forbidden by its anti-affinity or spread]"},
		{"there", there, 2, "map[b:2] []"},
		{"tolerant", tolerant, 3, "map[a:1 b:1 c:1] []"},
	} {
		placed, lack := newEstimate(nodes, nil, nil).place(test.t, "default", test.n)
		if got := fmt.Sprint(placed, " ", lack); strings.Join(strings.Fields(got), " ") != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestWhoGoesFirst(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	pod := func(name, node string, readyFor time.Duration) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(now.Add(-readyFor))}, Spec: corev1.PodSpec{NodeName: node}}
		p.Status.Phase = corev1.PodRunning
		if readyFor > 0 {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-readyFor))}}
		}
		return p
	}
	own := []*corev1.Pod{pod("web-0", "a", time.Hour), pod("web-1", "b", time.Minute), pod("web-2", "c", 0), pod("web-10", "a", time.Hour)}
	names := func(l []leaving) (out []string) {
		for _, x := range l {
			out = append(out, x.pod.Name)
		}
		return out
	}
	if got := names(going(&workload{}, own, 3, now)); !slices.Equal(got[:1], []string{"web-2"}) || slices.Contains(got, "web-1") {
		t.Errorf("a ReplicaSet's: %v", got)
	}
	if got := names(going(&workload{ordered: true}, own, 2, now)); !slices.Equal(got, []string{"web-10", "web-2"}) {
		t.Errorf("a StatefulSet's: %v", got)
	}
}
