package etcd

import (
	"context"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// focus is the pane that the keys go to.
type focus int

const (
	onTree focus = iota
	onList
	onValue
)

// tree is the screen of the keys: the tree at the left, what is under its cursor at the right.
type tree struct {
	scope *screen.Scope
	store *etcdview.Store
	nodes *nodes
	pane  *pane

	cursor grid.Cursor
	at     *node // under the cursor; what the pane shows, or soon will
	opened *node // what the pane shows
	focus  focus

	feed      *etcdview.Feed
	stop      context.CancelFunc
	seq       uint64
	state     etcdview.FeedState
	wholly    bool // the feed watches all keys, rather than those under the cursor
	started   bool // a place was found for the cursor at first
	err       error
	treeWidth int // as it was drawn last
	revision  int64
	pinned    int64 // the revision that is shown, 0 for now
}

// restTime is how long the cursor must stay on a node before its value is read.
const restTime = 80 * time.Millisecond

func openTree(s *screen.Scope, r screen.Etcd) (screen.Screen, error) {
	return openTreeAt(s, access.Tree{Prefix: r.Prefix})
}

func openTreeAt(s *screen.Scope, r access.Tree) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	prefix := r.Prefix
	if prefix == "" {
		prefix = access.Root(s)
	}
	if prefix == "." { // all keys: a directory of that name would end in a slash
		prefix = ""
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	t := &tree{scope: s, store: store, nodes: newNodes(prefix, r.Revision), pane: newPane(s, store), pinned: r.Revision}
	t.pane.pinned = r.Revision
	t.wholly = s.Cluster().Disposable() && !t.past()
	t.at = t.nodes.root
	t.nodes.counts = t.followSmall
	switch {
	case t.past():
		t.pane.none = "revision " + grid.Thousands(t.pinned) + ": a directory of the past has no changes to come"
	case t.wholly:
		t.follow(prefix, true)
	}
	t.load(t.nodes.root)
	return t, nil
}

// past says that the tree is that of a past revision: it stands still, and nothing in it can be changed.
func (t *tree) past() bool { return t.pinned > 0 }

// follow watches a key, or all keys with a prefix, instead of what was watched before.
func (t *tree) follow(path string, dir bool) {
	if t.stop != nil {
		t.stop()
	}
	ctx, cancel := context.WithCancel(t.scope.Context())
	t.stop, t.seq, t.state = cancel, 0, etcdview.FeedState{}
	t.pane.unwatched = false
	feed := t.store.Feed(ctx, etcdview.WatchOptions{Key: path, Prefix: dir}, etcdview.FeedOptions{})
	t.feed = feed
	t.scope.Live(feed.Changed(), func() {
		if t.feed == feed {
			t.refresh()
		}
	})
}

// refresh takes in what the feed brought.
func (t *tree) refresh() {
	entries, state := t.feed.Since(t.seq)
	t.seq, t.state = state.Seen, state
	t.revision = max(t.revision, state.Revision)
	moved := false
	for _, e := range entries {
		if e.Gap == nil {
			moved = t.nodes.absorb(e.Event) || moved
		}
	}
	if moved {
		t.relayout()
	}
	t.pane.absorb(entries)
}

// relayout keeps the cursor on its node, or on what has taken its place.
func (t *tree) relayout() {
	t.nodes.layout()
	for i, n := range t.nodes.rows {
		if n == t.at {
			t.cursor.At = i
			return
		}
	}
	t.cursor.Clamp(len(t.nodes.rows))
	t.moved()
}

func (t *tree) load(n *node) {
	t.nodes.load(t.scope, t.store, n, func(err error) {
		t.err = err
		if err != nil {
			t.scope.Fail(err)
			if !t.started { // the etcd may be back by then
				t.scope.After(retryAfter, func() { t.load(n) })
			}
			return
		}
		t.revision = max(t.revision, n.revision)
		if !t.started {
			t.started = true
			t.first()
			return
		}
		t.relayout()
	})
}

// first puts the cursor on the first row, and opens the API server's directory where all keys are shown.
func (t *tree) first() {
	for i, n := range t.nodes.rows {
		if n.Dir && registry.IsRoot(t.scope.Cluster().EtcdPrefix(), n.Path) {
			t.cursor.At = i
			t.toggle(n)
		}
	}
	t.moved()
}

func (t *tree) node() *node {
	if t.cursor.At < 0 || t.cursor.At >= len(t.nodes.rows) {
		return nil
	}
	return t.nodes.rows[t.cursor.At]
}

// moved is called when another node may be under the cursor: after a rest its value is read.
func (t *tree) moved() {
	n := t.node()
	if n == nil || n == t.at && t.opened == n {
		return
	}
	t.at = n
	if n.label == more {
		t.load(n.parent)
		return
	}
	t.scope.After(restTime, func() { t.rested(n) })
}

// rested shows a node in the pane, if the cursor is on it still.
func (t *tree) rested(n *node) {
	if t.at != n || t.opened == n {
		return
	}
	t.opened = n
	t.pane.open(n.Path, n.Dir)
	if t.wholly {
		entries, _ := t.feed.Since(0)
		t.pane.absorb(entries)
		return
	}
	t.unfollow()
	t.followSmall()
}

// followSmall watches what the pane shows, if it is known to be small.
func (t *tree) followSmall() {
	n := t.opened
	if n == nil || !t.pane.unwatched || t.past() {
		return
	}
	if k, known := n.keys(); !n.Dir || known && k <= mostWatched {
		t.follow(n.Path, n.Dir)
	}
}

// mostWatched is how many keys of a store that is not ours are watched without being asked: every change of them is
// sent here.
const mostWatched = 20_000

// unfollow ends the watch.
func (t *tree) unfollow() {
	if t.stop != nil {
		t.stop()
	}
	t.feed, t.seq, t.state = nil, 0, etcdview.FeedState{}
	t.pane.unwatched = true
}

func (t *tree) toggle(n *node) {
	n.open = !n.open
	if n.open {
		t.load(n)
	}
	t.relayout()
}

// Place implements screen.Screen.
func (t *tree) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd"}, Note: t.nodes.root.Path}
	if p.Note == "" {
		p.Note = "all keys"
	}
	if n, ok := t.nodes.root.keys(); ok {
		p.Note += "  " + grid.Plural(n, "key")
	}
	if t.nodes.filter != "" {
		p.Note += "  /" + t.nodes.filter
	}
	p.State = feedState(t.scope, t.state, t.revision)
	if t.past() {
		p.State = screen.State{Health: screen.Poor, Text: "the past, as at revision " + grid.Thousands(t.pinned) + "; P: now"}
	}
	return p
}

// feedState says how a watch is doing.
func feedState(scope *screen.Scope, s etcdview.FeedState, rev int64) screen.State {
	switch {
	case scope.Cluster().EtcdFile() != "":
		return screen.State{Health: screen.Idle, Text: "a file, at revision " + grid.Thousands(max(rev, s.Revision))}
	case s.Interrupted != nil:
		return screen.State{Health: screen.Bad, Text: "watch interrupted, trying again"}
	case !s.Started:
		return screen.State{Health: screen.Unknown, Text: "not watching"}
	}
	return screen.State{Health: screen.Good, Text: "live, revision " + grid.Thousands(max(rev, s.Revision))}
}

// Keys implements screen.Screen.
func (t *tree) Keys() key.Table {
	k := treeKeys().With(!t.past(), actEdit, actDelete, actPut, actWatch)
	if t.focus == onValue {
		return inPager(k)
	}
	return k
}
