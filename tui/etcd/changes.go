package etcd

import (
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// changesView is the live list of changes under a prefix.
type changesView struct {
	scope  *screen.Scope
	pane   *pane
	feed   *etcdview.Feed
	seq    uint64
	state  etcdview.FeedState
	focus  focus
	paused bool
	filter string
	missed uint64 // dropped from the feed's memory before this screen took them in
}

func openChanges(s *screen.Scope, r Changes) (screen.Screen, error) {
	store, err := source(s)
	if err != nil {
		return nil, err
	}
	v := &changesView{scope: s, pane: newPane(s, store), focus: onList}
	v.pane.diff = true
	v.feed = store.Feed(s.Context(), etcdview.WatchOptions{Key: r.Prefix, Prefix: true}, etcdview.FeedOptions{})
	s.Live(v.feed.Changed(), v.refresh)
	v.pane.open(r.Prefix, true)
	return v, nil
}

func (v *changesView) refresh() {
	if v.paused {
		_, v.state = v.feed.Since(^uint64(0))
		return
	}
	entries, state := v.feed.Since(v.seq)
	v.missed += state.Seen - v.seq - uint64(len(entries))
	v.seq, v.state = state.Seen, state
	if v.filter != "" {
		entries = v.matching(entries)
	}
	v.pane.absorb(entries)
}

func (v *changesView) matching(entries []etcdview.Entry) []etcdview.Entry {
	var out []etcdview.Entry
	for _, e := range entries {
		if e.Gap != nil || strings.Contains(strings.ToLower(e.KV.Key), v.filter) {
			out = append(out, e)
		}
	}
	return out
}

// Place implements screen.Screen.
func (v *changesView) Place() screen.Place {
	p := screen.Place{Crumbs: append(crumbs(v.pane.path), "changes"), Note: thousands(int64(v.state.Seen)) + " seen", State: feedState(v.state, 0)}
	if v.missed > 0 {
		p.Note += ", " + thousands(int64(v.missed)) + " dropped"
	}
	if v.filter != "" {
		p.Note += "  /" + v.filter
	}
	if v.paused && v.state.Interrupted == nil {
		p.State = screen.State{Health: screen.Idle, Text: "paused, " + thousands(int64(v.state.Seen-v.seq)) + " waiting"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *changesView) Keys() key.Table {
	if v.focus == onValue {
		return inPager(changesKeys())
	}
	return changesKeys()
}

// Do implements screen.Screen.
func (v *changesView) Do(a key.Action) {
	switch {
	case a == actFocus || a == actBack:
		v.focus = onList + onValue - v.focus
	case a == actPause:
		v.paused = !v.paused
		v.refresh()
	case a == actOpen:
		if c := v.pane.current(); c != nil && c.gap == nil {
			v.scope.Open(Key{Path: c.KV.Key})
		}
	case v.pane.doValue(a):
	case v.focus == onValue:
		v.pane.pager.Do(a)
	default:
		v.pane.doList(a)
	}
}

// Draw implements screen.Screen.
func (v *changesView) Draw(c *canvas.Canvas) {
	v.pane.draw(c.Cut(1, 0, c.Width()-2, c.Height()), v.scope.Styles(), v.focus)
}

// Filter implements screen.Filterer: it keeps the changes of keys that contain the text.
func (v *changesView) Filter(text string) error {
	v.filter = strings.ToLower(text)
	v.pane.open(v.pane.path, true)
	v.seq = 0
	if _, state := v.feed.Since(^uint64(0)); state.Dropped > 0 {
		v.seq = state.Dropped // what is not kept any more was counted before
	}
	v.refresh()
	return nil
}

// FilterText implements screen.Filterer.
func (v *changesView) FilterText() string { return v.filter }

// Tick implements screen.Ticker: ages grow.
func (v *changesView) Tick() {}

// Click implements screen.Pointer.
func (v *changesView) Click(_, y int) {
	if v.pane.click(y) {
		v.focus = onList
	} else {
		v.focus = onValue
	}
}

// Wheel implements screen.Pointer.
func (v *changesView) Wheel(lines int) { v.pane.wheel(lines, v.focus) }
