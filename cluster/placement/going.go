package placement

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// leaving is a Pod that would go, and why it rather than others.
type leaving struct {
	pod *corev1.Pod
	why string
}

// going are the n Pods that a controller would delete first.
func going(w *workload, own []*corev1.Pod, n int, now time.Time) []leaving {
	pods := slices.Clone(own)
	if w.ordered {
		slices.SortFunc(pods, func(a, b *corev1.Pod) int { return ordinal(b.Name) - ordinal(a.Name) })
	} else {
		onNode := map[string]int{}
		for _, p := range own {
			onNode[p.Spec.NodeName]++
		}
		slices.SortFunc(pods, func(a, b *corev1.Pod) int { return compare(a, b, onNode, now) })
	}
	var out []leaving
	for i, p := range pods[:min(n, len(pods))] {
		why := "the highest ordinal"
		if !w.ordered {
			why = reason(p, pods[i+1:], own)
		}
		out = append(out, leaving{p, why})
	}
	return out
}

func ordinal(name string) int {
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return -1
	}
	return n
}

var phaseOrder = map[corev1.PodPhase]int{corev1.PodPending: 0, corev1.PodUnknown: 1, corev1.PodRunning: 2}

// compare is ActivePodsWithRanks.Less of Kubernetes 1.37, rule by rule.
func compare(a, b *corev1.Pod, onNode map[string]int, now time.Time) int {
	bit := func(x bool) int {
		if x {
			return 1
		}
		return 0
	}
	readyA, readyB := readySince(a), readySince(b)
	if c := cmp.Or(
		bit(a.Spec.NodeName != "")-bit(b.Spec.NodeName != ""),
		phaseOrder[a.Status.Phase]-phaseOrder[b.Status.Phase],
		bit(readyA != nil)-bit(readyB != nil),
		cost(a)-cost(b),
		onNode[b.Spec.NodeName]-onNode[a.Spec.NodeName],
	); c != 0 {
		return c
	}
	if readyA != nil && !readyA.Equal(*readyB) {
		return cmp.Or(age(*readyA, now)-age(*readyB, now), cmp.Compare(a.UID, b.UID))
	}
	if c := restarts(b) - restarts(a); c != 0 {
		return c
	}
	if madeA, madeB := a.CreationTimestamp.Time, b.CreationTimestamp.Time; !madeA.Equal(madeB) {
		return cmp.Or(age(madeA, now)-age(madeB, now), cmp.Compare(a.UID, b.UID))
	}
	return 0
}

// age is on a logarithmic scale: Pods of about the same age are as good as each other.
func age(since, now time.Time) int {
	if d := now.Sub(since); d > 0 {
		return int(math.Log2(float64(d)))
	}
	return -1
}

// readySince is nil for a Pod that is not ready.
func readySince(p *corev1.Pod) *time.Time {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return &c.LastTransitionTime.Time
		}
	}
	return nil
}

func cost(p *corev1.Pod) int {
	n, err := strconv.ParseInt(p.Annotations[corev1.PodDeletionCost], 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

func restarts(p *corev1.Pod) (most int) {
	for _, list := range [][]corev1.ContainerStatus{p.Status.ContainerStatuses, p.Status.InitContainerStatuses} {
		for i := range list {
			most = max(most, int(list[i].RestartCount))
		}
	}
	return most
}

// reason is the first rule that tells a Pod from those that stay.
func reason(p *corev1.Pod, stay, own []*corev1.Pod) string {
	same := func(of func(*corev1.Pod) int) bool {
		return !slices.ContainsFunc(stay, func(q *corev1.Pod) bool { return of(q) != of(p) })
	}
	near := 0
	for _, q := range own {
		if q.Spec.NodeName == p.Spec.NodeName {
			near++
		}
	}
	switch {
	case p.Spec.NodeName == "":
		return "it has no node"
	case p.Status.Phase != corev1.PodRunning:
		return "it is " + string(p.Status.Phase)
	case readySince(p) == nil:
		return "it is not ready"
	case !same(cost):
		return "its deletion cost is low"
	case near > 1:
		return "its node has " + strconv.Itoa(near) + " of them"
	case len(stay) == 0:
		return ""
	}
	return "it has been ready for least, or as short as others"
}
