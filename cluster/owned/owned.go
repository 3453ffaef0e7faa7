// Package owned finds what objects own, through as many generations as there are: what the garbage collector deletes after them.
//
// Owners are known by their UIDs in metadata.ownerReferences, of every kind that the server lists, custom ones too; only metadata is
// read. What is in a Namespace and what is of a CustomResourceDefinition belongs to it without such a reference, and is found too.
package owned

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// Object is one that is owned.
type Object struct {
	Ref change.Ref
	// Depth is 0 for what the object that was asked for owns itself, 1 for what that owns, and so on.
	Depth int
	// Stays says that it has another owner, outside of those that were asked for and of what they own: it is not deleted with them.
	Stays bool
}

// Found is what was found, as a tree from the top down.
type Found struct {
	Objects []Object
	// Unseen says which kinds could not be looked at, and why. Objects of them may go without being listed.
	Unseen []string
}

// parallel is how many kinds are listed at once, page how many objects come at a time.
const (
	parallel = 8
	page     = 1000
)

// By finds what each of the objects owns, by their UIDs. All refs need a UID. The error is of the whole: without a list of kinds
// nothing can be found.
func By(ctx context.Context, c *cluster.Cluster, refs ...change.Ref) (map[types.UID]Found, error) {
	kinds, err := listable(c)
	if err != nil {
		return nil, err
	}
	namespace, all := scope(refs)
	config := c.Config()
	config.WarningHandler = rest.NoWarnings{} // of kinds that are deprecated, which nobody asked for
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	s := search{children: map[types.UID][]item{}, goes: map[types.UID]bool{}}
	slots := make(chan struct{}, parallel)
	var done sync.WaitGroup
	for _, k := range kinds {
		if !all && !k.namespaced {
			continue
		}
		slots <- struct{}{}
		done.Go(func() {
			defer func() { <-slots }()
			s.list(ctx, client, k, namespace, refs)
		})
	}
	done.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.Sort(s.unseen)
	for _, r := range refs {
		s.goes[r.UID] = true
	}
	s.mark()
	out := map[types.UID]Found{}
	for _, r := range refs {
		out[r.UID] = Found{Objects: s.under(r.UID, 0, map[types.UID]bool{}), Unseen: s.unseen}
	}
	return out, nil
}

// scope is the namespace to look in, empty for all of them, and whether objects outside of namespaces can be owned too.
func scope(refs []change.Ref) (namespace string, all bool) {
	for i, r := range refs {
		ns := r.Namespace
		if r.Resource.Group == "" && r.Resource.Resource == "namespaces" {
			ns = r.Name
		} else if ns == "" {
			return "", true
		}
		if i > 0 && ns != namespace {
			return "", false
		}
		namespace = ns
	}
	return namespace, false
}

type kind struct {
	resource   schema.GroupVersionResource
	kind       string
	namespaced bool
}

// listable are the kinds that the server lists, but for Events, which own and are owned by nobody.
func listable(c *cluster.Cluster) ([]kind, error) {
	lists, err := c.Discovery().ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) { // a broken aggregated API hides its own kinds only
		return nil, fmt.Errorf("the kinds of the cluster: %w", err)
	}
	var out []kind
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range l.APIResources {
			if !slices.Contains(r.Verbs, "list") || r.Name == "events" || strings.Contains(r.Name, "/") || gv.Group == "metrics.k8s.io" {
				continue
			}
			out = append(out, kind{gv.WithResource(r.Name), r.Kind, r.Namespaced})
		}
	}
	return out, nil
}

type item struct {
	ref    change.Ref
	owners []types.UID
}

type search struct {
	mu       sync.Mutex
	children map[types.UID][]item // by owner
	unseen   []string
	goes     map[types.UID]bool
}

func (s *search) list(ctx context.Context, client metadata.Interface, k kind, namespace string, refs []change.Ref) {
	ns := namespace
	if !k.namespaced {
		ns = ""
	}
	o := metav1.ListOptions{Limit: page}
	for {
		l, err := client.Resource(k.resource).Namespace(ns).List(ctx, o)
		if err != nil {
			if !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
				s.mu.Lock()
				s.unseen = append(s.unseen, fmt.Sprintf("%s: %v", k.resource.GroupResource(), err))
				s.mu.Unlock()
			}
			return
		}
		s.mu.Lock()
		for i := range l.Items {
			s.add(k, &l.Items[i], refs)
		}
		s.mu.Unlock()
		if o.Continue = l.Continue; o.Continue == "" {
			return
		}
	}
}

// add puts an object under its owners. The caller holds mu.
func (s *search) add(k kind, m *metav1.PartialObjectMetadata, refs []change.Ref) {
	it := item{ref: change.Ref{Resource: k.resource, Kind: k.kind, Namespace: m.Namespace, Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion}}
	for _, o := range m.OwnerReferences {
		it.owners = append(it.owners, o.UID)
	}
	for _, r := range refs {
		inside := r.Resource.Resource == "namespaces" && r.Resource.Group == "" && k.namespaced && m.Namespace == r.Name
		ofKind := r.Resource.Resource == "customresourcedefinitions" && k.resource.GroupResource().String() == r.Name
		if inside || ofKind { // it goes whoever else owns it, and is listed under its owner where that goes too
			if len(it.owners) == 0 || ofKind {
				it.owners = []types.UID{r.UID}
			}
		}
	}
	for _, uid := range it.owners {
		s.children[uid] = append(s.children[uid], it)
	}
}

// mark finds all that goes: what has owners, all of which go.
func (s *search) mark() {
	for again := true; again; {
		again = false
		for uid, list := range s.children {
			if !s.goes[uid] {
				continue
			}
			for _, it := range list {
				if !s.goes[it.ref.UID] && !slices.ContainsFunc(it.owners, func(o types.UID) bool { return !s.goes[o] }) {
					s.goes[it.ref.UID], again = true, true
				}
			}
		}
	}
}

// under is the tree below an owner. An object with two owners that both go stands under each.
func (s *search) under(uid types.UID, depth int, path map[types.UID]bool) []Object {
	if path[uid] {
		return nil // owners in a circle
	}
	path[uid] = true
	defer delete(path, uid)
	list := slices.Clone(s.children[uid])
	slices.SortFunc(list, func(a, b item) int {
		return cmp.Or(strings.Compare(a.ref.Kind, b.ref.Kind), strings.Compare(a.ref.Namespace, b.ref.Namespace), strings.Compare(a.ref.Name, b.ref.Name))
	})
	var out []Object
	for _, it := range list {
		stays := !s.goes[it.ref.UID]
		out = append(out, Object{Ref: it.ref, Depth: depth, Stays: stays})
		if !stays {
			out = append(out, s.under(it.ref.UID, depth+1, path)...)
		}
	}
	return out
}
