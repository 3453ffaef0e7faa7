// Package placement says what a scaling comes to: on which nodes new Pods would run, and which Pods would go.
//
// Which Pods go is what the controllers do: the ranking of ReplicaSets (k8s.io/kubernetes pkg/controller, ActivePodsWithRanks), the
// highest ordinals of a StatefulSet. Where new Pods run is an estimate: it knows requests, taints, selectors, node affinity, hard
// anti-affinity and spreading over nodes among the workload's own Pods, and puts each Pod where fewest of them are and least is
// requested. The scheduler itself knows more (volumes, other Pods' affinities, preemption, plugins), and the cluster goes on meanwhile.
package placement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ErrUnknown is returned for kinds of which nothing is known.
var ErrUnknown = errors.New("nothing is known of this kind")

// workload is what is scaled.
type workload struct {
	replicas int
	template corev1.PodTemplateSpec
	selector labels.Selector
	ordered  bool // a StatefulSet
}

func read(ctx context.Context, c *cluster.Cluster, r change.Ref) (*workload, error) {
	var w workload
	var replicas *int32
	var selector *metav1.LabelSelector
	apps := c.Kubernetes().AppsV1()
	switch r.Resource.GroupResource().String() {
	case "deployments.apps":
		d, err := apps.Deployments(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		replicas, selector, w.template = d.Spec.Replicas, d.Spec.Selector, d.Spec.Template
	case "statefulsets.apps":
		s, err := apps.StatefulSets(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		replicas, selector, w.template, w.ordered = s.Spec.Replicas, s.Spec.Selector, s.Spec.Template, true
	case "replicasets.apps":
		s, err := apps.ReplicaSets(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		replicas, selector, w.template = s.Spec.Replicas, s.Spec.Selector, s.Spec.Template
	default:
		return nil, fmt.Errorf("%s: %w", r, ErrUnknown)
	}
	w.replicas = 1
	if replicas != nil {
		w.replicas = int(*replicas)
	}
	var err error
	w.selector, err = metav1.LabelSelectorAsSelector(selector)
	return &w, err
}

// Lines say what scaling to a number of replicas comes to, for its preview. Kinds of which nothing is known have none.
func Lines(ctx context.Context, c *cluster.Cluster, r change.Ref, replicas int) ([]string, error) {
	w, err := read(ctx, c, r)
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pods, err := c.Kubernetes().CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"})
	if err != nil {
		return nil, fmt.Errorf("the Pods of all nodes: %w", err)
	}
	var own []*corev1.Pod
	for i := range pods.Items {
		p := &pods.Items[i]
		if p.Namespace == r.Namespace && w.selector.Matches(labels.Set(p.Labels)) && p.DeletionTimestamp == nil {
			own = append(own, p)
		}
	}
	switch n := replicas - w.replicas; {
	case n > 0:
		nodes, err := c.Kubernetes().CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("the nodes: %w", err)
		}
		placed, waiting := newEstimate(nodes.Items, pods.Items, own).place(&w.template, r.Namespace, n)
		return comingLines(placed, waiting, n), nil
	case n < 0:
		sets, err := replicaSets(ctx, c, r)
		if err != nil {
			return nil, err
		}
		return goingLines(going(w, own, -n, metav1.Now().Time), len(sets) > 1), nil
	}
	return nil, nil
}

// replicaSets are those of a Deployment; a Deployment with several is in the middle of a rollout.
func replicaSets(ctx context.Context, c *cluster.Cluster, r change.Ref) ([]appsv1.ReplicaSet, error) {
	if r.Resource.Resource != "deployments" {
		return nil, nil
	}
	list, err := c.Kubernetes().AppsV1().ReplicaSets(r.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(s appsv1.ReplicaSet) bool {
		o := metav1.GetControllerOf(&s)
		return o == nil || o.Kind != "Deployment" || o.Name != r.Name || s.Spec.Replicas != nil && *s.Spec.Replicas == 0
	}), nil
}

func comingLines(placed map[string]int, waiting []string, n int) []string {
	lines := []string{fmt.Sprintf("where %s would go, an estimate:", count(n, "new Pod"))}
	var nodes []string
	width := 0
	for name := range placed {
		nodes = append(nodes, name)
		width = max(width, len(name))
	}
	slices.Sort(nodes)
	for _, name := range nodes {
		lines = append(lines, fmt.Sprintf("  %-*s  %s", width, name, count(placed[name], "Pod")))
	}
	if left := n - sum(placed); left > 0 {
		lines = append(lines, fmt.Sprintf("  %s would wait: %s", count(left, "Pod"), strings.Join(waiting, ", ")))
	}
	return lines
}

func goingLines(list []leaving, mixed bool) []string {
	lines := []string{"these Pods would go, of equal ones any:"}
	if mixed {
		lines[0] = "these Pods would go, of equal ones any, if the rollout that is under way stood still:"
	}
	for _, l := range list {
		node := l.pod.Spec.NodeName
		if node == "" {
			node = "no node yet"
		}
		lines = append(lines, fmt.Sprintf("  %s   on %s   %s", l.pod.Name, node, l.why))
	}
	return lines
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
