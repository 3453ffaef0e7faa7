package etcdview

import (
	"context"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Node is one entry of the tree into which slashes cut the keys.
type Node struct {
	// Name is the last part of the path, as a key's bytes.
	Name string
	// Path is the whole key, or for a directory the prefix of its keys with the slash at the end.
	Path string
	// Dir says that keys lie under Path. A key and a directory may have the same name.
	Dir bool
	// KV is the key, without its value; zero for directories.
	KV KV
}

// ChildrenOptions say which part of the tree to list.
type ChildrenOptions struct {
	// Dir is the directory: empty, or ending in a slash.
	Dir string
	// From is the first key to consider; see Children.Next.
	From string
	// Revision to read at; 0 for now.
	Revision int64
	// Limit is the most nodes to return; 0 means 500.
	Limit int
}

// Children are the nodes right under a directory, in the order of keys.
type Children struct {
	Nodes []Node
	// Next is From for the nodes that follow, empty at the end.
	Next string
	// Revision is that of the store at the first read.
	Revision int64
}

// keysPerRead balances the two shapes of a directory: many keys (few reads wanted) and a few large directories (from
// each of which one key is enough).
const keysPerRead = 128

// Children lists a directory without reading the keys below its sub-directories: it reads keys only, and jumps over a
// sub-directory as soon as it knows that it is there. It takes one read per sub-directory, or per 128 keys.
func (s *Store) Children(ctx context.Context, o ChildrenOptions) (Children, error) {
	if o.Limit <= 0 {
		o.Limit = 500
	}
	out := Children{Revision: o.Revision}
	g := grouper{dir: o.Dir}
	from, perRead := o.From, keysPerRead
	for {
		page := PageOptions{Prefix: o.Dir, From: from, Revision: out.Revision, Limit: min(perRead, o.Limit-len(g.nodes)+1), KeysOnly: true}
		n, last := 0, ""
		rev, err := s.read(ctx, page, func(kv *mvccpb.KeyValue) error {
			n++
			last = string(kv.Key)
			g.add(fromProto(kv))
			return nil
		})
		if err != nil {
			return Children{}, err
		}
		if out.Revision == 0 {
			out.Revision = rev
		}
		from = ""
		if n == page.Limit {
			from = last + "\x00"
			if d := g.current; d != "" && strings.HasPrefix(last, d) {
				from = clientv3.GetPrefixRangeEnd(d)
				perRead = 1 // where one directory is, others follow
			} else {
				perRead = keysPerRead
			}
		}
		if len(g.nodes) > o.Limit {
			out.Nodes, out.Next = g.nodes[:o.Limit], g.nodes[o.Limit].Path
			return out, nil
		}
		if from == "" || !strings.HasPrefix(from, o.Dir) {
			out.Nodes = g.nodes
			return out, nil
		}
	}
}

// grouper turns sorted keys into the nodes of one directory.
type grouper struct {
	dir     string
	current string // the sub-directory that the last key was in
	nodes   []Node
}

func (g *grouper) add(kv KV) {
	if g.current != "" && strings.HasPrefix(kv.Key, g.current) {
		return
	}
	n := NodeOf(g.dir, kv)
	g.current = ""
	if n.Dir {
		g.current = n.Path
	}
	g.nodes = append(g.nodes, n)
}

// NodeOf is the node of a directory that a key in it lies at or under.
func NodeOf(dir string, kv KV) Node {
	rest := kv.Key[len(dir):]
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return Node{Name: rest[:i], Path: dir + rest[:i+1], Dir: true}
	}
	return Node{Name: rest, Path: kv.Key, KV: kv}
}

// After is the first key that can belong to the nodes after this one.
func (n Node) After() string {
	if n.Dir {
		return clientv3.GetPrefixRangeEnd(n.Path)
	}
	return n.Path + "\x00"
}

// OnlyDir follows a chain of directories that hold nothing but one directory each, such as / and /registry/, to its
// end. It returns dir itself where that holds something else.
func OnlyDir(ctx context.Context, r Reader, dir string, rev int64) (string, error) {
	for {
		c, err := r.Children(ctx, ChildrenOptions{Dir: dir, Revision: rev, Limit: 2})
		if err != nil {
			return "", err
		}
		if len(c.Nodes) != 1 || !c.Nodes[0].Dir {
			return dir, nil
		}
		dir = c.Nodes[0].Path
	}
}

// OnlyDir implements Reader.
func (s *Store) OnlyDir(ctx context.Context, dir string, rev int64) (string, error) {
	return OnlyDir(ctx, s, dir, rev)
}
