package drain

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

var selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}

func template() (t corev1.PodTemplateSpec) {
	zero := int64(0)
	t.Labels = selector.MatchLabels
	t.Spec.TerminationGracePeriodSeconds = &zero
	t.Spec.Containers = []corev1.Container{{Name: "app", Image: "web:1"}}
	return t
}

func TestDrain(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	ns := clustertest.Namespace(t, c)
	ctx, kube := t.Context(), c.Kubernetes()
	door := change.NewDoor(c.Cluster)
	node := change.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, Kind: "Node", Name: "node-1"}

	two := int32(2)
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	d.Spec.Replicas, d.Spec.Selector, d.Spec.Template = &two, selector, template()
	if _, err := kube.AppsV1().Deployments(ns).Create(ctx, d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "everywhere"}}
	ds.Spec.Selector, ds.Spec.Template = &metav1.LabelSelector{MatchLabels: map[string]string{"ds": "x"}}, template()
	ds.Spec.Template.Labels = map[string]string{"ds": "x"}
	if _, err := kube.AppsV1().DaemonSets(ns).Create(ctx, ds, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	one := intstr.FromInt32(1)
	pdb := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	pdb.Spec.MinAvailable, pdb.Spec.Selector = &one, selector
	if _, err := kube.PolicyV1().PodDisruptionBudgets(ns).Create(ctx, pdb, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	clustertest.Eventually(t, "Pods and their budget", func() bool {
		p, err := kube.PolicyV1().PodDisruptionBudgets(ns).Get(ctx, "web", metav1.GetOptions{})
		e, err2 := kube.AppsV1().DaemonSets(ns).Get(ctx, "everywhere", metav1.GetOptions{})
		return err == nil && err2 == nil && p.Status.DisruptionsAllowed == 1 && e.Status.NumberReady == 1
	})

	if _, err := Make(ctx, c.Cluster, node, Options{}); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "DaemonSet") {
		t.Errorf("DaemonSets must be agreed to: %v", err)
	}
	p, err := Make(ctx, c.Cluster, node, Options{IgnoreDaemonSets: true})
	if err != nil {
		t.Fatal(err)
	}
	if p.Cordon == nil || len(p.Evictions) != 2 || len(p.Warnings) == 0 || p.Command != "kubectl drain node-1 --ignore-daemonsets" {
		t.Errorf("plan: %+v", p)
	}
	run := Start(ctx, c.Cluster, door, p)
	defer run.Stop()
	// The node is the only one: the first Pod's successor stays Pending, so that the budget holds the second one.
	state := until(t, run, "one Pod gone and one held", func(pods []Pod) bool {
		return pods[0].State == Gone && pods[1].State == Held || pods[0].State == Held && pods[1].State == Gone
	})
	for _, pod := range state {
		if pod.State == Held && !strings.Contains(pod.Message, "disruption budget") {
			t.Errorf("held: %q", pod.Message)
		}
	}
	if n, err := kube.CoreV1().Nodes().Get(ctx, "node-1", metav1.GetOptions{}); err != nil || !n.Spec.Unschedulable {
		t.Errorf("the node must be cordoned: %v", err)
	}
	if _, err := Cordon(ctx, c.Cluster, node); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("cordon twice: %v", err)
	}
	c.Kubectl(t, "-n", ns, "delete", "pdb", "web")
	select {
	case <-run.Done():
	case <-time.After(time.Minute):
		t.Fatalf("still at %+v", run.Pods())
	}
	if err := run.Err(); err != nil {
		t.Error(err)
	}
	records := door.Records()
	if len(records) != 3 || records[0].Plan.Verb != "update" || records[2].Plan.Verb != "evict" {
		t.Errorf("records: %+v", records)
	}
	back, err := door.Undo(ctx, &records[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := door.Apply(ctx, back); err != nil {
		t.Error(err)
	}
	clustertest.Eventually(t, "the Pods to come back", func() bool {
		d, err := kube.AppsV1().Deployments(ns).Get(ctx, "web", metav1.GetOptions{})
		return err == nil && d.Status.ReadyReplicas == 2
	})
	if _, err := Uncordon(ctx, c.Cluster, node); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("uncordon after the cordon was undone: %v", err)
	}
}

func until(t *testing.T, r *Run, what string, ok func([]Pod) bool) []Pod {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		if pods := r.Pods(); ok(pods) {
			return pods
		}
		select {
		case <-r.Changed():
		case <-limit:
			t.Fatalf("waited a minute for %s; now %+v, %v", what, r.Pods(), r.Err())
		}
	}
}
