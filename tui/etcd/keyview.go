package etcd

import (
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// keyView is the screen of one key: its revisions, and their values or differences, live.
type keyView struct {
	scope *screen.Scope
	pane  *pane
	feed  *etcdview.Feed
	seq   uint64
	state etcdview.FeedState
	focus focus
}

func openKey(s *screen.Scope, r Key) (screen.Screen, error) {
	store, err := source(s)
	if err != nil {
		return nil, err
	}
	v := &keyView{scope: s, pane: newPane(s, store), focus: onList}
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
	return screen.Place{Crumbs: crumbs(v.pane.path), State: feedState(v.state, 0)}
}

// Keys implements screen.Screen.
func (v *keyView) Keys() key.Table {
	if v.focus == onValue {
		return inPager(keyKeys())
	}
	return keyKeys()
}

// Do implements screen.Screen.
func (v *keyView) Do(a key.Action) {
	switch {
	case a == actFocus || a == actBack:
		v.focus = onList + onValue - v.focus
	case a == actTree:
		v.scope.Open(screen.Etcd{Prefix: parent(v.pane.path)})
	case a == actWatch:
		v.scope.Open(Changes{Prefix: parent(v.pane.path)})
	case v.pane.doValue(a):
	case v.focus == onValue:
		v.pane.pager.Do(a)
	default:
		v.pane.doList(a)
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

// Draw implements screen.Screen.
func (v *keyView) Draw(c *canvas.Canvas) {
	v.pane.draw(c.Cut(1, 0, c.Width()-2, c.Height()), v.scope.Styles(), v.focus)
}

// Filter implements screen.Filterer: it searches in the value.
func (v *keyView) Filter(text string) error {
	v.pane.pager.Search(text)
	return nil
}

// FilterText implements screen.Filterer.
func (v *keyView) FilterText() string { return v.pane.pager.Query() }

// Tick implements screen.Ticker: ages grow.
func (v *keyView) Tick() {}

// Click implements screen.Pointer.
func (v *keyView) Click(_, y int) {
	if v.pane.click(y) {
		v.focus = onList
	} else {
		v.focus = onValue
	}
}

// Wheel implements screen.Pointer.
func (v *keyView) Wheel(lines int) { v.pane.wheel(lines, v.focus) }

// wheel scrolls what has the focus.
func (p *pane) wheel(lines int, f focus) {
	if f == onValue {
		p.pager.Scroll(lines)
		return
	}
	p.cursor.at += lines
	p.cursor.clamp(len(p.changes))
	p.follow = p.cursor.at == 0
	p.settle()
}
