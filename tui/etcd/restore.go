package etcd

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster"
	door "github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/manifest"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

// bringBack proposes to make the object what it was at the revision under the cursor: through the API server, with its
// checks, after a preview. A deleted object is created anew from its last value.
func (p *pane) bringBack() {
	c := p.current()
	if c == nil || c.gap != nil {
		return
	}
	kv := c.KV
	if c.Type == etcdview.Delete {
		if c.Prev == nil {
			p.scope.Say(screen.Idle, "what it was before it was deleted is not known")
			return
		}
		kv = *c.Prev
	}
	o := p.decode
	o.ShowSecrets = true // for the API server; the preview masks them
	what := fmt.Sprintf("bring back %s as at revision %s", etcdview.Printable(kv.Key), grid.Thousands(kv.ModRevision))
	changes.Propose(p.scope, what, changes.One(func(ctx context.Context, cl *cluster.Cluster) (*door.Plan, error) {
		v := decode.Decode(ctx, kv.Key, kv.Value, o)
		return planBack(ctx, cl, &v, what)
	}))
}

func planBack(ctx context.Context, c *cluster.Cluster, v *decode.Value, what string) (*door.Plan, error) {
	if !v.IsKubernetes() || !v.Object.Served() {
		return nil, errors.New("the key holds no object that the API serves")
	}
	mapping, err := c.Mapper().RESTMapping(v.StoredAs.GroupKind(), v.StoredAs.Version)
	if err != nil {
		return nil, fmt.Errorf("the API does not serve %s any more: %w", v.StoredAs, err)
	}
	ref := door.Ref{Resource: mapping.Resource, Kind: v.StoredAs.Kind, Namespace: v.Object.Namespace, Name: v.Object.Name}
	_, err = door.Get(ctx, c, ref)
	switch {
	case apierrors.IsNotFound(err):
		return planAnew(ctx, c, ref, v)
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
	return door.Update(ctx, c, door.Edit{Ref: ref, Summary: what, Mutate: func(now *unstructured.Unstructured) error {
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

func planAnew(ctx context.Context, c *cluster.Cluster, ref door.Ref, v *decode.Value) (*door.Plan, error) {
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
	return door.Create(ctx, c, ref, o)
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
