// Package cron plans what one does with a CronJob: run it now, suspend it, let it go on.
package cron

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// ErrNotCronJob is returned for other kinds.
var ErrNotCronJob = errors.New("only a CronJob has a schedule")

// maxJobName is the longest name that leaves room for the Pods' suffix in a label value.
const maxJobName = 57

// Trigger plans a Job of the CronJob's template now, as kubectl create job --from does.
func Trigger(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*change.Plan, error) {
	cron, err := read(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	suffix := fmt.Sprintf("-manual-%x", time.Now().UnixMilli()&0xffffff)
	name := strings.TrimRight(ref.Name[:min(len(ref.Name), maxJobName-len(suffix))], "-.") + suffix
	template, _, err := unstructured.NestedMap(cron.Object, "spec", "jobTemplate")
	if err != nil {
		return nil, fmt.Errorf("trigger %s: %w", ref, err)
	}
	job := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "batch/v1", "kind": "Job", "spec": template["spec"]}}
	from := &unstructured.Unstructured{Object: template}
	annotations := map[string]string{"cronjob.kubernetes.io/instantiate": "manual"}
	for k, v := range from.GetAnnotations() {
		annotations[k] = v
	}
	job.SetName(name)
	job.SetNamespace(ref.Namespace)
	job.SetLabels(from.GetLabels())
	job.SetAnnotations(annotations)
	if err := unstructured.SetNestedSlice(job.Object, []any{map[string]any{
		"apiVersion": "batch/v1", "kind": "CronJob", "name": cron.GetName(), "uid": string(cron.GetUID()), "controller": true,
	}}, "metadata", "ownerReferences"); err != nil {
		return nil, fmt.Errorf("trigger %s: %w", ref, err)
	}
	target := change.Ref{
		Resource: schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"},
		Kind:     "Job", Namespace: ref.Namespace, Name: name,
	}
	p, err := change.Create(ctx, c, target, job)
	if err != nil {
		return nil, fmt.Errorf("trigger %s: %w", ref, err)
	}
	p.Summary = fmt.Sprintf("run %s now, as %s", ref, target)
	p.Command = change.Command(ref, "create", "job", name, "--from=cronjob/"+ref.Name)
	return p, nil
}

// Suspend plans to stop the schedule: Jobs that run go on, no new ones start. It returns change.ErrNothingToDo when it is suspended.
func Suspend(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*change.Plan, error) {
	return setSuspended(ctx, c, ref, true, "suspend")
}

// Resume plans to let the schedule go on. It returns change.ErrNothingToDo when it is not suspended.
func Resume(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*change.Plan, error) {
	return setSuspended(ctx, c, ref, false, "resume")
}

func setSuspended(ctx context.Context, c *cluster.Cluster, ref change.Ref, suspend bool, verb string) (*change.Plan, error) {
	if _, err := read(ctx, c, ref); err != nil {
		return nil, err
	}
	patch := fmt.Sprintf(`{"spec":{"suspend":%v}}`, suspend)
	return change.Update(ctx, c, change.Edit{
		Ref: ref, Summary: verb + " " + ref.String(), Command: change.Command(ref, "patch", ref.String(), "-p", patch),
		Mutate: func(o *unstructured.Unstructured) error {
			return unstructured.SetNestedField(o.Object, suspend, "spec", "suspend")
		},
	})
}

func read(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*unstructured.Unstructured, error) {
	if ref.Resource.Group != "batch" || ref.Resource.Resource != "cronjobs" {
		return nil, fmt.Errorf("%s: %w", ref, ErrNotCronJob)
	}
	return change.Get(ctx, c, ref)
}
