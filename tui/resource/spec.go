package resource

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Source is where the rows of a table come from: a livetable.Table, a livetable.Made, or a fixture.
type Source interface {
	Changed() <-chan struct{}
	Snapshot() *livetable.Snapshot
	Close()
}

// Spec is a table whose rows another package makes: of several kinds, or of no kind at all. It has all that a table of
// one kind has: filter, sort, marks, copy, save. Where its rows stand for objects, it has the keys of the kind of the
// row under the cursor.
type Spec struct {
	// Name is the last of the crumbs and the name of the file it is saved to. Crumbs lead to it.
	Name   string
	Crumbs []string
	// Note is what Of is in screen.Resources: whose rows these are.
	Note   string
	Source Source
	// Namespaced says that rows have namespaces; Namespace is the one shown, empty for all. In is the same table in
	// another one; nil takes the keys for that away.
	Namespaced bool
	Namespace  string
	In         func(namespace string) screen.Request
	// Object is what a row stands for; one without a name is none. Nil where none of them does.
	Object func(*livetable.Row) screen.Object
	// Enter is what enter leads to, nil for nowhere. Where Enter itself is nil, it is what enter on the object does.
	Enter func(*livetable.Row) screen.Request
	// Health of a row; nil reads it from the columns.
	Health func(*livetable.Row) screen.Health
	// Keys are its own keys. They go before the table's. Do does what they ask for, with the marked rows, or the one under
	// the cursor, and says whether it did.
	Keys key.Table
	Do   func(key.Action, []*livetable.Row) bool
	// Order is the column that it is sorted by at first, empty for namespace and name.
	Order string
	// Down turns the Order round.
	Down bool
	// Firm are the columns that keep their width where room is short; then the last columns leave the screen.
	Firm []string
	// Urgent puts what is not well first, where the user has not sorted by a column.
	Urgent bool
	// Empty is said where there are no rows.
	Empty string
	// Filter is what the filter line begins with.
	Filter string
}

// New makes the screen of a Spec.
func New(s *screen.Scope, spec Spec) (screen.Screen, error) {
	kind := &session.Kind{Resource: schema.GroupVersionResource{Resource: spec.Name}, Kind: spec.Name, Namespaced: spec.Namespaced}
	v, err := newSpecView(s, kind, screen.Resources{Namespace: spec.Namespace, Filter: spec.Filter, Of: spec.Note}, &spec)
	if err != nil {
		return nil, err
	}
	return v, nil
}

func newSpecView(s *screen.Scope, kind *session.Kind, r screen.Resources, spec *Spec) (*view, error) {
	v, err := makeView(s, kind, r, spec.Source)
	if err != nil {
		return nil, err
	}
	v.spec = spec
	v.order = order{column: spec.Order, down: spec.Down}
	v.begin()
	return v, nil
}

// goesElsewhere says whether the table can be shown in another namespace.
func (v *view) goesElsewhere() bool { return v.spec == nil || v.spec.In != nil }

// kindHere is the kind of the rows: where they differ, of the one under the cursor.
func (v *view) kindHere() *session.Kind {
	if v.spec == nil {
		return v.kind
	}
	if o, ok := v.Object(); ok {
		if k, ok := v.session.ByResource(o.Resource); ok {
			return k
		}
		return &session.Kind{Resource: o.Resource, Kind: o.Kind, Namespaced: o.Namespace != "", Verbs: []string{"get", "list", "watch"}}
	}
	return v.kind
}

// viewKeys are the actions that need no object.
var viewKeys = []string{groupMove, groupView, groupMark, "Namespaces"}

// ownKeys puts the keys of the spec before the table's, and leaves out what needs an object where rows are none.
func (v *view) ownKeys(t key.Table) key.Table {
	if v.spec == nil {
		return t
	}
	own := slices.Clone(v.spec.Keys)
	if i := slices.IndexFunc(t, func(b key.Binding) bool { return b.Action == actEnter }); i == 0 { // first in the foot, too
		own, t = slices.Insert(own, 0, t[0]), t[1:]
	}
	for _, b := range t {
		object := !slices.Contains(viewKeys, b.Group) && b.Action != actEnter
		switch {
		case object && v.spec.Object == nil:
		case slices.ContainsFunc(b.Keys, func(k string) bool { _, taken := v.spec.Keys.Find(k); return taken }):
		case b.Action == actUse || b.Action == actWarp && !v.goesElsewhere():
		default:
			own = append(own, b)
		}
	}
	return own
}

// extra is a column that this program makes beside the source's.
type extra struct {
	livetable.Column
	width int
	of    func(*livetable.Row) livetable.Cell
	// health of what a row has in the column; nil where that means nothing.
	health func(*livetable.Row) screen.Health
}

// headings are the columns of the source, and then the extra ones.
func (v *view) headings() []livetable.Column {
	if len(v.extra) == 0 {
		return v.snap.Columns
	}
	if len(v.allColumns) != len(v.snap.Columns)+len(v.extra) {
		v.allColumns = slices.Clone(v.snap.Columns)
		for _, e := range v.extra {
			v.allColumns = append(v.allColumns, e.Column)
		}
	}
	return v.allColumns
}

// placeExtra puts the extra columns before the age, which is read last.
func (v *view) placeExtra() {
	v.allColumns = nil
	at := slices.IndexFunc(v.columns, func(c column) bool { return c.age })
	if at < 0 {
		at = len(v.columns)
	}
	var made []column
	for i, e := range v.extra {
		if e.Priority == 0 || v.wide || v.roomy {
			col := v.columnOf(len(v.snap.Columns) + i)
			col.spare = e.Priority != 0 && !v.wide
			made = append(made, col)
		}
	}
	v.columns = slices.Insert(v.columns, at, made...)
}
