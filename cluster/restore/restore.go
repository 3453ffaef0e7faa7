// Package restore plans to make an object what it was when it was stored in etcd: from an earlier revision, a snapshot, or a
// recording. What it plans goes through the one door, and so through the API server with all its checks.
package restore

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/manifest"
)

// Plan plans to bring an object back to a stored state, which must have been decoded with its secrets. Its spec and all
// else but the status become what they were; of the metadata the labels and annotations. One that is gone is created
// anew, without what the server sets. What summary says is the plan's.
func Plan(ctx context.Context, c *cluster.Cluster, v *decode.Value, summary string) (*change.Plan, error) {
	if v.Err != nil {
		return nil, v.Err
	}
	if !v.IsKubernetes() || !v.Object.Served() {
		return nil, errors.New("the value is no object that the API serves")
	}
	mapping, err := c.Mapper().RESTMapping(v.StoredAs.GroupKind(), v.StoredAs.Version)
	if err != nil {
		return nil, fmt.Errorf("the API does not serve %s any more: %w", v.StoredAs, err)
	}
	ref := change.Ref{Resource: mapping.Resource, Kind: v.StoredAs.Kind, Namespace: v.Object.Namespace, Name: v.Object.Name}
	_, err = change.Get(ctx, c, ref)
	switch {
	case apierrors.IsNotFound(err):
		return anew(ctx, c, ref, v)
	case err != nil:
		return nil, err
	}
	t, err := v.Tree()
	if err != nil {
		return nil, err
	}
	was, err := object(t)
	if err != nil {
		return nil, err
	}
	return change.Update(ctx, c, change.Edit{Ref: ref, Summary: summary, Mutate: func(now *unstructured.Unstructured) error {
		for k := range now.Object {
			if _, ok := was.Object[k]; !ok && !kept(k) {
				delete(now.Object, k)
			}
		}
		for k, x := range was.Object {
			if !kept(k) {
				now.Object[k] = x
			}
		}
		now.SetLabels(was.GetLabels())
		now.SetAnnotations(was.GetAnnotations())
		return nil
	}})
}

// kept says which parts of the live object stay as they are: the status is its controller's, and of the metadata only
// labels and annotations go back.
func kept(field string) bool {
	return field == "apiVersion" || field == "kind" || field == "metadata" || field == "status"
}

func anew(ctx context.Context, c *cluster.Cluster, ref change.Ref, v *decode.Value) (*change.Plan, error) {
	text, err := manifest.Of(v, manifest.Options{})
	if err != nil {
		return nil, err
	}
	var t any
	if err := yaml.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	o, err := object(t)
	if err != nil {
		return nil, err
	}
	return change.Create(ctx, c, ref, o)
}

// object turns a tree into what the API client takes, whose numbers are int64 and float64.
func object(tree any) (*unstructured.Unstructured, error) {
	b, err := yaml.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("write the object: %w", err)
	}
	if b, err = yaml.YAMLToJSON(b); err != nil {
		return nil, fmt.Errorf("write the object: %w", err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(b); err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	return o, nil
}
