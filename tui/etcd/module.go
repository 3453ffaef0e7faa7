// Package etcd shows the etcd under a cluster: its keys as a tree, each value decoded with its metadata and its past,
// and every change as it happens.
//
// Nothing here writes. Values are decoded by package etcdview/decode; Secrets are masked until the user asks for them,
// anew on each screen.
package etcd

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/recorder"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the screens of etcd with the frame.
func Module() screen.Module {
	return screen.Module{
		Name:   "etcd",
		Routes: []screen.Route{screen.To(openTree), screen.To(openObject), screen.To(openKey), screen.To(openChanges), screen.To(openOverview), screen.To(openSpace), screen.To(openAudit)},
		Commands: []screen.Command{
			{Names: []string{"etcd", "keys"}, Help: "the keys of etcd as a tree, from a prefix", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				return screen.Etcd{Prefix: etcdview.ParseKey(arg)}, nil
			}},
			{Names: []string{"key"}, Help: "one key of etcd", Run: func(_ *screen.Scope, arg string) (screen.Request, error) {
				if arg == "" {
					return nil, errors.New("key needs a key: :key /registry/pods/default/web")
				}
				return Key{Path: etcdview.ParseKey(arg)}, nil
			}},
			{Names: []string{"watch"}, Help: "changes of the keys with a prefix, as they happen", Run: func(s *screen.Scope, arg string) (screen.Request, error) {
				if arg == "" {
					arg = s.Cluster().EtcdPrefix() + "/"
				}
				return Changes{Prefix: etcdview.ParseKey(arg)}, nil
			}},
			{Names: []string{"members", "etcd-overview"}, Help: "etcd at a glance: members, space, alarms, leases, who writes", Run: func(*screen.Scope, string) (screen.Request, error) {
				return Overview{}, nil
			}},
			{Names: []string{"space"}, Help: "what fills the database of etcd", Run: func(*screen.Scope, string) (screen.Request, error) { return Space{}, nil }},
			{Names: []string{"audit"}, Help: "values of etcd that are wrong", Run: func(*screen.Scope, string) (screen.Request, error) { return Audit{}, nil }},
		},
		Keys: map[string]key.Table{"etcd": treeKeys(), "etcd key": keyKeys(), "etcd changes": changesKeys(), "etcd overview": overviewKeys(), "etcd space and audit": reportKeys()},
	}
}

// Key is the request for one key, by its path.
type Key struct{ Path string }

// Changes is the request for the live list of changes under a prefix.
type Changes struct{ Prefix string }

// errNoEtcd is shown for a cluster of which only the API server can be reached.
var errNoEtcd = errors.New("the etcd of this cluster is out of reach: only its API server is known. 'podarium etcd --endpoints …' opens an etcd by itself")

// source is the etcd of a scope's cluster.
func source(s *screen.Scope) (*etcdview.Store, error) {
	c := s.Cluster().Etcd()
	if c == nil {
		return nil, errNoEtcd
	}
	return etcdview.New(c), nil
}

// historyKey is the key of the recording that all screens share.
type historyKey struct{}

// history reads the past of a key: what etcd has, and what is recorded beyond it.
func history(s *screen.Scope, store *etcdview.Store) etcdview.Reader {
	dir := s.Cluster().EtcdHistory()
	if dir == "" {
		return store
	}
	open := screen.Service(s, historyKey{}, func() func() (*recorder.Recording, error) {
		return sync.OnceValues(func() (*recorder.Recording, error) { return recorder.Open(dir, recorder.Options{}) })
	})
	return recorded{store, open}
}

// recorded opens the recording when it is first asked for, which reads files: within a call, never on the UI's goroutine.
type recorded struct {
	etcdview.Reader
	open func() (*recorder.Recording, error)
}

func (r recorded) History(ctx context.Context, key string, o etcdview.HistoryOptions) (etcdview.History, error) {
	recording, err := r.open()
	if err != nil {
		return etcdview.History{}, err
	}
	return recorder.Reader{Reader: r.Reader, Recording: recording}.History(ctx, key, o)
}

func decodeOptions(s *screen.Scope) decode.Options {
	o := decode.Options{Prefix: s.Cluster().EtcdPrefix()}
	if d := s.Cluster().EtcdDecrypter(); d != nil {
		o.Decrypter = d
	}
	return o
}

func openObject(s *screen.Scope, r screen.EtcdKey) (screen.Screen, error) {
	return openKey(s, Key{Path: registry.Key(s.Cluster().EtcdPrefix(), r.Resource.GroupResource(), r.Namespace, r.Name)})
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
