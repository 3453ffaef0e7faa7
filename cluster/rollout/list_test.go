package rollout

import (
	"testing"

	"go.uber.org/goleak"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/clustertest"
)

func (w *world) daemonSet(name, image string) {
	w.Helper()
	d := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: name}}
	d.Spec.Template = podTemplate(image)
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	if _, err := w.c.Kubernetes().AppsV1().DaemonSets(w.ns).Create(w.Context(), d, metav1.CreateOptions{}); err != nil {
		w.Fatal(err)
	}
}

// named is the rollout of a workload in a summary, nil where there is none.
func named(s *Summary, kind, name string) *Progress {
	for _, p := range s.Rollouts {
		if p.Ref.Kind == kind && p.Ref.Name == name {
			return p
		}
	}
	return nil
}

func TestListFollowsAllRolloutsAtOnce(t *testing.T) {
	w := newWorld(t)
	l := WatchAll(t.Context(), w.c.Cluster, w.ns)
	t.Cleanup(l.Close)
	until := func(what string, is func(*Summary) bool) {
		t.Helper()
		clustertest.Eventually(t, what, func() bool { return is(l.Snapshot()) })
	}
	until("an empty list", func(s *Summary) bool { return s.Synced && len(s.Rollouts) == 0 })
	w.deploy("good", "nginx:1", 2)
	w.deploy("none", "nginx:1", 0)
	w.deploy("picky", "nginx:1", 1, func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.NodeSelector = map[string]string{"no": "such"}
	})
	w.daemonSet("each", "nginx:1")
	until("good and each to be done, and what picky waits for", func(s *Summary) bool {
		good, each, picky := named(s, "Deployment", "good"), named(s, "DaemonSet", "each"), named(s, "Deployment", "picky")
		return len(s.Rollouts) == 4 && good != nil && good.Done && good.Available == 2 && each != nil && each.Done &&
			picky != nil && picky.Stuck && len(picky.Waiting) == 1 && picky.Waiting[0].Reason == "Unschedulable"
	})
	s := l.Snapshot()
	if got := named(s, "Deployment", "good"); got.Images["app"] != "nginx:1" || got.Ref.UID == "" {
		t.Errorf("the images are %v, the UID %q", got.Images, got.Ref.UID)
	}
	if s.Rollouts[0].Ref.Name != "each" || s.Rollouts[3].Ref.Name != "picky" {
		t.Errorf("the order is %v", s.Rollouts)
	}
	if err := w.c.Kubernetes().AppsV1().Deployments(w.ns).Delete(t.Context(), "picky", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until("picky to go", func(s *Summary) bool { return named(s, "Deployment", "picky") == nil })
}

func TestCloseOfAListLeavesNoGoroutine(t *testing.T) {
	w := newWorld(t)
	w.deploy("picky", "nginx:1", 1, func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.NodeSelector = map[string]string{"no": "such"}
	})
	run := func() {
		l := WatchAll(t.Context(), w.c.Cluster, w.ns)
		clustertest.Eventually(t, "details", func() bool {
			p := named(l.Snapshot(), "Deployment", "picky")
			return p != nil && len(p.Waiting) > 0
		})
		l.Close()
	}
	run() // the connection, which stays, is made here
	before := goleak.IgnoreCurrent()
	run()
	goleak.VerifyNone(t, before)
}
