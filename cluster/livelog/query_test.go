package livelog

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestOnlyThePodsThatAreNamed(t *testing.T) {
	q := Query{Pods: []types.NamespacedName{{Namespace: "x", Name: "a"}}}
	for name, want := range map[string]int{"a": 1, "b": 0} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: name}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app"}}
		if got := len(q.containersOf(pod)); got != want {
			t.Errorf("%d containers of %s, want %d", got, name, want)
		}
	}
}
