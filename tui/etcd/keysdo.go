package etcd

import (
	"errors"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/search"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// listKeys is the table of the flat list.
func listKeys() key.Table {
	return join(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "key", Help: "the key, with its history", Group: groupOpen},
		{Action: actFind, Keys: []string{"f"}, Hint: "find", Help: "search keys by text, glob, regexp or fuzzily; or their values, or one field", Group: groupOpen},
		{Action: actSort, Keys: []string{"s"}, Hint: "sort", Help: "sort by key, size, modified revision, created revision, version", Group: groupView},
		{Action: actTurn, Keys: []string{"S"}, Help: "turn the order round", Group: groupView},
		{Action: actTree, Keys: []string{"t"}, Hint: "tree", Help: "the key in the tree", Group: groupOpen},
		{Action: actJump, Keys: []string{"ctrl+g"}, Help: "begin the list at a key, of any bytes", Group: groupMove},
		{Action: actWatch, Keys: []string{"W"}, Help: "the changes under this prefix, on a screen of their own", Group: groupOpen},
	}, focusKeys(), valueKeys(), grid.Keys())
}

// Keys implements screen.Screen.
func (v *keysView) Keys() key.Table {
	if v.focus == onValue {
		return inPager(listKeys())
	}
	return listKeys()
}

// Do implements screen.Screen.
func (v *keysView) Do(a key.Action) {
	switch a {
	case actFocus:
		v.focus = (v.focus + 1) % 3
	case actBack:
		v.focus = (v.focus + 2) % 3
	case actFind:
		v.askQuery()
	case actSort:
		v.order, v.down = (v.order+1)%order(len(orders)), true
		v.down = v.order != byKey // large and new first
		v.read()
	case actTurn:
		v.down = !v.down
		v.read()
	case actReload:
		v.read()
	case actJump:
		v.askFrom()
	case actWatch:
		v.scope.Open(access.Changes{Prefixes: []string{v.prefix}})
	case actTree:
		if r := v.row(); r != nil {
			v.scope.Open(access.Tree{Prefix: parent(r.Key), Revision: v.rev})
		}
	case actOpen:
		if r := v.row(); r != nil {
			v.scope.Open(access.Key{Path: r.Key, Revision: v.rev})
		}
	default:
		v.doPane(a)
	}
}

// doPane does what the list and the value beside it have in common with the other screens.
func (v *keysView) doPane(a key.Action) {
	if v.focus == onTree && v.move(a) {
		return
	}
	if r := v.row(); r != nil && v.opened != r.Key {
		v.rested(r.Key) // the action means the key under the cursor, rested on or not
	}
	switch {
	case v.pane.doValue(a):
	case v.focus == onValue:
		v.pane.pager.Do(a)
	case v.focus == onList:
		v.pane.doList(a)
	}
}

// askFrom begins the list at another key.
func (v *keysView) askFrom() {
	begin := v.prefix
	if r := v.row(); r != nil {
		begin = r.Key
	}
	askKey(v.scope, begin, func(path string) {
		if !strings.HasPrefix(path, v.prefix) {
			v.scope.Replace(access.List{Prefix: parent(path), From: path, Revision: v.rev})
			return
		}
		v.from, v.order, v.down, v.query, v.filter = path, byKey, false, search.Query{}, ""
		v.read()
	})
}

// modes of the form, as people choose among them.
var modes = []string{string(search.Substring), string(search.Glob), string(search.Regexp), string(search.Fuzzy), string(search.Exact)}

// askQuery asks what to look for.
func (v *keysView) askQuery() {
	mode := string(v.query.Mode)
	if mode == "" {
		mode = modes[0]
	}
	v.scope.Ask(dialog.NewForm(v.scope, dialog.Form{
		Title: "Search " + etcdview.Printable(v.prefix), Accept: "Search",
		Note: "All that is given must match. A field is a path such as spec.nodeName, spec.containers.image or metadata.labels[app.kubernetes.io/name]; the value is then looked for in it alone. Masked Secrets are searched as they are shown.",
		Fields: []dialog.Field{
			{Label: "keys have", Value: v.query.Key},
			{Label: "values have", Value: v.query.Value},
			{Label: "in the field", Value: v.query.Field},
			{Label: "how", Value: mode, Choices: modes},
		},
		Then: func(values []string) {
			q := search.Query{Key: values[0], Value: values[1], Field: values[2], Mode: search.Mode(values[3])}
			if err := q.Check(); err != nil {
				v.scope.Fail(err)
				return
			}
			v.query, v.filter, v.from = q, "", ""
			v.read()
		},
	}))
}

// typingTime is how long the filter line must rest before the store is searched.
const typingTime = 200 * time.Millisecond

// Filter implements screen.Filterer: it searches all keys with the prefix, not only those that are read.
func (v *keysView) Filter(text string) error {
	q, err := keyQuery(text)
	if err != nil {
		return err
	}
	v.filter = text
	v.scope.After(typingTime, func() {
		if v.filter == text && v.query != q {
			v.query, v.from = q, ""
			v.read()
		}
	})
	return nil
}

// FilterText implements screen.Filterer.
func (v *keysView) FilterText() string { return v.filter }

// keyQuery reads a filter line: text, a regular expression, -g glob, or -f for letters in their order; ! before it for not.
func keyQuery(text string) (search.Query, error) {
	text, not := strings.CutPrefix(text, "!")
	q := search.Query{Key: text, Mode: search.Substring, NotKey: not}
	if p, ok := strings.CutPrefix(text, "-f "); ok {
		q.Key, q.Mode = p, search.Fuzzy
	} else if p, ok := strings.CutPrefix(text, "-g "); ok {
		q.Key, q.Mode = p, search.Glob
	} else if strings.ContainsAny(text, `^$*+?()[]{}|`) {
		q.Mode = search.Regexp
	}
	if strings.HasPrefix(text, "-f") || strings.HasPrefix(text, "-g") {
		if len(text) < 4 {
			return search.Query{}, errors.New("and then what to look for")
		}
	}
	return q, q.Check()
}

// Tick implements screen.Ticker: progress goes on.
func (v *keysView) Tick() {}

// Click implements screen.Pointer.
func (v *keysView) Click(x, y int) {
	if v.paneLeft > 0 && x >= v.paneLeft {
		v.focus = onValue
		if v.pane.click(x-v.paneLeft, y) {
			v.focus = onList
		}
		return
	}
	if i := v.grid.Row(y, v.found); i >= 0 {
		v.focus, v.grid.Cursor.At = onTree, i
		v.moved()
	}
}

// Wheel implements screen.Pointer.
func (v *keysView) Wheel(lines int) {
	if v.focus != onTree {
		v.pane.wheel(lines, v.focus)
		return
	}
	v.grid.Cursor.At += lines
	v.grid.Cursor.Clamp(v.found)
	v.moved()
}

var (
	_ screen.Pointer  = (*keysView)(nil)
	_ screen.Filterer = (*keysView)(nil)
)
