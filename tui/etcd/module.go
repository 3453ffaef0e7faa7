// Package etcd shows the etcd under a cluster: its keys as a tree, each value decoded with its metadata and its past,
// and every change as it happens.
//
// Nothing here writes. Values are decoded by package etcdview/decode; Secrets are masked until the user asks for them,
// anew on each screen.
package etcd

import (
	"errors"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the screens of etcd with the frame.
func Module() screen.Module {
	return screen.Module{
		Name:   "etcd",
		Routes: []screen.Route{screen.To(openTree), screen.To(openTreeAt), screen.To(openObject), screen.To(openKey), screen.To(openChanges), screen.To(openList), screen.To(openSearch), screen.To(openCompared)},
		Commands: []screen.Command{
			{Names: []string{"etcd", "keys"}, Help: "the keys of etcd as a tree: etcd [PREFIX] [rev=N]; . is all keys, rev= a past revision", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				path, rev, err := parseOne(arg)
				return access.Tree{Prefix: path, Revision: rev}, err
			}},
			{Names: []string{"key"}, Help: "one key of etcd: key KEY [rev=N]; bytes are \\xNN, or the whole key is 0xHEX", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				path, rev, err := parseOne(arg)
				if err == nil && path == "" {
					err = errors.New("key needs a key: :key /registry/pods/default/web")
				}
				return access.Key{Path: path, Revision: rev}, err
			}},
			{Names: []string{"list"}, Help: "the keys of etcd as a flat list: list [PREFIX] [rev=N]; s sorts, / searches all of them", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				path, rev, err := parseOne(arg)
				return access.List{Prefix: path, Revision: rev}, err
			}},
			{Names: []string{"search", "find"}, Help: "search all keys: search [PATTERN]; without one it asks, also for values and fields", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				return access.Search{Pattern: arg}, nil
			}},
			{Names: []string{"compare"}, Help: "what turned a snapshot file, or a past revision, into now: compare FILE [PREFIX], compare rev=N [PREFIX]", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				return parseCompared(arg)
			}},
			{Names: []string{"watch"}, Help: "changes as they happen: watch [PREFIX…] [rev=N]; several prefixes at once, from a past revision on", Run: func(s *screen.Scope, arg string) (screen.Request, error) {
				if arg == "" {
					return access.Changes{Prefixes: []string{access.Root(s)}}, nil
				}
				return parseWatch(arg)
			}},
		},
		Keys: map[string]key.Table{"etcd": treeKeys(), "etcd key": keyKeys(), "etcd changes": changesKeys(), "etcd list and search": listKeys(), "etcd comparison": comparedKeys()},
	}
}

func openObject(s *screen.Scope, r screen.EtcdKey) (screen.Screen, error) {
	return openKey(s, access.Key{Path: registry.Key(s.Cluster().EtcdPrefix(), r.Resource.GroupResource(), r.Namespace, r.Name)})
}

// crumbs are the parts of a path, for the title line.
func crumbs(path string) []string {
	c := []string{"etcd"}
	for _, p := range strings.Split(strings.Trim(path, "/"), "/") {
		if p != "" {
			c = append(c, etcdview.Printable(p))
		}
	}
	return c
}
