package node

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
)

// The kubelet writes to the Pods of a source, which sends the same ones again: a map that is read then ends the process.
func TestWhatIsPassedOnSharesNothingThatIsWritten(t *testing.T) {
	sent := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Annotations: map[string]string{"of": "the user"}}}
	passed := finishMirrors(t.Context(), nil)([]*corev1.Pod{sent})
	passed[0].Annotations[kubetypes.ConfigSourceAnnotationKey] = "api"
	passed[0].DeletionTimestamp = &metav1.Time{}
	if len(sent.Annotations) != 1 || sent.DeletionTimestamp != nil {
		t.Errorf("the source's own Pod was written to: %v", sent.ObjectMeta)
	}
	if passed[0].Name != "a" || passed[0].Annotations["of"] != "the user" {
		t.Errorf("passed on was %v", passed[0].ObjectMeta)
	}
}
