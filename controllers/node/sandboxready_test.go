package node

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/status"
)

// statuses keeps one status; its other methods are not called.
type statuses struct {
	status.Manager
	now *corev1.PodStatus
}

func (s *statuses) GetPodStatus(types.UID) (corev1.PodStatus, bool) {
	if s.now == nil {
		return corev1.PodStatus{}, false
	}
	return *s.now, true
}

func (s *statuses) SetPodStatus(_ klog.Logger, _ *corev1.Pod, now corev1.PodStatus) (corev1.PodStatus, bool) {
	s.now = &now
	return now, true
}

// What a sandbox is ready for is told before its containers start, and not over what they have told by then.
func TestASandboxIsReadyBeforeItsContainersStart(t *testing.T) {
	s := &statuses{}
	r := readySandboxes{statuses: s}
	pod := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}
	if err := r.OnPodSandboxReady(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	if s.now == nil || s.now.Phase != corev1.PodPending || len(s.now.Conditions) != 1 || s.now.Conditions[0].Type != corev1.PodReadyToStartContainers {
		t.Fatalf("when it returns, the status is %+v", s.now)
	}
	if len(pod.Status.Conditions) != 0 {
		t.Error("the Pod that the kubelet shares was changed")
	}
	running := &corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	s.now = running
	if err := r.OnPodSandboxReady(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	if s.now.Phase != corev1.PodRunning || len(s.now.Conditions) != 2 || len(running.Conditions) != 1 {
		t.Errorf("the status of a running Pod is %+v", s.now)
	}
}
