package survey

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
)

// Directory is a directory of keys and how many lie under it.
type Directory struct {
	// Path ends in a slash.
	Path string `json:"path"`
	Keys int64  `json:"keys"`
}

// Count tells how many keys lie in each directory of a registry, and beside it, or where there is none, in each at the top, the
// fullest first. Etcd answers it from its index, without reading a value: it takes little time on a store of any size, and
// little of a server that is short of it. Prefix is the API server's; empty means that of every directory at the top.
func Count(ctx context.Context, r etcdview.Reader, prefix string) ([]Directory, error) {
	roots, err := rootsOf(ctx, r, prefix)
	if err != nil {
		return nil, err
	}
	var list []Directory
	var paths []string
	for _, root := range roots {
		dirs, err := directories(ctx, r, root)
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			if !registry.IsRoot("", dir) {
				paths = append(paths, dir)
				continue
			}
			within, err := directories(ctx, r, dir) // a registry beside something else
			if err != nil {
				return nil, err
			}
			paths = append(paths, within...)
		}
	}
	counts, err := r.Counts(ctx, paths, 0)
	if err != nil {
		return nil, err
	}
	for i, n := range counts {
		list = append(list, Directory{paths[i], n})
	}
	slices.SortFunc(list, func(a, b Directory) int { return cmp.Or(cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.Path, b.Path)) })
	return list, nil
}

// rootsOf are the directories whose own directories are counted: each at the top that is not the only one in it.
func rootsOf(ctx context.Context, r etcdview.Reader, prefix string) ([]string, error) {
	if prefix != "" {
		return []string{strings.TrimSuffix(prefix, "/") + "/"}, nil
	}
	top, err := directories(ctx, r, "")
	if err != nil {
		return nil, err
	}
	for i := range top {
		if top[i], err = r.OnlyDir(ctx, top[i], 0); err != nil {
			return nil, err
		}
	}
	return top, nil
}

// directories are those in a directory.
func directories(ctx context.Context, r etcdview.Reader, dir string) ([]string, error) {
	var dirs []string
	for from := ""; ; {
		c, err := r.Children(ctx, etcdview.ChildrenOptions{Dir: dir, From: from})
		if err != nil {
			return nil, err
		}
		for _, n := range c.Nodes {
			if n.Dir {
				dirs = append(dirs, n.Path)
			}
		}
		if from = c.Next; from == "" {
			return dirs, nil
		}
	}
}
