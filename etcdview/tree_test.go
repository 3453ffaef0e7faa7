package etcdview

import (
	"slices"
	"strings"
	"testing"
)

// FuzzTree cuts any keys into a tree: every key must be under exactly one node of its directory, and names must come
// back from how they are printed.
func FuzzTree(f *testing.F) {
	f.Add("/registry/pods/a/x\n/registry/pods/a/y\n/registry/pods\n\xff\x00\n//\n/")
	f.Fuzz(func(t *testing.T, text string) {
		keys := strings.Split(text, "\n")
		slices.Sort(keys)
		keys = slices.Compact(keys)
		for _, dir := range []string{"", "/", "/registry/"} {
			g := grouper{dir: dir}
			for _, k := range keys {
				if k != "" && strings.HasPrefix(k, dir) {
					g.add(KV{Key: k})
				}
			}
			for i, n := range g.nodes {
				if !strings.HasPrefix(n.Path, dir) || n.Dir != strings.HasSuffix(n.Path[len(dir):], "/") {
					t.Errorf("node %+v of %q", n, dir)
				}
				if i > 0 && g.nodes[i-1].Path >= n.Path && g.nodes[i-1].Path != n.Path {
					t.Errorf("%q before %q", g.nodes[i-1].Path, n.Path)
				}
			}
			for _, k := range keys {
				if k == "" || !strings.HasPrefix(k, dir) {
					continue
				}
				if n := NodeOf(dir, KV{Key: k}); !slices.ContainsFunc(g.nodes, func(o Node) bool { return o.Path == n.Path && o.Dir == n.Dir }) {
					t.Errorf("%q is under no node of %q: %+v", k, dir, g.nodes)
				}
			}
		}
		for _, k := range keys {
			if p := Printable(k); !isPrintable(p) || !strings.Contains(k, `\`) && ParseKey(p) != k {
				t.Errorf("%q is printed %q and read back %q", k, p, ParseKey(p))
			}
		}
	})
}
