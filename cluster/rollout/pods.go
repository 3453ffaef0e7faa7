package rollout

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func (s *state) podOf(pod *corev1.Pod, minReadySeconds int32) Pod {
	out := Pod{
		UID: pod.UID, Name: pod.Name, Node: pod.Spec.NodeName, Created: pod.CreationTimestamp.Time,
		Status: StatusOf(pod), Phase: pod.Status.Phase, Deleting: pod.DeletionTimestamp != nil,
	}
	if c := podCondition(pod, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue {
		out.Ready = true
		out.Available = !s.now().Before(c.LastTransitionTime.Add(time.Duration(minReadySeconds) * time.Second))
	}
	for i := range pod.Status.ContainerStatuses {
		out.Restarts += pod.Status.ContainerStatuses[i].RestartCount
	}
	return out
}

func podCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// StatusOf is the word in kubectl's STATUS column for a Pod (kubernetes pkg/printers/internalversion, printPod).
func StatusOf(pod *corev1.Pod) string {
	status := string(pod.Status.Phase)
	if pod.Status.Reason != "" {
		status = pod.Status.Reason
	}
	if c := podCondition(pod, corev1.PodScheduled); c != nil && c.Reason == corev1.PodReasonSchedulingGated {
		status = c.Reason
	}
	if init := initStatus(pod); init != "" && !initialized(pod) {
		status = init
	} else {
		status = mainStatus(pod, status)
	}
	if pod.DeletionTimestamp != nil {
		if pod.Status.Reason == "NodeLost" {
			return "Unknown"
		}
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			return "Terminating"
		}
	}
	return status
}

func initialized(pod *corev1.Pod) bool {
	c := podCondition(pod, corev1.PodInitialized)
	return c != nil && c.Status == corev1.ConditionTrue
}

// initStatus is the state of the first init container that is not through, empty when all are.
func initStatus(pod *corev1.Pod) string {
	sidecars := map[string]bool{}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		sidecars[c.Name] = c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	for i := range pod.Status.InitContainerStatuses {
		c := &pod.Status.InitContainerStatuses[i]
		switch {
		case c.State.Terminated != nil && c.State.Terminated.ExitCode == 0:
			continue
		case sidecars[c.Name] && c.Started != nil && *c.Started:
			continue
		case c.State.Terminated != nil:
			return "Init:" + terminatedReason(c.State.Terminated)
		case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
			return "Init:" + c.State.Waiting.Reason
		}
		return fmt.Sprintf("Init:%d/%d", i, len(pod.Spec.InitContainers))
	}
	return ""
}

func mainStatus(pod *corev1.Pod, status string) string {
	running := false
	for i := len(pod.Status.ContainerStatuses) - 1; i >= 0; i-- {
		c := &pod.Status.ContainerStatuses[i]
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			status = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			status = terminatedReason(c.State.Terminated)
		case c.Ready && c.State.Running != nil:
			running = true
		}
	}
	if status == "Completed" && running {
		if c := podCondition(pod, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue {
			return "Running"
		}
		return "NotReady"
	}
	return status
}

func terminatedReason(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", t.ExitCode)
}
