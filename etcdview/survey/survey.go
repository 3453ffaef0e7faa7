// Package survey answers what fills an etcd, from one pass over all keys: how many there are and how large they are, by
// resource and namespace, which are the largest and the most often written, and (Audit) what is wrong with them.
//
// A pass streams: it needs memory for its tables, which grow with the number of resources and namespaces and not with
// that of keys. Bytes are those of keys and values of the newest revisions; the file of a database also holds older
// revisions and free pages.
package survey

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
)

// Usage is what some keys take.
type Usage struct {
	Keys int64 `json:"keys"`
	// Bytes of keys and values.
	Bytes int64 `json:"bytes"`
	// Writes since the keys were created: the sum of their versions.
	Writes int64 `json:"writes"`
}

func (u *Usage) add(kv *etcdview.KV) {
	u.Keys++
	u.Bytes += int64(len(kv.Key) + len(kv.Value))
	u.Writes += kv.Version
}

// Group is the usage of a resource, or of a resource in a namespace.
type Group struct {
	// Resource is RESOURCE.GROUP, or a directory where the keys are no objects of Kubernetes.
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
	Usage
}

// Object is one key and what it takes.
type Object struct {
	Key    string `json:"key"`
	Bytes  int64  `json:"bytes"`
	Writes int64  `json:"writes"`
}

// Result is what a pass found. Lists are sorted, the largest first.
type Result struct {
	// Revision is the one that was read.
	Revision int64 `json:"revision"`
	Total    Usage `json:"total"`
	// Resources sums up each resource, Namespaces each resource in each namespace.
	Resources  []Group `json:"resources"`
	Namespaces []Group `json:"namespaces"`
	// Largest and MostWritten are single keys.
	Largest     []Object `json:"largest"`
	MostWritten []Object `json:"mostWritten"`
}

// Options say what to look at.
type Options struct {
	// Prefix of the keys; empty for all.
	Prefix string
	// EtcdPrefix is the API server's; empty means any in common use.
	EtcdPrefix string
	// Revision to read; 0 for now.
	Revision int64
	// Top is how many single keys to list; 0 means 20.
	Top int
	// Progress, if not nil, is called now and then with what was found so far.
	Progress func(Usage)
}

// progressEvery is how many keys pass between calls of Progress.
const progressEvery = 5000

// Run makes a pass.
func Run(ctx context.Context, r etcdview.Reader, o Options) (*Result, error) {
	c := newCounter(o)
	rev, err := r.Scan(ctx, etcdview.PageOptions{Prefix: o.Prefix, Revision: o.Revision}, func(kv etcdview.KV) error {
		c.take(&kv)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.result(rev), nil
}

// counter gathers the tables of a Result.
type counter struct {
	o       Options
	total   Usage
	groups  map[Group]*Usage // by resource and namespace
	lastDir string
	last    *Usage
	largest top
	written top
}

func newCounter(o Options) *counter {
	if o.Top <= 0 {
		o.Top = 20
	}
	c := &counter{o: o, groups: map[Group]*Usage{}}
	c.largest = top{n: o.Top, by: func(x Object) int64 { return x.Bytes }}
	c.written = top{n: o.Top, by: func(x Object) int64 { return x.Writes }}
	return c
}

func (c *counter) take(kv *etcdview.KV) {
	c.total.add(kv)
	c.group(kv.Key).add(kv)
	c.largest.offer(kv)
	c.written.offer(kv)
	if c.o.Progress != nil && c.total.Keys%progressEvery == 0 {
		c.o.Progress(c.total)
	}
}

// group finds the usage that a key counts for. Keys come in order, so most lie in the directory of the one before.
func (c *counter) group(key string) *Usage {
	dir := key[:strings.LastIndexByte(key, '/')+1]
	if dir == c.lastDir && c.last != nil {
		return c.last
	}
	g := Group{Resource: topDirs(dir)}
	if o, ok := registry.Parse(c.o.EtcdPrefix, key); ok {
		switch o.Special {
		case registry.Ordinary:
			g = Group{Resource: o.GroupResource.String(), Namespace: o.Namespace}
		case registry.Compaction:
			g.Resource = registry.CompactKey
		}
	}
	u := c.groups[g]
	if u == nil {
		u = &Usage{}
		c.groups[g] = u
	}
	c.lastDir, c.last = dir, u
	return u
}

// topDirs is the first two levels of a directory, so that a store without Kubernetes is grouped too.
func topDirs(dir string) string {
	parts := strings.SplitAfterN(dir, "/", 4)
	if dir == "" {
		return "(no directory)"
	}
	return etcdview.Printable(strings.Join(parts[:min(3, len(parts))], ""))
}

func (c *counter) result(rev int64) *Result {
	r := &Result{Revision: rev, Total: c.total, Largest: c.largest.sorted(), MostWritten: c.written.sorted()}
	sums := map[string]*Group{}
	for g, u := range c.groups {
		g.Usage = *u
		if g.Namespace != "" {
			r.Namespaces = append(r.Namespaces, g)
		}
		s := sums[g.Resource]
		if s == nil {
			s = &Group{Resource: g.Resource}
			sums[g.Resource] = s
		}
		s.Keys, s.Bytes, s.Writes = s.Keys+u.Keys, s.Bytes+u.Bytes, s.Writes+u.Writes
	}
	for _, s := range sums {
		r.Resources = append(r.Resources, *s)
	}
	bySize := func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Namespace, b.Namespace))
	}
	slices.SortFunc(r.Resources, bySize)
	slices.SortFunc(r.Namespaces, bySize)
	return r
}

// top keeps the n largest keys by some measure.
type top struct {
	n    int
	by   func(Object) int64
	list []Object
	// least is the smallest measure in a full list: most keys are below it and need no look at the list.
	least int64
}

func (t *top) offer(kv *etcdview.KV) {
	o := Object{Bytes: int64(len(kv.Key) + len(kv.Value)), Writes: kv.Version}
	if len(t.list) == t.n && t.by(o) <= t.least {
		return
	}
	o.Key = etcdview.Printable(kv.Key)
	t.list = append(t.list, o)
	if len(t.list) > t.n {
		worst := 0
		for i := range t.list {
			if t.by(t.list[i]) < t.by(t.list[worst]) {
				worst = i
			}
		}
		t.list = slices.Delete(t.list, worst, worst+1)
	}
	if len(t.list) == t.n {
		t.least = t.by(slices.MinFunc(t.list, func(a, b Object) int { return cmp.Compare(t.by(a), t.by(b)) }))
	}
}

func (t *top) sorted() []Object {
	slices.SortFunc(t.list, func(a, b Object) int { return cmp.Or(cmp.Compare(t.by(b), t.by(a)), cmp.Compare(a.Key, b.Key)) })
	return t.list
}
