package cron

import (
	"errors"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/clustertest"
)

func TestMain(m *testing.M) { clustertest.Main(m) }

func TestTriggerAndSuspend(t *testing.T) {
	c, ns := clustertest.Shared(t)
	ctx, door := t.Context(), change.NewDoor(c.Cluster)
	name := "backup-" + strings.Repeat("x", 45) // as long as a CronJob's may be
	cron := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: name}}
	cron.Spec.Schedule = "0 0 1 1 *"
	cron.Spec.JobTemplate.Labels = map[string]string{"of": "backup"}
	cron.Spec.JobTemplate.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	cron.Spec.JobTemplate.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Image: "backup:1"}}
	made, err := c.Kubernetes().BatchV1().CronJobs(ns).Create(ctx, cron, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ref := change.Ref{Resource: schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "cronjobs"}, Kind: "CronJob", Namespace: ns, Name: name}
	p, err := Trigger(ctx, c.Cluster, ref)
	if err != nil {
		t.Fatal(err)
	}
	r, err := door.Apply(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	job, err := c.Kubernetes().BatchV1().Jobs(ns).Get(ctx, r.Result.GetName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	owner := metav1.GetControllerOf(job)
	if owner == nil || owner.UID != made.UID || job.Annotations["cronjob.kubernetes.io/instantiate"] != "manual" || job.Labels["of"] != "backup" || len(job.Name) > maxJobName {
		t.Errorf("job: %+v", job.ObjectMeta)
	}
	clustertest.Eventually(t, "the Job's Pod", func() bool {
		j, err := c.Kubernetes().BatchV1().Jobs(ns).Get(ctx, job.Name, metav1.GetOptions{})
		return err == nil && j.Status.Active+j.Status.Succeeded == 1
	})
	if _, err := Resume(ctx, c.Cluster, ref); !errors.Is(err, change.ErrNothingToDo) {
		t.Errorf("resume what runs: %v", err)
	}
	for _, step := range []struct {
		plan func() (*change.Plan, error)
		want bool
	}{
		{func() (*change.Plan, error) { return Suspend(ctx, c.Cluster, ref) }, true},
		{func() (*change.Plan, error) { return Resume(ctx, c.Cluster, ref) }, false},
	} {
		p, err := step.plan()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := door.Apply(ctx, p); err != nil {
			t.Fatal(err)
		}
		now, err := c.Kubernetes().BatchV1().CronJobs(ns).Get(ctx, name, metav1.GetOptions{})
		if err != nil || *now.Spec.Suspend != step.want {
			t.Errorf("suspended %v, %v", now.Spec.Suspend, err)
		}
	}
	if _, err := Suspend(ctx, c.Cluster, change.Ref{Name: "x"}); !errors.Is(err, ErrNotCronJob) {
		t.Errorf("got %v", err)
	}
}
