package etcd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/screen"
)

// node is an entry of the tree as far as it has been opened.
type node struct {
	etcdview.Node
	label  string
	parent *node
	depth  int

	// The rest is for directories.
	open     bool
	loading  bool
	loaded   bool
	kids     []*node // in the order of keys
	next     string  // where the kids go on that are not loaded
	revision int64   // at which the kids were read
	count    int64   // of the keys under it, at countAt; -1 where not known
	countAt  int64   // revision of count
	since    int64   // keys that came since, less those that went

	changed time.Time // when a key at or under it last changed
}

// keys is how many lie under a directory now; false where that is not known.
func (n *node) keys() (int64, bool) { return n.count + n.since, n.count >= 0 }

// more stands for the kids of a directory that are not loaded yet.
const more = "… more"

// nodes is the tree: what is loaded of it, and which rows are in sight.
type nodes struct {
	root   *node
	byPath map[string]*node
	rows   []*node
	filter string
	counts func() // called when numbers have come
	pinned int64  // the revision to read at, 0 for now
}

func newNodes(dir string, pinned int64) *nodes {
	root := &node{Node: etcdview.Node{Path: dir, Dir: true}, depth: -1, open: true, count: -1}
	return &nodes{root: root, byPath: map[string]*node{dir: root}, pinned: pinned}
}

// read is what one listing of a directory returned.
type read struct {
	children etcdview.Children
	labels   []string
}

// load reads the kids of a directory from where they are loaded, and then counts them.
func (t *nodes) load(s *screen.Scope, store etcdview.Reader, n *node, done func(error)) {
	if n.loading || n.loaded && n.next == "" {
		return
	}
	n.loading = true
	from, rev := n.next, max(n.revision, t.pinned)
	screen.Call(s, "list "+etcdview.Printable(n.Path), listTimeout, func(ctx context.Context) (read, error) {
		c, err := store.Children(ctx, etcdview.ChildrenOptions{Dir: n.Path, From: from, Revision: rev, Limit: 1000})
		r := read{children: c}
		for i, k := range c.Nodes {
			r.labels = append(r.labels, k.Name+"/")
			if k.Dir && k.Name == "" && err == nil { // keys that begin with a slash: /registry/ rather than / and registry/
				c.Nodes[i].Path, err = store.OnlyDir(ctx, k.Path, c.Revision)
				r.labels[i] = c.Nodes[i].Path
			}
		}
		return r, err
	}, func(r read, err error) {
		n.loading = false
		if err != nil {
			done(err)
			return
		}
		t.loadedKids(n, r)
		t.countKids(s, store, n, r.children.Revision)
		done(nil)
	})
}

const listTimeout = 30 * time.Second

func (t *nodes) loadedKids(n *node, r read) {
	n.loaded, n.next, n.revision = true, r.children.Next, r.children.Revision
	for i, c := range r.children.Nodes {
		if t.byPath[c.Path] != nil {
			continue // an event was faster
		}
		k := &node{Node: c, parent: n, depth: n.depth + 1, count: -1, label: etcdview.Printable(c.Name)}
		if c.Dir {
			k.label = etcdview.Printable(r.labels[i])
		}
		t.byPath[c.Path] = k
		n.kids = append(n.kids, k)
	}
	slices.SortStableFunc(n.kids, func(a, b *node) int { return strings.Compare(a.Path, b.Path) })
	t.layout()
}

// countKids counts the keys of directories: slower than listing them on a large store, so it comes after.
func (t *nodes) countKids(s *screen.Scope, store etcdview.Reader, n *node, rev int64) {
	var dirs []*node
	var paths []string
	for _, k := range append([]*node{n}, n.kids...) {
		if k.Dir && k.count < 0 && k.label != more {
			dirs, paths = append(dirs, k), append(paths, k.Path)
			k.countAt, k.since = rev, 0
		}
	}
	if len(dirs) == 0 {
		return
	}
	screen.Call(s, "count keys", listTimeout, func(ctx context.Context) ([]int64, error) {
		return store.Counts(ctx, paths, rev)
	}, func(counts []int64, err error) {
		if err != nil {
			return // the tree is of use without the numbers
		}
		for i, c := range counts {
			dirs[i].count = c
		}
		if t.counts != nil {
			t.counts()
		}
	})
}

// layout flattens what is open into rows.
func (t *nodes) layout() {
	t.rows = t.rows[:0]
	t.flatten(t.root)
}

func (t *nodes) flatten(n *node) bool {
	any := false
	for _, k := range n.kids {
		at := len(t.rows)
		t.rows = append(t.rows, k)
		below := k.Dir && k.open && t.flatten(k)
		if t.filter != "" && !below && !strings.Contains(strings.ToLower(k.Path), t.filter) {
			t.rows = t.rows[:at]
			continue
		}
		any = true
	}
	if n.next != "" {
		t.rows = append(t.rows, &node{Node: etcdview.Node{Path: n.next}, label: more, parent: n, depth: n.depth + 1})
	}
	return any
}

// absorb takes an event into what is loaded of the tree. It says whether rows came or went.
func (t *nodes) absorb(e etcdview.Event) bool {
	path := e.KV.Key
	if !strings.HasPrefix(path, t.root.Path) {
		return false
	}
	for at := t.root; ; {
		at.changed = e.Received
		if e.Revision() > at.countAt {
			switch e.Type {
			case etcdview.Create:
				at.since++
			case etcdview.Delete:
				at.since--
			}
		}
		if left, known := at.keys(); e.Type == etcdview.Delete && known && left == 0 && at != t.root {
			t.remove(at)
			return true
		}
		if !at.loaded || at.next != "" && path >= at.next || e.Revision() <= at.revision {
			return false
		}
		below := at.kid(path)
		if below == nil {
			if e.Type == etcdview.Delete {
				return false
			}
			t.insert(at, e.KV, e.Received)
			return true
		}
		if below.Dir {
			at = below
			continue
		}
		if e.Type == etcdview.Delete {
			t.remove(below)
			return true
		}
		below.changed, below.KV = e.Received, e.KV
		below.KV.Value = nil
		return false
	}
}

// kid is the directory or the key under n that a path leads to.
func (n *node) kid(path string) *node {
	for _, k := range n.kids { // few are open at a time, and they are short; keys are found below
		if k.Dir && strings.HasPrefix(path, k.Path) {
			return k
		}
	}
	i, ok := slices.BinarySearchFunc(n.kids, path, func(k *node, p string) int { return strings.Compare(k.Path, p) })
	if ok {
		return n.kids[i]
	}
	return nil
}

// insert adds the node under a directory that a new key brings.
func (t *nodes) insert(n *node, kv etcdview.KV, now time.Time) {
	rest := kv.Key[len(n.Path):]
	k := &node{parent: n, depth: n.depth + 1, count: -1, changed: now}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		k.Node = etcdview.Node{Name: rest[:i], Path: n.Path + rest[:i+1], Dir: true}
		k.label = etcdview.Printable(rest[:i]) + "/"
		k.count, k.countAt = 1, kv.ModRevision
	} else {
		kv.Value = nil
		k.Node = etcdview.Node{Name: rest, Path: kv.Key, KV: kv}
		k.label = etcdview.Printable(rest)
	}
	at, _ := slices.BinarySearchFunc(n.kids, k.Path, func(k *node, p string) int { return strings.Compare(k.Path, p) })
	n.kids = slices.Insert(n.kids, at, k)
	t.byPath[k.Path] = k
}

func (t *nodes) remove(k *node) {
	k.parent.kids = slices.DeleteFunc(k.parent.kids, func(o *node) bool { return o == k })
	t.forget(k)
}

func (t *nodes) forget(k *node) {
	delete(t.byPath, k.Path)
	for _, kid := range k.kids {
		t.forget(kid)
	}
}
