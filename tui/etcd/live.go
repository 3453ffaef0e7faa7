package etcd

import (
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// live is a pane that fills a screen and that a feed keeps up to date: what the screen of a key and that of changes have
// in common.
type live struct {
	scope *screen.Scope
	pane  *pane
	feed  *etcdview.Feed
	seq   uint64
	state etcdview.FeedState
	focus focus
}

// do does the actions that all these screens have.
func (v *live) do(a key.Action) {
	switch {
	case a == actFocus || a == actBack:
		v.focus = onList + onValue - v.focus
	case v.pane.doValue(a):
	case v.focus == onValue:
		v.pane.pager.Do(a)
	default:
		v.pane.doList(a)
	}
}

// keys are those of a table, or where the value has the focus those with a pager's movements.
func (v *live) keys(t key.Table) key.Table {
	if v.focus == onValue {
		return inPager(t)
	}
	return t
}

// Draw implements screen.Screen.
func (v *live) Draw(c *canvas.Canvas) {
	v.pane.draw(c.Cut(1, 0, c.Width()-2, c.Height()), v.scope.Styles(), v.focus)
}

// Tick implements screen.Ticker: ages grow, and rows that have come into sight, on a screen that was made larger, are decoded.
func (v *live) Tick() { v.pane.describeNew() }

// Click implements screen.Pointer.
func (v *live) Click(x, y int) {
	if v.pane.click(x-1, y) {
		v.focus = onList
	} else {
		v.focus = onValue
	}
}

// Wheel implements screen.Pointer.
func (v *live) Wheel(lines int) { v.pane.wheel(lines, v.focus) }

// wheel scrolls what has the focus.
func (p *pane) wheel(lines int, f focus) {
	if f == onValue {
		p.pager.Scroll(lines)
		return
	}
	p.cursor.At += lines
	p.cursor.Clamp(len(p.changes))
	p.follow = p.cursor.At == 0
	p.settle()
}
