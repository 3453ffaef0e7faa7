package etcdview

import (
	"context"
	"errors"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview/registry"
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

// keysPerRead is how many keys to ask an older server for at once: many where keys follow each other, and one where
// directories do.
const keysPerRead = 128

// errJump ends a read at the first key of a sub-directory.
var errJump = errors.New("jump")

// Children lists a directory without reading the keys below its sub-directories: it reads keys only, and jumps over a
// sub-directory as soon as it has seen one key of it. It takes one request for each sub-directory, and one for each row
// of keys between them.
func (s *Store) Children(ctx context.Context, o ChildrenOptions) (Children, error) {
	if o.Limit <= 0 {
		o.Limit = 500
	}
	out := Children{Revision: o.Revision}
	if out.Revision == 0 {
		rev, err := s.Revision(ctx)
		if err != nil {
			return Children{}, err
		}
		out.Revision = rev
	}
	g := grouper{dir: o.Dir}
	page := PageOptions{Prefix: o.Dir, From: o.From, Revision: out.Revision, KeysOnly: true}
	for perRead := keysPerRead; ; {
		page.Limit = o.Limit - len(g.nodes) + 1
		if s.noStream.Load() {
			page.Limit, page.before = min(page.Limit, perRead), nextHint(o.Dir, page.From)
		}
		n, last := 0, ""
		_, err := s.read(ctx, page, func(kv *mvccpb.KeyValue) error {
			n, last = n+1, string(kv.Key)
			g.add(fromProto(kv))
			if g.current != "" {
				return errJump
			}
			return nil
		})
		switch {
		case errors.Is(err, errJump):
			page.From, perRead = clientv3.GetPrefixRangeEnd(g.current), 1
		case err != nil:
			return Children{}, err
		case n == page.Limit:
			page.From, perRead = last+"\x00", keysPerRead
		case page.before != "":
			page.From = page.before
		default:
			page.From = ""
		}
		if len(g.nodes) > o.Limit {
			out.Nodes, out.Next = g.nodes[:o.Limit], g.nodes[o.Limit].Path
			return out, nil
		}
		if page.From == "" || !strings.HasPrefix(page.From, o.Dir) {
			out.Nodes = g.nodes
			return out, nil
		}
	}
}

// nextHint is the next place after a key where a registry is likely to have a directory, empty where there is none.
// Servers before 3.7 count all keys of a range for every read of it: ending a range there keeps the counting short.
func nextHint(dir, from string) string {
	if dir != registry.DefaultPrefix+"/" {
		return ""
	}
	best := ""
	for _, d := range registry.Dirs() {
		h := dir + d
		if h > max(from, dir) && (best == "" || h < best) {
			best = h
		}
	}
	return best
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
