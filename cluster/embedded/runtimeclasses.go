package embedded

import (
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/simulated"
)

// runtimeClasses are those by which a Pod chooses what its containers are. Each selects the nodes that have it, so that a
// Pod whose class no node has waits with an event that says so, rather than to fail on a node.
func runtimeClasses() []nodev1.RuntimeClass {
	var out []nodev1.RuntimeClass
	for _, runtime := range node.Runtimes {
		out = append(out, nodev1.RuntimeClass{
			ObjectMeta: metav1.ObjectMeta{Name: runtime}, Handler: runtime,
			Scheduling: &nodev1.Scheduling{NodeSelector: map[string]string{node.RuntimeLabel(runtime): "true"}},
		})
	}
	return append(out, nodev1.RuntimeClass{
		ObjectMeta: metav1.ObjectMeta{Name: simulated.LabelValue}, Handler: simulated.LabelValue,
		Scheduling: &nodev1.Scheduling{
			NodeSelector: map[string]string{simulated.Label: simulated.LabelValue},
			Tolerations: []corev1.Toleration{
				{Key: simulated.Taint.Key, Operator: corev1.TolerationOpEqual, Value: simulated.Taint.Value, Effect: simulated.Taint.Effect},
			},
		},
	})
}
