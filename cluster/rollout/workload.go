package rollout

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// workload is what a Deployment, a StatefulSet and a DaemonSet have in common. One of the three pointers is set.
type workload struct {
	deployment  *appsv1.Deployment
	statefulSet *appsv1.StatefulSet
	daemonSet   *appsv1.DaemonSet

	uid      types.UID
	created  time.Time
	selector labels.Selector
	template *corev1.PodTemplateSpec
}

func newWorkload(kind workloadKind, o *unstructured.Unstructured) (*workload, error) {
	w := &workload{uid: o.GetUID(), created: o.GetCreationTimestamp().Time}
	var selector *metav1.LabelSelector
	var into any
	switch kind {
	case deployment:
		w.deployment = &appsv1.Deployment{}
		into = w.deployment
	case statefulSet:
		w.statefulSet = &appsv1.StatefulSet{}
		into = w.statefulSet
	case daemonSet:
		w.daemonSet = &appsv1.DaemonSet{}
		into = w.daemonSet
	default:
		return nil, ErrUnsupported
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
		return nil, err
	}
	switch kind {
	case deployment:
		selector, w.template = w.deployment.Spec.Selector, &w.deployment.Spec.Template
	case statefulSet:
		selector, w.template = w.statefulSet.Spec.Selector, &w.statefulSet.Spec.Template
	case daemonSet:
		selector, w.template = w.daemonSet.Spec.Selector, &w.daemonSet.Spec.Template
	}
	var err error
	if w.selector, err = metav1.LabelSelectorAsSelector(selector); err != nil {
		return nil, fmt.Errorf("selector: %w", err)
	}
	return w, nil
}
