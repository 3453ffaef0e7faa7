package rollout

import (
	"context"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/internal/collect"
)

// follow reads the workload, and once its selector is known all that belongs to it, until ctx ends.
func (s *state) follow(ctx context.Context, c *cluster.Cluster) {
	var all sync.WaitGroup
	defer all.Wait()
	workloads := c.Dynamic().Resource(s.ref.Resource).Namespace(s.ref.Namespace)
	all.Go(func() {
		s.workloads.Run(ctx, &unstructured.Unstructured{}, collect.ListWatch(workloads.List, workloads.Watch,
			metav1.ListOptions{FieldSelector: "metadata.name=" + s.ref.Name}))
	})
	// A workload made anew may select other Pods: then all that belongs to it begins again.
	for parts, stop := (*sync.WaitGroup)(nil), context.CancelFunc(nil); ; {
		var selector string
		select {
		case <-ctx.Done():
		case selector = <-s.selectors:
		}
		if stop != nil {
			stop()
			parts.Wait()
		}
		if ctx.Err() != nil {
			return
		}
		var part context.Context
		part, stop = context.WithCancel(ctx)
		parts = &sync.WaitGroup{}
		s.followParts(part, c, selector, parts)
	}
}

func (s *state) followParts(ctx context.Context, c *cluster.Cluster, selector string, parts *sync.WaitGroup) {
	ns, kube := s.ref.Namespace, c.Kubernetes()
	selected := metav1.ListOptions{LabelSelector: selector}
	parts.Go(func() {
		s.pods.Run(ctx, &corev1.Pod{}, collect.ListWatch(kube.CoreV1().Pods(ns).List, kube.CoreV1().Pods(ns).Watch, selected))
	})
	parts.Go(func() {
		events := kube.CoreV1().Events(ns)
		s.events.Run(ctx, &corev1.Event{}, collect.ListWatch(events.List, events.Watch, metav1.ListOptions{FieldSelector: "type=Warning"}))
	})
	parts.Go(func() {
		if s.kind == deployment {
			sets := kube.AppsV1().ReplicaSets(ns)
			s.sets.Run(ctx, &appsv1.ReplicaSet{}, collect.ListWatch(sets.List, sets.Watch, selected))
			return
		}
		revisions := kube.AppsV1().ControllerRevisions(ns)
		s.histories.Run(ctx, &appsv1.ControllerRevision{}, collect.ListWatch(revisions.List, revisions.Watch, selected))
	})
}

// aboutUs keeps events on the workload and on what it makes, whose names begin with its own.
func (s *state) aboutUs(e *corev1.Event) bool {
	return strings.HasPrefix(e.InvolvedObject.Name, s.ref.Name)
}
