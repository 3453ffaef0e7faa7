package placement

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	resourcehelper "k8s.io/component-helpers/resource"
	schedulinghelper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// spot is a node as the estimate sees it.
type spot struct {
	node *corev1.Node
	free corev1.ResourceList
	own  int // of the workload's Pods
}

type estimate struct{ spots []*spot }

func newEstimate(nodes []corev1.Node, pods []corev1.Pod, own []*corev1.Pod) *estimate {
	e := &estimate{}
	byName := map[string]*spot{}
	for i := range nodes {
		s := &spot{node: &nodes[i], free: nodes[i].Status.Allocatable.DeepCopy()}
		e.spots = append(e.spots, s)
		byName[nodes[i].Name] = s
	}
	for i := range pods {
		if s := byName[pods[i].Spec.NodeName]; s != nil {
			s.take(&pods[i])
		}
	}
	for _, p := range own {
		if s := byName[p.Spec.NodeName]; s != nil {
			s.own++
		}
	}
	return e
}

func requests(p *corev1.Pod) corev1.ResourceList {
	r := resourcehelper.PodRequests(p, resourcehelper.PodResourcesOptions{})
	if r == nil {
		r = corev1.ResourceList{}
	}
	r[corev1.ResourcePods] = *resource.NewQuantity(1, resource.DecimalSI)
	return r
}

func (s *spot) take(p *corev1.Pod) {
	for name, q := range requests(p) {
		if free, ok := s.free[name]; ok {
			free.Sub(q)
			s.free[name] = free
		}
	}
}

// place puts n Pods of a template on nodes, one after the other, and says for those that fit nowhere what the nodes lack.
func (e *estimate) place(t *corev1.PodTemplateSpec, namespace string, n int) (placed map[string]int, lack []string) {
	pod := &corev1.Pod{ObjectMeta: *t.ObjectMeta.DeepCopy(), Spec: *t.Spec.DeepCopy()}
	pod.Namespace = namespace
	placed = map[string]int{}
	for range n {
		var best *spot
		why := map[string]int{}
		for _, s := range e.spots {
			if r := e.refuses(s, pod); r != "" {
				why[r]++
			} else if best == nil || better(s, best) {
				best = s
			}
		}
		if best == nil {
			return placed, reasons(why)
		}
		best.take(pod)
		best.own++
		placed[best.node.Name]++
	}
	return placed, nil
}

// better prefers nodes with fewer of the workload's Pods, and then those of which less is requested.
func better(a, b *spot) bool {
	if a.own != b.own {
		return a.own < b.own
	}
	return a.load() < b.load()
}

// load is the larger part of CPU and memory that is requested, from 0 to 1.
func (s *spot) load() (load float64) {
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		all, free := s.node.Status.Allocatable[name], s.free[name]
		if total := all.AsApproximateFloat64(); total > 0 {
			load = max(load, 1-free.AsApproximateFloat64()/total)
		}
	}
	return load
}

// refuses says why a node cannot take a Pod; empty where it can.
func (e *estimate) refuses(s *spot, pod *corev1.Pod) string {
	if s.node.Spec.Unschedulable && !tolerates(pod, &corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}) {
		return "cordoned"
	}
	for i := range s.node.Spec.Taints {
		t := &s.node.Spec.Taints[i]
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !tolerates(pod, t) {
			return "tainted " + t.Key
		}
	}
	if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(s.node); err != nil || !ok {
		return "outside of its node selector"
	}
	for name, q := range requests(pod) {
		if free := s.free[name]; q.Cmp(free) > 0 {
			return "without enough " + string(name)
		}
	}
	if e.crowded(s, pod) {
		return "forbidden by its anti-affinity or spread"
	}
	return ""
}

func tolerates(pod *corev1.Pod, t *corev1.Taint) bool {
	return schedulinghelper.TolerationsTolerateTaint(klog.Background(), pod.Spec.Tolerations, t, false)
}

// crowded says that hard rules among the workload's own Pods keep another one off a node's domain.
func (e *estimate) crowded(s *spot, pod *corev1.Pod) bool {
	itself := func(l *metav1.LabelSelector) bool {
		sel, err := metav1.LabelSelectorAsSelector(l)
		return err == nil && sel.Matches(labels.Set(pod.Labels))
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		for _, term := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if itself(term.LabelSelector) && e.domain(s, term.TopologyKey) > 0 {
				return true
			}
		}
	}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable != corev1.DoNotSchedule || !itself(c.LabelSelector) {
			continue
		}
		least := -1
		for _, other := range e.spots {
			if n := e.domain(other, c.TopologyKey); least < 0 || n < least {
				least = n
			}
		}
		if e.domain(s, c.TopologyKey)+1-least > int(c.MaxSkew) {
			return true
		}
	}
	return false
}

// domain is how many of the workload's Pods are on nodes with the same value of a label.
func (e *estimate) domain(s *spot, key string) (n int) {
	value, ok := s.node.Labels[key]
	for _, other := range e.spots {
		if v, has := other.node.Labels[key]; has == ok && v == value {
			n += other.own
		}
	}
	return n
}

func reasons(why map[string]int) []string {
	var out []string
	for r, n := range why {
		out = append(out, fmt.Sprintf("%s %s", count(n, "node"), r))
	}
	slices.Sort(out)
	if len(out) == 0 {
		out = []string{"there are no nodes"}
	}
	return out
}
