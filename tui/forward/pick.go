package forward

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/screen"
)

// port is one that a target offers.
type port struct {
	number uint16
	name   string
}

// errNoPod is returned while a target has no Pod that is ready.
var errNoPod = errors.New("no Pod is ready")

// perPod are labels that tell Pods of one workload apart: without them, a Pod's labels are its workload's.
var perPod = []string{"pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "pod-template-generation"}

// source is where the Pods of a target come from.
type source struct {
	selector labels.Selector // nil where it is one Pod that nobody makes again
	service  *corev1.Service // nil where ports are the Pods' own
	ports    []port
	// free says that the first of the ports can be had on this machine, too.
	free bool
	// pod is the one that was asked for, where one was.
	pod string
}

// look finds out about a target: a Pod, a Service, or anything with a selector of Pods.
func look(ctx context.Context, c *cluster.Cluster, target screen.Object) (*source, error) {
	switch target.Resource.Resource {
	case "pods":
		p, err := c.Kubernetes().CoreV1().Pods(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		s := &source{pod: p.Name, ports: portsOf(&p.Spec)}
		if metav1.GetControllerOf(p) != nil {
			set := labels.Set(maps.Clone(p.Labels))
			for _, l := range perPod {
				delete(set, l)
			}
			if len(set) > 0 {
				s.selector = set.AsSelector()
			}
		}
		return s, nil
	case "services":
		svc, err := c.Kubernetes().CoreV1().Services(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		if len(svc.Spec.Selector) == 0 {
			return nil, fmt.Errorf("service/%s selects no Pods: there is nothing to forward to", svc.Name)
		}
		s := &source{selector: labels.Set(svc.Spec.Selector).AsSelector(), service: svc}
		for _, p := range svc.Spec.Ports {
			s.ports = append(s.ports, port{uint16(p.Port), p.Name})
		}
		return s, nil
	}
	u, err := c.Dynamic().Resource(target.Resource).Namespace(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	match, _, err := unstructured.NestedStringMap(u.Object, "spec", "selector", "matchLabels")
	if err != nil || len(match) == 0 {
		return nil, fmt.Errorf("%s/%s has no selector of Pods", target.Resource.Resource, target.Name)
	}
	s := &source{selector: labels.Set(match).AsSelector()}
	containers, _, err := unstructured.NestedSlice(u.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return nil, err
	}
	for _, container := range containers {
		m, _ := container.(map[string]any)
		list, _, _ := unstructured.NestedSlice(m, "ports") // without ports there are none
		for _, p := range list {
			m, _ := p.(map[string]any)
			number, _, _ := unstructured.NestedInt64(m, "containerPort")
			name, _, _ := unstructured.NestedString(m, "name")
			s.ports = append(s.ports, port{uint16(number), name})
		}
	}
	return s, nil
}

func portsOf(spec *corev1.PodSpec) (out []port) {
	for i := range spec.Containers {
		for _, p := range spec.Containers[i].Ports {
			out = append(out, port{uint16(p.ContainerPort), p.Name})
		}
	}
	return out
}

// pick chooses a Pod that is ready, the one that was asked for while it is, and the port of it that is meant.
func (s *source) pick(ctx context.Context, c *cluster.Cluster, namespace string, wanted uint16) (*corev1.Pod, uint16, error) {
	pods := c.Kubernetes().CoreV1().Pods(namespace)
	if s.pod != "" {
		p, err := pods.Get(ctx, s.pod, metav1.GetOptions{})
		if err == nil && lives(p) && (ready(p) || s.selector == nil) {
			return p, wanted, nil
		}
		if s.selector == nil {
			if err == nil {
				err = fmt.Errorf("pod/%s has ended, and nobody makes it again", s.pod)
			}
			return nil, 0, err
		}
	}
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: s.selector.String()})
	if err != nil {
		return nil, 0, err
	}
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	for i := range list.Items {
		p := &list.Items[i]
		if !lives(p) || !ready(p) {
			continue
		}
		if s.service == nil {
			return p, wanted, nil
		}
		to, err := targetPort(s.service, p, wanted)
		return p, to, err
	}
	return nil, 0, errNoPod
}

// targetPort is the Pod's port behind a Service's.
func targetPort(svc *corev1.Service, p *corev1.Pod, wanted uint16) (uint16, error) {
	for _, sp := range svc.Spec.Ports {
		if uint16(sp.Port) != wanted {
			continue
		}
		switch {
		case sp.TargetPort.Type == intstr.Int && sp.TargetPort.IntVal == 0:
			return wanted, nil
		case sp.TargetPort.Type == intstr.Int:
			return uint16(sp.TargetPort.IntVal), nil
		}
		for _, pp := range portsOf(&p.Spec) {
			if pp.name == sp.TargetPort.StrVal {
				return pp.number, nil
			}
		}
		return 0, fmt.Errorf("pod/%s has no port %q", p.Name, sp.TargetPort.StrVal)
	}
	return 0, fmt.Errorf("service/%s has no port %d", svc.Name, wanted)
}

func lives(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// untilGone returns when the Pod is going or gone, with true, or else when that cannot be known any more: with ctx, or without a server.
// It watches from the list and not from the Pod, which may have changed last before what the server remembers.
func untilGone(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod) bool {
	pods, only := c.Kubernetes().CoreV1().Pods(pod.Namespace), "metadata.name="+pod.Name
	stays := func(o runtime.Object) bool {
		p, ok := o.(*corev1.Pod)
		return ok && p.UID == pod.UID && lives(p)
	}
	for {
		list, err := pods.List(ctx, metav1.ListOptions{FieldSelector: only})
		if err != nil {
			return false // the connection itself tells then, or the next attempt does
		}
		if len(list.Items) == 0 || !stays(&list.Items[0]) {
			return true
		}
		w, err := pods.Watch(ctx, metav1.ListOptions{FieldSelector: only, ResourceVersion: list.ResourceVersion})
		if err != nil {
			return false
		}
		for e := range w.ResultChan() {
			if e.Type == watch.Error { // it ends after that
				continue
			}
			if e.Type == watch.Deleted || !stays(e.Object) {
				w.Stop()
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(minBackoff):
		}
	}
}
