package edit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// Label plans to set labels, and to remove those whose value is nil.
func Label(ctx context.Context, c *cluster.Cluster, ref change.Ref, labels map[string]*string) (*change.Plan, error) {
	return pairs(ctx, c, ref, "label", labels, (*unstructured.Unstructured).GetLabels, (*unstructured.Unstructured).SetLabels)
}

// Annotate plans to set annotations, and to remove those whose value is nil.
func Annotate(ctx context.Context, c *cluster.Cluster, ref change.Ref, annotations map[string]*string) (*change.Plan, error) {
	return pairs(ctx, c, ref, "annotate", annotations, (*unstructured.Unstructured).GetAnnotations, (*unstructured.Unstructured).SetAnnotations)
}

func pairs(
	ctx context.Context, c *cluster.Cluster, ref change.Ref, verb string, want map[string]*string,
	get func(*unstructured.Unstructured) map[string]string, set func(*unstructured.Unstructured, map[string]string),
) (*change.Plan, error) {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if v := want[k]; v == nil {
			words = append(words, k+"-")
		} else {
			words = append(words, k+"="+*v)
		}
	}
	args := append([]string{verb, ref.String(), "--overwrite"}, words...)
	return change.Update(ctx, c, change.Edit{
		Ref: ref, Summary: fmt.Sprintf("%s %s: %s", verb, ref, strings.Join(words, " ")), Command: change.Command(ref, args...),
		Mutate: func(o *unstructured.Unstructured) error {
			now := get(o)
			if now == nil {
				now = map[string]string{}
			}
			for k, v := range want {
				if v == nil {
					delete(now, k)
				} else {
					now[k] = *v
				}
			}
			if len(now) == 0 {
				now = nil
			}
			set(o, now)
			return nil
		},
	})
}
