package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	deploymentutil "k8s.io/kubectl/pkg/util/deployment"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// History is the revisions of a workload, newest first, as kubectl rollout history knows them. Ready and Replicas are
// known for a Deployment only; Watch counts Pods for every kind.
func History(ctx context.Context, c *cluster.Cluster, ref change.Ref) ([]Revision, error) {
	live, err := change.Get(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	past, err := readPast(ctx, c, ref, live)
	if err != nil {
		return nil, err
	}
	out := make([]Revision, len(past))
	for i := range past {
		out[i] = past[i].Revision
	}
	return out, nil
}

// pastRevision is a revision with what undo needs, as the server stores it: fields that this program does not know survive.
type pastRevision struct {
	Revision
	template    map[string]any
	annotations map[string]string // of the ReplicaSet
}

// readPast reads the history of a workload, newest first.
func readPast(ctx context.Context, c *cluster.Cluster, ref change.Ref, live *unstructured.Unstructured) ([]pastRevision, error) {
	kind := kindOf(ref)
	if kind == other {
		return nil, fmt.Errorf("%s has no revisions: %w", ref, ErrUnsupported)
	}
	w, err := newWorkload(kind, live)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "controllerrevisions"}
	if kind == deployment {
		resource.Resource = "replicasets"
	}
	list, err := c.Dynamic().Resource(resource).Namespace(ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: w.selector.String()})
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", ref, err)
	}
	var past []pastRevision
	for i := range list.Items {
		if !metav1.IsControlledBy(&list.Items[i], live) {
			continue
		}
		p, err := pastFrom(kind, &list.Items[i])
		if err != nil {
			return nil, fmt.Errorf("history of %s: %w", ref, err)
		}
		past = append(past, p)
	}
	slices.SortFunc(past, func(a, b pastRevision) int { return int(b.Number - a.Number) })
	revisions := make([]*Revision, len(past))
	for i := range past {
		revisions[i] = &past[i].Revision
	}
	markCurrent(revisions, w.template)
	return past, nil
}

func pastFrom(kind workloadKind, o *unstructured.Unstructured) (pastRevision, error) {
	if kind == deployment {
		var rs appsv1.ReplicaSet
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &rs); err != nil {
			return pastRevision{}, err
		}
		template, _, err := unstructured.NestedMap(o.Object, "spec", "template")
		return pastRevision{Revision: fromReplicaSet(&rs), template: template, annotations: rs.Annotations}, err
	}
	var cr appsv1.ControllerRevision
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &cr); err != nil {
		return pastRevision{}, err
	}
	template, _, err := unstructured.NestedMap(o.Object, "data", "spec", "template")
	delete(template, "$patch")
	if err != nil {
		return pastRevision{}, err
	}
	r, err := fromControllerRevision(&cr)
	return pastRevision{Revision: r, template: template, annotations: cr.Annotations}, err
}

// fromReplicaSet reads a revision; its number is 0 where the annotation is missing or wrong.
func fromReplicaSet(rs *appsv1.ReplicaSet) Revision {
	number, _ := strconv.ParseInt(rs.Annotations[deploymentutil.RevisionAnnotation], 10, 64)
	return Revision{
		Number: number, Name: rs.Name, Created: rs.CreationTimestamp.Time,
		Images: imagesOf(&rs.Spec.Template), Containers: containersOf(&rs.Spec.Template), Cause: rs.Annotations[CauseAnnotation],
		Ready: rs.Status.ReadyReplicas, Replicas: rs.Status.Replicas,
		Template: withoutHash(&rs.Spec.Template),
	}
}

// fromControllerRevision reads a revision of a StatefulSet or DaemonSet, whose data is a patch that replaces spec.template.
func fromControllerRevision(cr *appsv1.ControllerRevision) (Revision, error) {
	var patch struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(cr.Data.Raw, &patch); err != nil {
		return Revision{}, fmt.Errorf("controllerrevision %s: %w", cr.Name, err)
	}
	return Revision{
		Number: cr.Revision, Name: cr.Name, Created: cr.CreationTimestamp.Time,
		Images: imagesOf(&patch.Spec.Template), Containers: containersOf(&patch.Spec.Template), Cause: cr.Annotations[CauseAnnotation],
		Template: &patch.Spec.Template,
	}, nil
}

// markCurrent marks the revision whose template is the workload's: of several the one with the highest number.
func markCurrent(newestFirst []*Revision, template *corev1.PodTemplateSpec) {
	for _, r := range newestFirst {
		if equalIgnoringHash(r.Template, template) {
			r.Current = true
			return
		}
	}
}

// equalIgnoringHash is kubectl's equality of templates.
func equalIgnoringHash(a, b *corev1.PodTemplateSpec) bool {
	return apiequality.Semantic.DeepEqual(withoutHash(a), withoutHash(b))
}

// withoutHash is a copy of the template without the label by which a Deployment tells its ReplicaSets apart.
func withoutHash(t *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	t = t.DeepCopy()
	delete(t.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return t
}

func containersOf(t *corev1.PodTemplateSpec) []string {
	names := make([]string, 0, len(t.Spec.Containers)+len(t.Spec.InitContainers))
	for _, list := range [][]corev1.Container{t.Spec.Containers, t.Spec.InitContainers} {
		for i := range list {
			names = append(names, list[i].Name)
		}
	}
	return names
}

func imagesOf(t *corev1.PodTemplateSpec) map[string]string {
	images := make(map[string]string, len(t.Spec.Containers)+len(t.Spec.InitContainers))
	for _, list := range [][]corev1.Container{t.Spec.InitContainers, t.Spec.Containers} {
		for i := range list {
			images[list[i].Name] = list[i].Image
		}
	}
	return images
}
