package changes

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/screen"
)

// Cordon proposes to keep new Pods away from nodes, or to let them come again.
func Cordon(s *screen.Scope, nodes []screen.Object, on bool) {
	verb := "uncordon"
	if on {
		verb = "cordon"
	}
	Propose(s, verb+" "+names(nodes), each(nodes, func(ctx context.Context, c *cluster.Cluster, r change.Ref) (*change.Plan, error) {
		return cordon(ctx, c, r, on)
	}))
}

func cordon(ctx context.Context, c *cluster.Cluster, r change.Ref, on bool) (*change.Plan, error) {
	verb := "uncordon"
	if on {
		verb = "cordon"
	}
	return change.Update(ctx, c, change.Edit{
		Ref: r, Summary: verb + " " + r.Name, Command: "kubectl " + verb + " " + r.Name,
		Mutate: func(u *unstructured.Unstructured) error {
			if !on {
				unstructured.RemoveNestedField(u.Object, "spec", "unschedulable")
				return nil
			}
			return unstructured.SetNestedField(u.Object, true, "spec", "unschedulable")
		},
	})
}

// Drain proposes to cordon a node and to evict its Pods, but for those of DaemonSets and static ones.
func Drain(s *screen.Scope, node screen.Object) {
	Propose(s, "drain "+node.Name, func(ctx context.Context, c *cluster.Cluster) ([]*change.Plan, error) {
		var plans []*change.Plan
		p, err := cordon(ctx, c, Ref(node), true)
		switch {
		case err == nil:
			plans = append(plans, p)
		case !errors.Is(err, change.ErrNothingToDo):
			return nil, err
		}
		pods, err := c.Kubernetes().CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node.Name})
		if err != nil {
			return nil, err
		}
		for i := range pods.Items {
			pod := &pods.Items[i]
			if stays(pod) {
				continue
			}
			p, err := change.Evict(ctx, c, change.Ref{
				Resource: corev1.SchemeGroupVersion.WithResource("pods"), Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
			}, change.DeleteOptions{})
			if err != nil {
				return nil, err
			}
			plans = append(plans, p)
		}
		if len(plans) == 0 {
			return nil, fmt.Errorf("%s is cordoned and has no Pods to evict: %w", node.Name, change.ErrNothingToDo)
		}
		return plans, nil
	})
}

// stays says that draining leaves a Pod alone: it is finished, of a DaemonSet, or a static one.
func stays(pod *corev1.Pod) bool {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || pod.DeletionTimestamp != nil {
		return true
	}
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return true
	}
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "DaemonSet"
}

// Suspend proposes to suspend a CronJob or Job, or to let it go on.
func Suspend(s *screen.Scope, o screen.Object) {
	Propose(s, "suspend or resume "+o.Name, One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		r := Ref(o)
		return change.Update(ctx, c, change.Edit{
			Ref: r, Summary: "turn suspend of " + r.String(),
			Mutate: func(u *unstructured.Unstructured) error {
				now, _, err := unstructured.NestedBool(u.Object, "spec", "suspend")
				if err != nil {
					return err
				}
				return unstructured.SetNestedField(u.Object, !now, "spec", "suspend")
			},
		})
	}))
}

// Trigger proposes a Job made of a CronJob, as kubectl create job --from does.
func Trigger(s *screen.Scope, o screen.Object) {
	Propose(s, "run "+o.Name+" now", One(func(ctx context.Context, c *cluster.Cluster) (*change.Plan, error) {
		cron, err := c.Kubernetes().BatchV1().CronJobs(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		job := &batchv1.Job{
			TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
			ObjectMeta: metav1.ObjectMeta{
				Namespace: o.Namespace, Name: fmt.Sprintf("%.40s-manual-%d", o.Name, metav1.Now().Unix()),
				Labels: cron.Spec.JobTemplate.Labels, Annotations: map[string]string{"cronjob.kubernetes.io/instantiate": "manual"},
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cron, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
			},
			Spec: cron.Spec.JobTemplate.Spec,
		}
		raw, err := runtime.DefaultUnstructuredConverter.ToUnstructured(job)
		if err != nil {
			return nil, err
		}
		u := &unstructured.Unstructured{Object: raw}
		unstructured.RemoveNestedField(u.Object, "status")
		unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
		return change.Create(ctx, c, change.Ref{
			Resource: schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}, Kind: "Job", Namespace: o.Namespace, Name: job.Name,
		}, u)
	}))
}
