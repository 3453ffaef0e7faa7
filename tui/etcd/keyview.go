package etcd

import (
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// keyView is the screen of one key: its revisions, and their values or differences, live.
type keyView struct{ live }

func openKey(s *screen.Scope, r access.Key) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	v := &keyView{live{scope: s, pane: newPane(s, store), focus: onList}}
	v.pane.goTo, v.pane.asObject = r.Revision, true
	v.feed = store.Feed(s.Context(), etcdview.WatchOptions{Key: r.Path}, etcdview.FeedOptions{})
	s.Live(v.feed.Changed(), v.refresh)
	v.pane.open(r.Path, false)
	return v, nil
}

func (v *keyView) refresh() {
	entries, state := v.feed.Since(v.seq)
	v.seq, v.state = state.Seen, state
	v.pane.absorb(entries)
}

// Place implements screen.Screen.
func (v *keyView) Place() screen.Place {
	return screen.Place{Crumbs: crumbs(v.pane.path), State: feedState(v.scope, v.state, 0)}
}

// Keys implements screen.Screen.
func (v *keyView) Keys() key.Table { return v.keys(keyKeys()) }

// Do implements screen.Screen.
func (v *keyView) Do(a key.Action) {
	switch a {
	case actTree:
		v.scope.Open(screen.Etcd{Prefix: parent(v.pane.path)})
	case actWatch:
		v.scope.Open(access.Changes{Prefixes: []string{parent(v.pane.path)}})
	default:
		v.do(a)
	}
}

// parent is the directory of a key, or . for all keys where it lies in none.
func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '/' {
			return path[:i+1]
		}
	}
	return "."
}

// Filter implements screen.Filterer: it searches in the value.
func (v *keyView) Filter(text string) error {
	v.pane.pager.Search(text)
	return nil
}

// FilterText implements screen.Filterer.
func (v *keyView) FilterText() string { return v.pane.pager.Query() }
