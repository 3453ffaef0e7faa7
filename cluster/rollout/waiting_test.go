package rollout

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/podarium/podarium/cluster/clustertest"
)

func TestWaitsAreExplained(t *testing.T) {
	shared := newWorld(t)
	for name, test := range map[string]struct {
		change  func(*appsv1.Deployment)
		prepare func(*world)
		want    Wait // Pod is set by the test; Message is a part of it
		stuck   bool
	}{
		"unschedulable": {
			change: func(d *appsv1.Deployment) { d.Spec.Template.Spec.NodeSelector = map[string]string{"no": "such"} },
			want:   Wait{Reason: "Unschedulable", Message: "didn't match Pod's node affinity/selector", Fatal: true},
			stuck:  true,
		},
		"probe": {
			change: func(d *appsv1.Deployment) {
				d.Spec.Template.Spec.Containers[0].ReadinessProbe = &corev1.Probe{
					ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(9999)}},
					PeriodSeconds: 1,
				}
			},
			want: Wait{Container: "app", Reason: "Unhealthy", Message: "Readiness probe failed"},
		},
		"quota": {
			prepare: noPods,
			want:    Wait{Reason: "FailedCreate", Message: "exceeded quota: none", Fatal: true},
			stuck:   true,
		},
		"config": {
			change: func(d *appsv1.Deployment) {
				d.Spec.Template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "missing"}}}}
			},
			want:  Wait{Container: "app", Reason: "CreateContainerConfigError", Message: `"missing" not found`, Fatal: true},
			stuck: true,
		},
		"gate": {
			change: func(d *appsv1.Deployment) {
				d.Spec.Template.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/ready"}}
			},
			want: Wait{Reason: "ReadinessGate", Message: "example.com/ready"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, c: shared.c, door: shared.door, ns: clustertest.Namespace(t, shared.c)}
			if test.prepare != nil {
				test.prepare(w)
			}
			var changes []func(*appsv1.Deployment)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			live := w.watch(w.deploy("web", "nginx:1", 1, changes...))
			p := w.until(live, test.want.Reason, func(p *Progress) bool {
				return len(p.Waiting) > 0 && p.Waiting[0].Reason == test.want.Reason && p.Stuck == test.stuck
			})
			got := p.Waiting[0]
			if !strings.Contains(got.Message, test.want.Message) || got.Container != test.want.Container || got.Fatal != test.want.Fatal || got.Since.IsZero() {
				t.Errorf("got %+v", got)
			}
			if (got.Pod == "") != (test.want.Reason == "FailedCreate") {
				t.Errorf("Pod %q", got.Pod)
			}
		})
	}
}

// noPods is a quota that allows none.
func noPods(w *world) {
	quotas := w.c.Kubernetes().CoreV1().ResourceQuotas(w.ns)
	q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "none"}}
	q.Spec.Hard = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}
	if _, err := quotas.Create(w.Context(), q, metav1.CreateOptions{}); err != nil {
		w.Fatal(err)
	}
	clustertest.Eventually(w, "the quota", func() bool {
		q, err := quotas.Get(w.Context(), "none", metav1.GetOptions{})
		return err == nil && len(q.Status.Hard) > 0
	})
}
