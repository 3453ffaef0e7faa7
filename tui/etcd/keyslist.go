package etcd

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/search"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

// keysView is the flat list of keys with a prefix: in their order, read page by page as one goes down, or in another
// order, or those that a search finds. Of the latter two, and of the end of the first, it has a window around the cursor.
type keysView struct {
	scope *screen.Scope
	store *etcdview.Store
	pane  *pane
	grid  grid.Grid
	focus focus

	prefix, from string
	rev          int64 // the revision to read, 0 for now
	query        search.Query
	filter       string // as it was typed
	order        order
	down         bool

	rows    []row
	base    int    // rows before the first of these
	found   int    // rows in all, as far as that is known
	keep    int    // rows of a window
	reads   int    // how often it began anew: what was asked for before is of no use then
	next    string // where the keys go on that are not read, in the order of keys
	at      int64  // the revision that was read
	total   int64  // keys with the prefix, 0 where not known
	scan    *scan  // what is under way, or was
	reading bool
	err     error
	opened  string // the key that the pane shows, or soon will

	paneLeft int // where the pane was drawn last, 0 where there is no room for it
}

func openList(s *screen.Scope, r access.List) (screen.Screen, error) {
	v, err := newKeys(s, r.Prefix, r.Revision)
	if err != nil {
		return nil, err
	}
	v.from = r.From
	v.read()
	return v, nil
}

func openSearch(s *screen.Scope, r access.Search) (screen.Screen, error) {
	v, err := newKeys(s, r.Prefix, r.Revision)
	if err != nil {
		return nil, err
	}
	v.query.Key, v.query.Mode = r.Pattern, search.Substring
	v.read()
	if r.Pattern == "" {
		v.askQuery()
	}
	return v, nil
}

func newKeys(s *screen.Scope, prefix string, rev int64) (*keysView, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	switch prefix {
	case "":
		prefix = access.Root(s)
	case ".":
		prefix = ""
	}
	v := &keysView{scope: s, store: store, pane: newPane(s, store), prefix: prefix, rev: rev, focus: onTree, keep: keepRows, query: search.Query{Mode: search.Substring}}
	v.pane.pinned = rev
	return v, nil
}

// searching says that not all keys with the prefix are meant.
func (v *keysView) searching() bool {
	return v.query.Key != "" || v.query.Value != "" || v.query.Field != ""
}

// read begins anew.
func (v *keysView) read() {
	v.rows, v.base, v.found, v.next, v.err, v.scan, v.opened, v.total = nil, 0, 0, "", nil, nil, "", 0
	v.at, v.reading = 0, false
	v.reads++
	v.grid.Reset()
	if !v.searching() && v.order == byKey && !v.down {
		v.page(v.from)
		return
	}
	v.look(window{keep: v.keep})
}

const (
	// scanTimeout bounds one pass over all keys.
	scanTimeout = 30 * time.Minute
	pageSize    = 500
)

// page reads the keys from one on, in their order.
func (v *keysView) page(from string) {
	if v.reading {
		return
	}
	v.reading = true
	rev, reads := max(v.rev, v.at), v.reads
	type read struct {
		page  etcdview.Page
		total int64
	}
	screen.Call(v.scope, "list "+etcdview.Printable(v.prefix), listTimeout, func(ctx context.Context) (read, error) {
		p, err := v.store.Page(ctx, etcdview.PageOptions{Prefix: v.prefix, From: from, Revision: rev, Limit: pageSize})
		if err != nil || v.total > 0 {
			return read{page: p}, err
		}
		n, err := v.store.Counts(ctx, []string{v.prefix}, p.Revision)
		if err != nil {
			return read{page: p}, err
		}
		return read{p, n[0]}, nil
	}, func(r read, err error) {
		if v.reads != reads {
			return
		}
		v.reading, v.err = false, err
		if err != nil {
			v.scope.Fail(err)
			access.Again(v.scope, err, func() bool { return errors.Is(v.err, err) && !v.reading && v.scan == nil }, func() { v.page(from) })
			return
		}
		v.next, v.at = r.page.Next, r.page.Revision
		v.total = max(v.total, r.total)
		for _, kv := range r.page.KVs {
			v.rows = append(v.rows, rowOf(kv, "", true))
		}
		v.found = len(v.rows)
		v.moved()
	})
}

// row is the one under the cursor, nil where there is none or it is not read yet.
func (v *keysView) row() *row {
	if i := v.grid.Cursor.At - v.base; i >= 0 && i < len(v.rows) {
		return &v.rows[i]
	}
	return nil
}

// moved reads on near the end of what is read, and after a rest the value under the cursor.
func (v *keysView) moved() {
	if v.next != "" && v.grid.Cursor.At > len(v.rows)-pageSize/2 {
		v.page(v.next)
	}
	if w, ok := v.beyond(); ok {
		v.look(w)
	}
	v.settle()
}

// settle reads, after a rest, the value under the cursor.
func (v *keysView) settle() {
	r := v.row()
	if r == nil || r.Key == v.opened {
		return
	}
	path := r.Key
	v.scope.After(restTime, func() { v.rested(path) })
}

func (v *keysView) rested(path string) {
	if r := v.row(); r == nil || r.Key != path || v.opened == path {
		return
	}
	v.opened = path
	v.pane.open(path, false)
}

// describeQuery says what is looked for.
func describeQuery(q search.Query) string {
	var parts []string
	if q.Key != "" {
		parts = append(parts, "/"+map[bool]string{true: "!"}[q.NotKey]+q.Key)
	}
	switch {
	case q.Field != "" && q.Value != "":
		parts = append(parts, q.Field+" has "+q.Value)
	case q.Field != "":
		parts = append(parts, "has "+q.Field)
	case q.Value != "":
		parts = append(parts, "values have "+q.Value)
	}
	s := strings.Join(parts, " ")
	if q.Mode != search.Substring && q.Mode != "" {
		s += " (" + string(q.Mode) + ")"
	}
	return s
}

// Draw implements screen.Screen.
func (v *keysView) Draw(full *canvas.Canvas) {
	s := v.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	list := c
	v.paneLeft = 0
	if c.Width() >= withPane {
		w := c.Width() * 3 / 5
		v.paneLeft = w + 3
		list = c.Cut(0, 0, w-1, c.Height())
		c.Cut(w, 0, 1, c.Height()).Column(0, s.Rule)
		v.pane.draw(c.Cut(w+2, 0, c.Width()-w-2, c.Height()), s, v.focus)
	}
	if len(v.rows) == 0 {
		text := "no keys"
		switch {
		case v.err != nil:
			text = "✗ " + screen.Reason(v.err)
		case v.reading:
			text = "reading …"
		case v.searching():
			text = "nothing matches"
		}
		list.Clip(0, 0, list.Width(), s.Muted, text)
		return
	}
	v.grid.Columns = v.columns(list.Width())
	v.grid.Draw(list, s, v.found, func(i int) []grid.Cell { return v.cells(i, list.Width()) }, v.focus == onTree)
}
