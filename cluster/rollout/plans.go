package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// restartedAt is the annotation of the Pod template by which kubectl rollout restart makes a new revision.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// Scale plans to set the number of replicas of anything with the scale subresource.
func Scale(ctx context.Context, c *cluster.Cluster, ref change.Ref, replicas int32) (*change.Plan, error) {
	return change.Scale(ctx, c, ref, replicas)
}

// SetImage plans to give containers new images. The keys are names of containers or init containers.
func SetImage(ctx context.Context, c *cluster.Cluster, ref change.Ref, images map[string]string) (*change.Plan, error) {
	if len(images) == 0 {
		return nil, fmt.Errorf("set image of %s: no container given: %w", ref, change.ErrNothingToDo)
	}
	args := []string{"set", "image", ref.String()}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		args = append(args, name+"="+images[name])
	}
	var warnings []string
	live, err := change.Get(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	if isPaused(live) {
		warnings = append(warnings, "the Deployment is paused: nothing rolls out until it is resumed")
	}
	summary, err := setImages(live.DeepCopy(), images)
	if err != nil {
		return nil, fmt.Errorf("set image of %s: %w", ref, err)
	}
	return change.Update(ctx, c, change.Edit{
		Ref: ref, Command: change.Command(ref, args...), Warnings: warnings,
		Summary: fmt.Sprintf("set image of %s: %s", ref, strings.Join(summary, ", ")),
		Mutate: func(o *unstructured.Unstructured) error {
			_, err := setImages(o, images)
			return err
		},
	})
}

// setImages changes the images and says what it did: "app nginx:1 -> nginx:2".
func setImages(o *unstructured.Unstructured, images map[string]string) ([]string, error) {
	spec, err := podSpecPath(o)
	if err != nil {
		return nil, err
	}
	var did []string
	found := map[string]bool{}
	for _, list := range []string{"initContainers", "containers"} {
		path := append(slices.Clone(spec), list)
		containers, ok, err := unstructured.NestedSlice(o.Object, path...)
		if err != nil {
			return nil, err
		}
		for _, v := range containers {
			container, _ := v.(map[string]any)
			name, _ := container["name"].(string)
			image, wanted := images[name]
			if !wanted {
				continue
			}
			if image = strings.TrimSpace(image); image == "" {
				return nil, fmt.Errorf("container %s: the image is empty", name)
			}
			found[name] = true
			if old := container["image"]; old != image {
				did = append(did, fmt.Sprintf("%s %v -> %s", name, old, image))
			}
			container["image"] = image
		}
		if ok {
			if err := unstructured.SetNestedSlice(o.Object, containers, path...); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		if !found[name] {
			return nil, fmt.Errorf("no container named %q", name)
		}
	}
	return did, nil
}

// podSpecPath is where the Pod spec is in a workload, a CronJob or a Pod.
func podSpecPath(o *unstructured.Unstructured) ([]string, error) {
	for _, path := range [][]string{
		{"spec", "jobTemplate", "spec", "template", "spec"},
		{"spec", "template", "spec"},
		{"spec"},
	} {
		if _, ok, _ := unstructured.NestedSlice(o.Object, append(slices.Clone(path), "containers")...); ok {
			return path, nil
		}
	}
	return nil, fmt.Errorf("%s has no containers: %w", o.GetKind(), ErrUnsupported)
}

// Restart plans to replace every Pod, by an annotation on the template as kubectl rollout restart does.
// It returns ErrPaused for a paused Deployment.
func Restart(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*change.Plan, error) {
	if !hasRollouts(ref) {
		return nil, fmt.Errorf("restart %s: %w", ref, ErrUnsupported)
	}
	now := time.Now().Format(time.RFC3339)
	return change.Update(ctx, c, change.Edit{
		Ref: ref, Summary: "restart " + ref.String(), Command: change.Command(ref, "rollout", "restart", ref.String()),
		Mutate: func(o *unstructured.Unstructured) error {
			if isPaused(o) {
				return fmt.Errorf("restart %s: %w: resume it first", ref, ErrPaused)
			}
			return unstructured.SetNestedField(o.Object, now, "spec", "template", "metadata", "annotations", restartedAt)
		},
	})
}

// Pause plans to hold a Deployment's rollout. It returns ErrNothingToDo when it is paused already.
func Pause(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*change.Plan, error) {
	return setPaused(ctx, c, ref, true, "pause")
}

// Resume plans to let a paused Deployment roll out again. It returns ErrNothingToDo when it is not paused.
func Resume(ctx context.Context, c *cluster.Cluster, ref change.Ref) (*change.Plan, error) {
	return setPaused(ctx, c, ref, false, "resume")
}

func setPaused(ctx context.Context, c *cluster.Cluster, ref change.Ref, paused bool, verb string) (*change.Plan, error) {
	if kindOf(ref) != deployment {
		return nil, fmt.Errorf("%s %s: only a Deployment can be paused: %w", verb, ref, ErrUnsupported)
	}
	return change.Update(ctx, c, change.Edit{
		Ref: ref, Summary: verb + " " + ref.String(), Command: change.Command(ref, "rollout", verb, ref.String()),
		Mutate: func(o *unstructured.Unstructured) error {
			if isPaused(o) == paused {
				return fmt.Errorf("%s is %s already: %w", ref, map[bool]string{true: "paused", false: "running"}[paused], change.ErrNothingToDo)
			}
			if !paused {
				unstructured.RemoveNestedField(o.Object, "spec", "paused")
				return nil
			}
			return unstructured.SetNestedField(o.Object, true, "spec", "paused")
		},
	})
}

func isPaused(o *unstructured.Unstructured) bool {
	paused, _, _ := unstructured.NestedBool(o.Object, "spec", "paused")
	return paused
}

type workloadKind int

const (
	other workloadKind = iota
	deployment
	statefulSet
	daemonSet
)

func kindOf(ref change.Ref) workloadKind {
	if ref.Resource.Group != "apps" {
		return other
	}
	switch ref.Resource.Resource {
	case "deployments":
		return deployment
	case "statefulsets":
		return statefulSet
	case "daemonsets":
		return daemonSet
	}
	return other
}

// hasRollouts says whether the kind has revisions.
func hasRollouts(ref change.Ref) bool { return kindOf(ref) != other }
