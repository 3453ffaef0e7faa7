package etcd

import (
	"context"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
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

	cursor cursor
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
}

// restTime is how long the cursor must stay on a node before its value is read.
const restTime = 80 * time.Millisecond

func openTree(s *screen.Scope, r screen.Etcd) (screen.Screen, error) {
	store, err := source(s)
	if err != nil {
		return nil, err
	}
	prefix := r.Prefix
	if prefix == "" {
		prefix = s.Cluster().EtcdPrefix() + "/"
	}
	if prefix == "." { // all keys: a directory of that name would end in a slash
		prefix = ""
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	t := &tree{scope: s, store: store, nodes: newNodes(prefix), pane: newPane(s, store), wholly: s.Cluster().Disposable()}
	t.at = t.nodes.root
	t.nodes.counts = t.followSmall
	if t.wholly {
		t.follow(prefix, true)
	}
	t.load(t.nodes.root)
	return t, nil
}

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
			t.cursor.at = i
			return
		}
	}
	t.cursor.clamp(len(t.nodes.rows))
	t.moved()
}

func (t *tree) load(n *node) {
	t.nodes.load(t.scope, t.store, n, func(err error) {
		t.err = err
		if err != nil {
			t.scope.Fail(err)
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
	prefix := t.scope.Cluster().EtcdPrefix() + "/"
	for i, n := range t.nodes.rows {
		if n.Path == prefix {
			t.cursor.at = i
			t.toggle(n)
		}
	}
	t.moved()
}

func (t *tree) node() *node {
	if t.cursor.at < 0 || t.cursor.at >= len(t.nodes.rows) {
		return nil
	}
	return t.nodes.rows[t.cursor.at]
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
	if n == nil || !t.pane.unwatched {
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
		p.Note += "  " + plural(n, "key")
	}
	if t.nodes.filter != "" {
		p.Note += "  /" + t.nodes.filter
	}
	p.State = feedState(t.state, t.revision)
	return p
}

// feedState says how a watch is doing.
func feedState(s etcdview.FeedState, rev int64) screen.State {
	switch {
	case s.Interrupted != nil:
		return screen.State{Health: screen.Bad, Text: "watch interrupted, trying again"}
	case !s.Started:
		return screen.State{Health: screen.Unknown, Text: "not watching"}
	}
	return screen.State{Health: screen.Good, Text: "live, revision " + thousands(max(rev, s.Revision))}
}

// Keys implements screen.Screen.
func (t *tree) Keys() key.Table {
	if t.focus == onValue {
		return inPager(treeKeys())
	}
	return treeKeys()
}

// Do implements screen.Screen.
func (t *tree) Do(a key.Action) {
	switch a {
	case actFocus:
		t.focus = (t.focus + 1) % 3
		return
	case actBack:
		t.focus = (t.focus + 2) % 3
		return
	case actWatch:
		t.watch()
		return
	case actOverview:
		t.scope.Open(Overview{})
		return
	case actReload:
		t.reload()
		return
	}
	if t.pane.doValue(a) {
		return
	}
	switch t.focus {
	case onValue:
		t.pane.pager.Do(a)
	case onList:
		t.doList(a)
	case onTree:
		t.doTree(a)
	}
}

func (t *tree) doList(a key.Action) {
	switch a {
	case actOut:
		t.focus = onTree
	case actIn:
		t.focus = onValue
	case actOpen:
		t.openKey(t.pane.key())
	default:
		t.pane.doList(a)
	}
}

func (t *tree) doTree(a key.Action) {
	n := t.node()
	switch {
	case t.cursor.move(a, len(t.nodes.rows)):
		t.moved()
	case n == nil:
	case a == actOpen && n.Dir, a == actIn && n.Dir && !n.open:
		t.toggle(n)
	case a == actOpen:
		t.openKey(n.Path)
	case a == actIn && n.Dir:
		t.cursor.move(actDown, len(t.nodes.rows))
		t.moved()
	case a == actIn:
		t.focus = onValue
	case a == actOut && n.Dir && n.open:
		t.toggle(n)
	case a == actOut:
		t.up(n)
	}
}

// up puts the cursor on the directory of a node.
func (t *tree) up(n *node) {
	for i, r := range t.nodes.rows {
		if r == n.parent {
			t.cursor.at = i
			t.moved()
		}
	}
}

func (t *tree) openKey(path string) {
	if path != "" && !strings.HasSuffix(path, "/") {
		t.scope.Open(Key{Path: path})
	}
}

// watch opens the changes of the directory under the cursor, or of the one that a key lies in.
func (t *tree) watch() {
	n := t.node()
	if n == nil {
		n = t.nodes.root
	}
	if !n.Dir {
		n = n.parent
	}
	t.scope.Open(Changes{Prefix: n.Path})
}

// reload reads the tree anew, with what is open closed.
func (t *tree) reload() {
	t.nodes = newNodes(t.nodes.root.Path)
	t.nodes.counts = t.followSmall
	t.cursor, t.at, t.opened, t.started = cursor{}, t.nodes.root, nil, false
	t.load(t.nodes.root)
}

// Filter implements screen.Filterer: in the tree it hides what does not match, in the value it searches.
func (t *tree) Filter(text string) error {
	if t.focus == onValue {
		t.pane.pager.Search(text)
		return nil
	}
	t.nodes.filter = strings.ToLower(text)
	t.relayout()
	return nil
}

// FilterText implements screen.Filterer.
func (t *tree) FilterText() string {
	if t.focus == onValue {
		return t.pane.pager.Query()
	}
	return t.nodes.filter
}

// Tick implements screen.Ticker: ages grow.
func (t *tree) Tick() {}

// Click implements screen.Pointer.
func (t *tree) Click(x, y int) {
	if x < t.treeWidth {
		t.focus = onTree
		if i := t.cursor.top + y; i < len(t.nodes.rows) {
			if i == t.cursor.at && t.nodes.rows[i].Dir {
				t.toggle(t.nodes.rows[i])
			}
			t.cursor.at = i
			t.moved()
		}
		return
	}
	if t.pane.click(y) {
		t.focus = onList
	} else {
		t.focus = onValue
	}
}

// Wheel implements screen.Pointer.
func (t *tree) Wheel(lines int) {
	if t.focus != onTree {
		t.pane.wheel(lines, t.focus)
		return
	}
	t.cursor.at += lines
	t.cursor.clamp(len(t.nodes.rows))
	t.moved()
}
