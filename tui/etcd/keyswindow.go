package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// look makes a pass for a part of the rows.
func (v *keysView) look(w window) {
	q := v.query
	q.Prefix, q.Revision, q.Values = v.prefix, max(v.rev, v.at), v.order == bySize
	s := newScan(q, v.order, v.down, w)
	anew := v.scan == nil && len(v.rows) == 0
	v.scan, v.reading, v.next, v.from = s, true, "", ""
	v.scope.Live(s.changed, func() {
		if v.scan == s && anew { // the rows that are there stay until all of the others are known
			v.takeIn(s)
		}
	})
	d := v.pane.decode
	screen.Call(v.scope, "search "+etcdview.Printable(v.prefix), scanTimeout, func(ctx context.Context) (int64, error) {
		return s.run(ctx, v.store, d)
	}, func(rev int64, err error) {
		if v.scan != s {
			return
		}
		v.reading, v.err = false, err
		switch {
		case err == nil:
			v.at = rev
			v.takeIn(s)
			if w.last && w.bound == nil {
				v.grid.Cursor.At = max(0, v.found-1)
			}
			v.moved() // on, where the cursor is far from what is read now
		case errors.Is(err, context.Canceled):
			if anew {
				v.takeIn(s)
			} else {
				v.back()
			}
		case errors.Is(err, etcdview.ErrCompacted) && v.rev == 0:
			v.scope.Say(screen.Idle, "what was listed is compacted away: the list is read anew")
			v.read()
		default:
			v.scope.Fail(err)
			access.Again(v.scope, err, func() bool { return v.scan == s }, v.read)
		}
	})
}

// takeIn takes in what a scan has found so far. The cursor stays on its key where that is known.
func (v *keysView) takeIn(s *scan) {
	var under string
	if r := v.row(); r != nil && v.opened != "" {
		under = r.Key
	}
	v.rows, v.base = s.soFar()
	found, _, _ := s.progressed()
	if v.found = int(found); !s.ended() {
		v.found = v.base + len(v.rows) // what lies beyond is found when one goes there
	}
	if i := slices.IndexFunc(v.rows, func(r row) bool { return under != "" && r.Key == under }); i >= 0 {
		v.grid.Cursor.At = v.base + i
	}
	v.grid.Cursor.Clamp(v.found)
	v.settle()
}

// back puts the cursor into what is read.
func (v *keysView) back() {
	v.grid.Cursor.At = max(v.base, min(v.grid.Cursor.At, v.base+len(v.rows)-1))
	v.settle()
}

// beyond is what to look for when the cursor comes near the edge of the window, or has left it.
func (v *keysView) beyond() (window, bool) {
	if v.scan == nil || v.reading || v.err != nil && !errors.Is(v.err, context.Canceled) || len(v.rows) == 0 {
		return window{}, false
	}
	at, end, near := v.grid.Cursor.At, v.base+len(v.rows), v.keep/10
	w := window{keep: v.keep}
	switch {
	case at == 0 && v.base > 0:
	case at == v.found-1 && end < v.found-near:
		w.last = true
	case at < v.base+near && v.base > 0:
		w.bound, w.last = v.nearest(at+v.keep/2), true
	case at >= end-near && (end < v.found || !v.scan.ended()):
		w.bound = v.nearest(at - v.keep/2)
	default:
		return window{}, false
	}
	return w, true
}

// nearest is the row at a place, or the one in the window that is nearest to it.
func (v *keysView) nearest(at int) *row {
	r := v.rows[max(0, min(at-v.base, len(v.rows)-1))]
	return &r
}

// move moves the cursor. The end of a list is not where its reading stands, but where the keys end.
func (v *keysView) move(a key.Action) bool {
	if stands := v.next != "" || v.scan != nil && !v.scan.ended(); a == grid.Bottom && stands && !v.reading {
		v.look(window{last: true, keep: v.keep})
		return true
	}
	if !v.grid.Cursor.Move(a, v.found) {
		return false
	}
	v.moved()
	return true
}

// Place implements screen.Screen.
func (v *keysView) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", "keys"}, Note: etcdview.Printable(v.prefix)}
	if v.prefix == "" {
		p.Note = "all keys"
	}
	if v.from != "" {
		p.Note += " from " + etcdview.Printable(v.from)
	}
	if v.searching() {
		p.Crumbs[1] = "search"
		p.Note += "  " + describeQuery(v.query)
	}
	if v.order != byKey || v.down {
		p.Note += "  by " + strings.ToLower(orders[v.order])
	}
	p.State = v.state()
	return p
}

func (v *keysView) state() screen.State {
	shown := grid.Plural(max(v.total, int64(v.found)), "key")
	if v.scan != nil {
		found, seen, total := v.scan.progressed()
		what := "sorting"
		if v.searching() {
			shown = grid.Thousands(max(found, int64(v.found))) + " found"
			what = shown
		}
		switch {
		case v.reading && total > 0:
			return screen.State{Health: screen.Busy, Text: fmt.Sprintf("%s, %d %% of %s keys read; esc stops", what, 100*seen/total, grid.Thousands(total))}
		case v.reading:
			return screen.State{Health: screen.Busy, Text: "reading"}
		case errors.Is(v.err, context.Canceled):
			return screen.State{Health: screen.Idle, Text: shown + ", stopped after " + grid.Plural(seen, "key")}
		case !v.scan.ended():
			shown = "the first " + grid.Thousands(found) + " found"
		}
	}
	switch {
	case v.err != nil:
		return screen.State{Health: screen.Bad, Text: screen.Reason(v.err)}
	case v.reading && len(v.rows) == 0:
		return screen.State{Health: screen.Busy, Text: "reading"}
	case v.rev > 0:
		return screen.State{Health: screen.Poor, Text: shown + ", the past, as at revision " + grid.Thousands(v.rev)}
	}
	return screen.State{Health: screen.Good, Text: shown + ", at revision " + grid.Thousands(v.at)}
}
