package edit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubectl/pkg/util"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// Item is one object of a manifest: a plan, or why there is none. An object that is as the manifest says already has
// change.ErrNothingToDo.
type Item struct {
	Ref  change.Ref
	Plan *change.Plan
	Err  error
}

// ApplyOptions are kubectl apply's.
type ApplyOptions struct {
	// Namespace is for objects that name none.
	Namespace string
	// ServerSide leaves the merge to the server, by who owns which field, instead of to what was applied last.
	ServerSide bool
	// ForceConflicts takes over the fields that others own, with ServerSide.
	ForceConflicts bool
}

// Apply plans what kubectl apply would do with a manifest of one or several YAML or JSON documents: each object is created, or merged
// with the live one and with what was applied last (client-side apply, with kubectl's annotation) or by the server.
// The error is about the text as a whole; what is wrong with one object is in its Item. Objects whose namespace or kind comes
// earlier in the same manifest can be planned only when that has been applied.
func Apply(ctx context.Context, c *cluster.Cluster, options ApplyOptions, manifest []byte) ([]Item, error) {
	objects, err := parse(manifest)
	if err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(objects))
	for _, o := range objects {
		items = append(items, applyOne(ctx, c, options, o))
	}
	return items, nil
}

func parse(manifest []byte) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	split := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest)))
	for n := 1; ; n++ {
		doc, err := split.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w: %w", n, ErrInvalid, err)
		}
		o, err := readObject(doc)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if o == nil {
			continue
		}
		if !o.IsList() {
			out = append(out, o)
			continue
		}
		if err := o.EachListItem(func(item runtime.Object) error {
			out = append(out, item.(*unstructured.Unstructured))
			return nil
		}); err != nil {
			return nil, fmt.Errorf("document %d: %w: %w", n, ErrInvalid, err)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: it holds no object", ErrInvalid)
	}
	return out, nil
}

func applyOne(ctx context.Context, c *cluster.Cluster, options ApplyOptions, o *unstructured.Unstructured) Item {
	gvk := o.GroupVersionKind()
	item := Item{Ref: change.Ref{Kind: gvk.Kind, Namespace: o.GetNamespace(), Name: o.GetName()}}
	mapping, err := c.Mapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) { // perhaps it was served only a moment ago
		c.Mapper().Reset()
		mapping, err = c.Mapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		item.Err = fmt.Errorf("%s %q: %w", gvk.Kind, o.GetName(), err)
		return item
	}
	item.Ref.Resource = mapping.Resource
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace && o.GetNamespace() == "" {
		o.SetNamespace(options.Namespace)
		item.Ref.Namespace = options.Namespace
	}
	if o.GetName() == "" {
		item.Err = fmt.Errorf("%s: %w: it has no metadata.name", gvk.Kind, ErrInvalid)
		return item
	}
	if options.ServerSide {
		item.Plan, item.Err = change.ServerSideApply(ctx, c, item.Ref, o, options.ForceConflicts)
		return item
	}
	modified, err := util.GetModifiedConfiguration(o, true, unstructured.UnstructuredJSONScheme)
	if err != nil {
		item.Err = fmt.Errorf("apply %s: %w", item.Ref, err)
		return item
	}
	_, err = c.Dynamic().Resource(mapping.Resource).Namespace(item.Ref.Namespace).Get(ctx, o.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		annotated := &unstructured.Unstructured{}
		if item.Err = annotated.UnmarshalJSON(modified); item.Err == nil {
			item.Plan, item.Err = change.Create(ctx, c, item.Ref, annotated)
		}
		if item.Err == nil {
			item.Plan.Command = change.Command(item.Ref, "apply", "-f", "-")
		}
	case err != nil:
		item.Err = fmt.Errorf("apply %s: %w", item.Ref, err)
	default:
		item.Plan, item.Err = change.Update(ctx, c, change.Edit{
			Ref: item.Ref, Strict: true, Summary: "apply " + item.Ref.String(), Command: change.Command(item.Ref, "apply", "-f", "-"),
			Mutate: func(live *unstructured.Unstructured) error { return merge(live, modified) },
		})
	}
	return item
}

// merge does to live what kubectl apply does (k8s.io/kubectl pkg/cmd/apply/patcher.go): a strategic merge for kinds that this
// program knows, a JSON merge for the others, both by what was applied last.
func merge(live *unstructured.Unstructured, modified []byte) error {
	original, err := util.GetOriginalConfiguration(live)
	if err != nil {
		return err
	}
	current, err := json.Marshal(live.Object)
	if err != nil {
		return err
	}
	var patched []byte
	if typed, err := scheme.Scheme.New(live.GroupVersionKind()); err == nil {
		lookup, err := strategicpatch.NewPatchMetaFromStruct(typed)
		if err != nil {
			return err
		}
		patch, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, lookup, true)
		if err != nil {
			return err
		}
		if patched, err = strategicpatch.StrategicMergePatchUsingLookupPatchMeta(current, patch, lookup); err != nil {
			return err
		}
	} else {
		patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current)
		if err != nil {
			return err
		}
		if patched, err = jsonpatch.MergePatch(current, patch); err != nil {
			return err
		}
	}
	return live.UnmarshalJSON(patched)
}
