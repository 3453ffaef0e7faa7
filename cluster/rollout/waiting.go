package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hopeless are the reasons for which a container waits that do not go away by waiting, as far as a minute is concerned.
var hopeless = map[string]bool{
	"ErrImagePull":               true,
	"ImagePullBackOff":           true,
	"InvalidImageName":           true,
	"ErrImageNeverPull":          true,
	"CrashLoopBackOff":           true,
	"CreateContainerConfigError": true,
	"CreateContainerError":       true,
	"RunContainerError":          true,
}

// waiting lists what the rollout waits for, the hopeless first, then the oldest.
//
// A PodDisruptionBudget is never among it: budgets limit evictions, and a rollout evicts nothing.
func (s *state) waiting(p *Progress, u *unstructured.Unstructured) []Wait {
	if p.Done {
		return nil
	}
	var out []Wait
	if w := s.failedCreate(u); w != nil {
		out = append(out, *w)
	}
	byName := map[string]*corev1.Pod{}
	for _, pod := range s.pods.Items {
		byName[pod.Name] = pod
	}
	for i := range p.Pods {
		pod := byName[p.Pods[i].Name]
		switch view := &p.Pods[i]; {
		case view.Deleting:
			out = append(out, s.terminating(pod)...)
		case view.Available:
		case view.New:
			out = append(out, s.podWaits(pod, p.MinReadySeconds)...)
		case s.kind == statefulSet && !view.Ready:
			out = append(out, s.heldUp(pod, p.MinReadySeconds)...)
		}
	}
	slices.SortStableFunc(out, func(a, b Wait) int {
		if a.Fatal != b.Fatal {
			return map[bool]int{true: -1, false: 1}[a.Fatal]
		}
		return a.Since.Compare(b.Since)
	})
	return out
}

// failedCreate tells why Pods cannot even be created: a quota, an admission webhook, a limit range.
func (s *state) failedCreate(u *unstructured.Unstructured) *Wait {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, v := range conditions {
		c, _ := v.(map[string]any)
		if c["type"] == string(appsv1.DeploymentReplicaFailure) && c["status"] == "True" {
			since, _ := time.Parse(time.RFC3339, fmt.Sprint(c["lastTransitionTime"])) // zero where unknown
			return &Wait{Reason: fmt.Sprint(c["reason"]), Message: fmt.Sprint(c["message"]), Since: since, Fatal: true}
		}
	}
	if s.kind == deployment {
		return nil // has the condition
	}
	e := s.lastEvent(func(e *corev1.Event) bool { return e.InvolvedObject.UID == u.GetUID() && e.Reason == "FailedCreate" })
	if e == nil || s.podSince(lastSeen(e)) {
		return nil
	}
	return &Wait{Reason: e.Reason, Message: e.Message, Since: firstSeen(e), Fatal: true}
}

// podSince says whether a Pod was made after t: then what failed before is over.
func (s *state) podSince(t time.Time) bool {
	for _, pod := range s.pods.Items {
		if pod.CreationTimestamp.After(t) {
			return true
		}
	}
	return false
}

func (s *state) terminating(pod *corev1.Pod) []Wait {
	w := Wait{Pod: pod.Name, Reason: "Terminating", Since: pod.DeletionTimestamp.Time}
	if g := pod.DeletionGracePeriodSeconds; g != nil {
		w.Since = w.Since.Add(-time.Duration(*g) * time.Second)
		w.Message = fmt.Sprintf("stops within %d s", *g)
	}
	if s.now().After(pod.DeletionTimestamp.Time) {
		w.Message = "should have stopped by now"
		if len(pod.Finalizers) > 0 {
			w.Message += ", waits for finalizers " + strings.Join(pod.Finalizers, ", ")
		}
	}
	return []Wait{w}
}

// heldUp explains an unready Pod of an earlier revision, which an OrderedReady StatefulSet does not replace
// (https://github.com/kubernetes/kubernetes/issues/67250).
func (s *state) heldUp(pod *corev1.Pod, minReadySeconds int32) []Wait {
	waits := s.podWaits(pod, minReadySeconds)
	for i := range waits {
		waits[i].Message += "; it is of an earlier revision, and the rollout waits for it: delete it to go on"
	}
	return waits
}

// podWaits tells what one Pod waits for.
func (s *state) podWaits(pod *corev1.Pod, minReadySeconds int32) []Wait {
	if c := podCondition(pod, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse {
		return []Wait{{
			Pod: pod.Name, Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time,
			Fatal: c.Reason == corev1.PodReasonUnschedulable,
		}}
	}
	if pod.Status.Phase == corev1.PodFailed {
		return []Wait{{Pod: pod.Name, Reason: cmp.Or(pod.Status.Reason, "Failed"), Message: pod.Status.Message, Since: pod.CreationTimestamp.Time}}
	}
	since := pod.CreationTimestamp.Time
	if c := podCondition(pod, corev1.PodReady); c != nil {
		since = c.LastTransitionTime.Time
		if c.Status == corev1.ConditionTrue {
			return []Wait{{Pod: pod.Name, Reason: "MinReadySeconds", Since: since,
				Message: fmt.Sprintf("ready, counts as available when it stays so for %d s", minReadySeconds)}}
		}
	}
	var out []Wait
	if !initialized(pod) {
		out = s.containerWaits(pod, pod.Status.InitContainerStatuses, since)
	}
	if len(out) == 0 {
		out = s.containerWaits(pod, pod.Status.ContainerStatuses, since)
	}
	if len(out) == 0 {
		out = gates(pod, since)
	}
	if len(out) == 0 {
		w := Wait{Pod: pod.Name, Reason: "ContainerCreating", Message: "the kubelet has not reported yet", Since: since}
		if pod.Spec.NodeName == "" {
			w.Reason, w.Message = "Pending", "not scheduled yet"
		}
		out = []Wait{w}
	}
	return out
}

func (s *state) containerWaits(pod *corev1.Pod, statuses []corev1.ContainerStatus, since time.Time) []Wait {
	var out []Wait
	for i := range statuses {
		c := &statuses[i]
		w := Wait{Pod: pod.Name, Container: c.Name, Since: since}
		switch {
		case c.Ready, c.State.Terminated != nil && c.State.Terminated.ExitCode == 0:
			continue
		case c.State.Waiting != nil:
			w.Reason, w.Message = c.State.Waiting.Reason, c.State.Waiting.Message
			w.Fatal = hopeless[w.Reason]
			switch w.Reason {
			case "CrashLoopBackOff":
				w.Message = crash(c)
			case "ContainerCreating", "PodInitializing":
				s.explainCreation(pod, &w)
			}
		case c.State.Terminated != nil:
			w.Reason = terminatedReason(c.State.Terminated)
			w.Message = fmt.Sprintf("exit code %d", c.State.Terminated.ExitCode)
		default:
			s.explainProbe(pod, c, &w)
		}
		out = append(out, w)
		if w.Reason == "PodInitializing" {
			return out[len(out)-1:] // the others say the same
		}
	}
	return out
}

// crash says how a container ended the last time.
func crash(c *corev1.ContainerStatus) string {
	t := c.LastTerminationState.Terminated
	if t == nil {
		return fmt.Sprintf("restarted %d times", c.RestartCount)
	}
	text := fmt.Sprintf("%s, exit code %d, restarted %d times", terminatedReason(t), t.ExitCode, c.RestartCount)
	if t.Message != "" {
		text += ": " + strings.TrimSpace(t.Message)
	}
	return text
}

// explainCreation looks for what keeps a kubelet from creating containers: volumes, secrets, the sandbox.
func (s *state) explainCreation(pod *corev1.Pod, w *Wait) {
	e := s.lastEvent(func(e *corev1.Event) bool {
		return e.InvolvedObject.UID == pod.UID && strings.HasPrefix(e.Reason, "Failed") && e.Reason != "FailedScheduling"
	})
	if e != nil {
		w.Reason, w.Message, w.Since = e.Reason, e.Message, firstSeen(e)
	}
}

// explainProbe tells why a running container is not ready.
func (s *state) explainProbe(pod *corev1.Pod, c *corev1.ContainerStatus, w *Wait) {
	w.Reason, w.Message = "NotReady", "runs, not ready yet"
	if c.Started != nil && !*c.Started {
		w.Reason, w.Message = "Starting", "its startup probe has not succeeded yet"
	}
	e := s.lastEvent(func(e *corev1.Event) bool {
		return e.InvolvedObject.UID == pod.UID && e.Reason == "Unhealthy" &&
			(e.InvolvedObject.FieldPath == "" || strings.Contains(e.InvolvedObject.FieldPath, "{"+c.Name+"}"))
	})
	if e != nil {
		w.Reason, w.Message, w.Since = e.Reason, e.Message, firstSeen(e)
		if n := times(e); n > 1 {
			w.Message += fmt.Sprintf(" (%d times)", n)
		}
	}
}

// gates names the readiness gates that are not open.
func gates(pod *corev1.Pod, since time.Time) []Wait {
	var out []Wait
	for _, g := range pod.Spec.ReadinessGates {
		if c := podCondition(pod, g.ConditionType); c == nil || c.Status != corev1.ConditionTrue {
			out = append(out, Wait{Pod: pod.Name, Reason: "ReadinessGate", Message: "waits for condition " + string(g.ConditionType), Since: since})
		}
	}
	return out
}

func (s *state) lastEvent(match func(*corev1.Event) bool) *corev1.Event {
	var last *corev1.Event
	for _, e := range s.events.Items {
		if match(e) && (last == nil || lastSeen(e).After(lastSeen(last))) {
			last = e
		}
	}
	return last
}

func lastSeen(e *corev1.Event) time.Time {
	if e.Series != nil {
		return e.Series.LastObservedTime.Time
	}
	return firstSet(e.LastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time)
}

func firstSeen(e *corev1.Event) time.Time {
	return firstSet(e.FirstTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time)
}

func firstSet(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func times(e *corev1.Event) int32 {
	if e.Series != nil {
		return e.Series.Count
	}
	return e.Count
}
