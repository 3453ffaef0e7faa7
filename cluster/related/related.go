// Package related tells how the objects of a namespace hang together: who owns an object, what it owns, what its Pods
// use (ConfigMaps, Secrets, volume claims, service accounts), and what uses it.
//
// A Graph is read once and never changes. Owners are found for every kind that the cluster serves, of which only the
// metadata is read. Kinds that may not be listed are left out and named in Graph.Unread.
package related

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"

	"github.com/podarium/podarium/cluster"
)

// atOnce is how many lists are under way at a time.
const atOnce = 8

// Ref is an object by its name.
type Ref struct {
	Resource        schema.GroupVersionResource
	Kind            string
	Namespace, Name string
	UID             types.UID
}

// Object is one object of a Graph.
type Object struct {
	Ref
	Labels map[string]string
	Owners []metav1.OwnerReference
	// Controlled says that one of the owners is its controller.
	Controlled bool
}

// Use is one object that another one uses.
type Use struct {
	By, Of Ref
	// How it is used, in words: "volume data", "env of container web".
	How string
	// Optional says that it need not exist.
	Optional bool
	// Missing says that it does not.
	Missing bool
}

// Graph is a namespace at one moment.
type Graph struct {
	// Unread are the resources that could not be listed.
	Unread []string
	// Pods are the Pods by UID.
	Pods map[types.UID]*corev1.Pod

	objects map[types.UID]*Object
	byName  map[name]*Object
	owned   map[types.UID][]*Object
	uses    []Use
}

type name struct{ group, kind, namespace, name string }

func nameOf(r Ref) name { return name{r.Resource.Group, r.Kind, r.Namespace, r.Name} }

// Read reads a namespace, or all where it is empty.
func Read(ctx context.Context, c *cluster.Cluster, namespace string) (*Graph, error) {
	g := &Graph{Pods: map[types.UID]*corev1.Pod{}, objects: map[types.UID]*Object{}, byName: map[name]*Object{}, owned: map[types.UID][]*Object{}}
	client, err := metadata.NewForConfig(c.Config())
	if err != nil {
		return nil, fmt.Errorf("read what hangs together: %w", err)
	}
	lists, err := c.Discovery().ServerPreferredResources()
	if len(lists) == 0 {
		return nil, fmt.Errorf("read what hangs together: %w", err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range l.APIResources {
			if !slices.Contains(r.Verbs, "list") || !slices.Contains(r.Verbs, "get") || !r.Namespaced && namespace != "" && r.Kind != "PriorityClass" ||
				r.Name == "events" || gv.Group == "metrics.k8s.io" || strings.Contains(r.Name, "/") {
				continue
			}
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				gvr := gv.WithResource(r.Name)
				ns := namespace
				if !r.Namespaced {
					ns = ""
				}
				items, err := client.Resource(gvr).Namespace(ns).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					g.Unread = append(g.Unread, gvr.GroupResource().String())
					return
				}
				for i := range items.Items {
					g.add(gvr, r.Kind, &items.Items[i])
				}
			})
		}
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.Sort(g.Unread)
	if err := g.readUses(ctx, c, namespace); err != nil {
		return nil, err
	}
	for i := range g.uses {
		if o := g.byName[nameOf(g.uses[i].Of)]; o != nil {
			g.uses[i].Of = o.Ref
		} else {
			g.uses[i].Missing = true
		}
	}
	for _, children := range g.owned {
		sortObjects(children)
	}
	return g, nil
}

func (g *Graph) add(gvr schema.GroupVersionResource, kind string, m *metav1.PartialObjectMetadata) {
	if g.objects[m.UID] != nil {
		return // another group serves the same object
	}
	o := &Object{
		Ref:    Ref{Resource: gvr, Kind: kind, Namespace: m.Namespace, Name: m.Name, UID: m.UID},
		Labels: m.Labels, Owners: m.OwnerReferences, Controlled: metav1.GetControllerOf(m) != nil,
	}
	g.objects[m.UID], g.byName[nameOf(o.Ref)] = o, o
	for _, owner := range m.OwnerReferences {
		g.owned[owner.UID] = append(g.owned[owner.UID], o)
	}
}

func sortObjects(objects []*Object) {
	slices.SortFunc(objects, func(a, b *Object) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
}

// Find is an object by its name, nil where there is none.
func (g *Graph) Find(r Ref) *Object { return g.byName[nameOf(r)] }

// Of are the objects of a resource, sorted.
func (g *Graph) Of(r schema.GroupVersionResource) []*Object {
	var out []*Object
	for _, o := range g.objects {
		if o.Resource.Group == r.Group && o.Resource.Resource == r.Resource {
			out = append(out, o)
		}
	}
	sortObjects(out)
	return out
}

// Owners are the controllers above an object, the nearest first: ReplicaSet, Deployment. An owner that is not in the graph
// is named by what the reference says, and ends them.
func (g *Graph) Owners(o *Object) []Ref {
	var out []Ref
	for seen := map[types.UID]bool{o.UID: true}; ; {
		i := slices.IndexFunc(o.Owners, func(r metav1.OwnerReference) bool { return r.Controller != nil && *r.Controller })
		if i < 0 && len(o.Owners) > 0 {
			i = 0
		}
		if i < 0 || seen[o.Owners[i].UID] {
			return out
		}
		owner := o.Owners[i]
		seen[owner.UID] = true
		up := g.objects[owner.UID]
		if up == nil {
			gv, _ := schema.ParseGroupVersion(owner.APIVersion) // a wrong one leaves the group open
			return append(out, Ref{Resource: gv.WithResource(""), Kind: owner.Kind, Namespace: o.Namespace, Name: owner.Name, UID: owner.UID})
		}
		out, o = append(out, up.Ref), up
	}
}

// Owned are the objects that an object owns, sorted by kind and name.
func (g *Graph) Owned(uid types.UID) []*Object { return g.owned[uid] }

// Uses are what an object uses, in the order of its spec.
func (g *Graph) Uses(uid types.UID) []Use {
	var out []Use
	for _, u := range g.uses {
		if u.By.UID == uid {
			out = append(out, u)
		}
	}
	return out
}

// UsedBy are the objects that use one, sorted. Of a Pod and the workload that it belongs to, both are named.
func (g *Graph) UsedBy(r Ref) []Use {
	var out []Use
	for _, u := range g.uses {
		if nameOf(u.Of) == nameOf(r) {
			out = append(out, u)
		}
	}
	slices.SortStableFunc(out, func(a, b Use) int {
		return cmp.Or(strings.Compare(a.By.Namespace, b.By.Namespace), strings.Compare(a.By.Kind, b.By.Kind), strings.Compare(a.By.Name, b.By.Name))
	})
	return out
}
