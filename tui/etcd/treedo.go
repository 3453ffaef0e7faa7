package etcd

import (
	"strings"

	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
)

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
		t.scope.Open(access.Overview{})
		return
	case actReload:
		t.reload()
		return
	case actFlat:
		t.scope.Open(access.List{Prefix: t.dir().Path, Revision: t.pinned})
		return
	case actFind:
		t.scope.Open(access.Search{Prefix: t.dir().Path, Revision: t.pinned})
		return
	case actJump:
		askKey(t.scope, t.pane.key(), func(path string) { t.jump(path, loadsOfJump) })
		return
	case actCompare:
		if t.past() {
			t.scope.Open(access.Compared{Revision: t.pinned, Prefix: t.dir().Path})
		} else {
			askCompared(t.scope, t.dir().Path)
		}
		return
	case actPut:
		addKey(t.scope, t.store, t.dir().Path)
		return
	case actDelete:
		if n := t.node(); n != nil && n.label != more {
			deleteKey(t.scope, t.store, n.Path, n.Dir)
		}
		return
	case actPin:
		if t.past() {
			t.scope.Replace(access.Tree{Prefix: t.prefix()})
			return
		}
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
	case t.cursor.Move(a, len(t.nodes.rows)):
		t.moved()
	case n == nil:
	case a == actOpen && n.Dir, a == actIn && n.Dir && !n.open:
		t.toggle(n)
	case a == actOpen:
		t.openKey(n.Path)
	case a == actIn && n.Dir:
		t.cursor.Move(grid.Down, len(t.nodes.rows))
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
			t.cursor.At = i
			t.moved()
		}
	}
}

func (t *tree) openKey(path string) {
	if path != "" && !strings.HasSuffix(path, "/") {
		t.scope.Open(access.Key{Path: path, Revision: t.pinned})
	}
}

// watch opens the changes of the directory under the cursor, or of the one that a key lies in.
func (t *tree) watch() {
	t.scope.Open(access.Changes{Prefixes: []string{t.dir().Path}})
}

// dir is the directory under the cursor, or the one that a key lies in.
func (t *tree) dir() *node {
	n := t.node()
	switch {
	case n == nil:
		return t.nodes.root
	case n.label == more || !n.Dir:
		return n.parent
	}
	return n
}

// prefix is what the tree was opened on, as a request names it.
func (t *tree) prefix() string {
	if t.nodes.root.Path == "" {
		return "."
	}
	return t.nodes.root.Path
}

// reload reads the tree anew, with what is open closed.
func (t *tree) reload() {
	t.nodes = newNodes(t.nodes.root.Path, t.pinned)
	t.nodes.counts = t.followSmall
	t.cursor, t.at, t.opened, t.started = grid.Cursor{}, t.nodes.root, nil, false
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

// Tick implements screen.Ticker: as that of live.
func (t *tree) Tick() { t.pane.describeNew() }

// Click implements screen.Pointer.
func (t *tree) Click(x, y int) {
	if x < t.treeWidth {
		t.focus = onTree
		if i := t.cursor.First + y; i < len(t.nodes.rows) {
			if i == t.cursor.At && t.nodes.rows[i].Dir {
				t.toggle(t.nodes.rows[i])
			}
			t.cursor.At = i
			t.moved()
		}
		return
	}
	if t.pane.click(x-t.treeWidth-1, y) {
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
	t.cursor.At += lines
	t.cursor.Clamp(len(t.nodes.rows))
	t.moved()
}
