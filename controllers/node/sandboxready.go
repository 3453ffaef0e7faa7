package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/status"
	utilpod "k8s.io/kubernetes/pkg/util/pod"
)

// readySandboxes tells a Pod's status that its sandbox is ready before it lets the Pod's containers start. The kubelet's own
// (pkg/kubelet/kubelet.go:3626, OnPodSandboxReady) reads the status and writes it back on a goroutine of its own: where
// containers start within milliseconds, as here, that comes late now and then and puts the status of before over that of the
// running Pod, which stays Pending in the API until the kubelet next looks at it, 60 to 90 seconds later.
type readySandboxes struct {
	kubecontainer.RuntimeHelper
	statuses status.Manager
}

// OnPodSandboxReady implements kubecontainer.RuntimeHelper.
func (r readySandboxes) OnPodSandboxReady(ctx context.Context, pod *corev1.Pod) error {
	now, ok := r.statuses.GetPodStatus(pod.UID)
	if !ok {
		now = pod.Status
	}
	now = *now.DeepCopy()
	now.Conditions = utilpod.ReplaceOrAppendPodCondition(now.Conditions, &corev1.PodCondition{
		Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue,
		ObservedGeneration: podutil.CalculatePodConditionObservedGeneration(&now, pod.Generation, corev1.PodReadyToStartContainers),
	})
	r.statuses.SetPodStatus(klog.FromContext(ctx), pod, now)
	return nil
}
