// Package resource shows live tables of any kind of object, with the keys that k9s has for them.
//
// Rows come from the server as events (package livetable) and are drawn as they come. The cursor, the marks and every
// dialog hold an object by its UID, never a place in the list.
package resource

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Module registers the tables.
func Module() screen.Module {
	return screen.Module{
		Name:     "Tables",
		Routes:   []screen.Route{screen.To(open), screen.To(openEvents)},
		Commands: commands(),
		Keys:     map[string]key.Table{"Tables": Keys()},
	}
}

type view struct {
	scope   *screen.Scope
	session *session.Session
	request screen.Resources
	kind    *session.Kind // of all rows, where spec is nil
	source  Source
	spec    *Spec   // of a table whose rows this program makes
	extra   []extra // columns that this program makes, after the source's
	awaits  bool    // those of what is used, if there are any
	closers []func()
	choices *choices
	fields  []livetable.Field // columns of the user's own
	// configured is the order that the configuration asks for.
	configured order
	// allColumns are those of headings, kept.
	allColumns []livetable.Column

	snap       *livetable.Snapshot
	gauge      gauge
	rows       []*livetable.Row // filtered and sorted
	spare      []*livetable.Row // what rows was before: its room is used again
	faults     int              // rows that are not well
	moving     int              // rows that are on their way
	filter     filter
	sight      sight // what the filter sees
	onlyFaults bool
	order      order
	cursor     cursor
	marks      map[types.UID]bool
	lastMark   types.UID

	wide     bool
	ordered  bool // the columns are those that the user asked for
	columns  []column
	longAgo  time.Time // two years before columns were laid out
	chosenAt string    // the column chosen with shift and the arrows
	skip     int       // columns scrolled away
	roomy    bool      // there is room for more columns, of the last Draw
	top      int       // first row in sight
	height   int       // rows in sight, of the last Draw
	face     face      // of the last Draw
	wanted   types.UID
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Closer   = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
	_ screen.Shower   = (*view)(nil)
	_ screen.Subject  = (*view)(nil)
	_ screen.Ticker   = (*view)(nil)

	_ screen.Configured = (*view)(nil)
)

func open(s *screen.Scope, r screen.Resources) (screen.Screen, error) {
	ses := session.Of(s)
	kind, ok := ses.ByResource(r.Resource)
	if !ok { // discovery is still under way: what every kind can do
		kind = &session.Kind{Resource: r.Resource, Kind: r.Resource.Resource, Namespaced: true, Verbs: []string{"list", "watch", "get"}}
	}
	if !kind.Namespaced {
		r.Namespace = ""
	}
	v, err := makeView(s, kind, r, nil)
	if err != nil {
		return nil, err
	}
	v.fields = v.wantedFields()
	v.source = openSource(s, r, v.fields)
	v.begin()
	v.followUsage()
	return v, nil
}

// openSource opens the live table of one namespace, of all, or of several.
func openSource(s *screen.Scope, r screen.Resources, fields []livetable.Field) Source {
	q := livetable.Query{Resource: r.Resource, Namespace: r.Namespace, LabelSelector: r.LabelSelector, FieldSelector: r.FieldSelector, Fields: fields}
	var src Source
	if several(r.Namespace) {
		src = livetable.OpenUnion(s.Context(), s.Cluster(), q, strings.Split(r.Namespace, ","))
	} else {
		src = livetable.Open(s.Context(), s.Cluster(), q)
	}
	if r.Owner != "" {
		src = &owned{Source: src, owner: r.Owner}
	}
	return src
}

// several says that a namespace is several of them, with commas between.
func several(namespace string) bool { return strings.Contains(namespace, ",") }

// openEvents opens the table of the events that concern an object.
func openEvents(s *screen.Scope, r screen.Events) (screen.Screen, error) {
	fields := "involvedObject.name=" + r.Name
	if r.UID != "" {
		fields = "involvedObject.uid=" + string(r.UID)
	}
	return open(s, screen.Resources{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "events"}, Namespace: r.Namespace, FieldSelector: fields,
		Of: r.Resource.Resource + "/" + r.Name,
	})
}

// newView makes the screen over any source of rows.
func newView(s *screen.Scope, kind *session.Kind, r screen.Resources, src Source) (*view, error) {
	v, err := makeView(s, kind, r, src)
	if err != nil {
		return nil, err
	}
	v.begin()
	return v, nil
}

func makeView(s *screen.Scope, kind *session.Kind, r screen.Resources, src Source) (*view, error) {
	f, err := parseFilter(r.Filter, nil)
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", r.Filter, err)
	}
	v := &view{
		scope: s, session: session.Of(s), request: r, kind: kind, source: src,
		filter: f, marks: map[types.UID]bool{}, wanted: r.Select, snap: &livetable.Snapshot{}, gauge: newGauge("", nil),
		choices: choicesOf(s),
	}
	if r.Resource.Resource == "events" {
		v.order = order{column: "Last Seen"}
	}
	return v, nil
}

// begin takes what there is, and what comes.
func (v *view) begin() {
	v.sortAsWanted()
	v.choices.follow(v.scope, v)
	v.refresh()
	v.live()
}

// live takes what comes from the source, as long as that is the table's.
func (v *view) live() {
	src := v.source
	v.scope.LiveSeen(src.Changed(), func() (seen bool) {
		if v.source != src {
			return false
		}
		v.refresh()
		return v.face.differs(v)
	})
}

// Configured implements screen.Configured: the user wants other columns.
func (v *view) Configured() {
	if fields := v.wantedFields(); v.spec == nil && !slices.Equal(fields, v.fields) {
		go v.source.Close() // it waits for the watch to end, which can take a while
		v.fields, v.snap = fields, &livetable.Snapshot{}
		v.source = openSource(v.scope, v.request, fields)
		v.live()
	}
	v.sortAsWanted()
	v.columns, v.skip, v.allColumns = nil, 0, nil
	v.layout()
	v.arrange()
	v.place()
}

// wantedFields are the columns of the user's own that have to be read.
func (v *view) wantedFields() []livetable.Field {
	columns, _, _ := v.wantedColumns()
	var fields []livetable.Field
	for _, c := range columns {
		if c.Path != "" {
			fields = append(fields, c.Field())
		}
	}
	return fields
}

// sortAsWanted sorts as the configuration says, where the user has not sorted otherwise.
func (v *view) sortAsWanted() {
	_, column, down := v.wantedColumns()
	next := order{column: column, down: down}
	if next != v.configured && (v.order == v.configured || column != "" && v.configured == (order{})) {
		v.order, v.configured = next, next
	}
}

// Close implements screen.Closer.
func (v *view) Close() {
	go v.source.Close() // it waits for the watch to end, which can take a while
	for _, f := range v.closers {
		f()
	}
}

// refresh takes what the source has now.
func (v *view) refresh() {
	s, last := v.source.Snapshot(), v.snap
	if s == last && v.columns != nil {
		return
	}
	step := s.Incremental && s.Generation == last.Generation+1 && v.spec == nil // a spec may judge rows by what is not in them
	if len(s.Columns) != len(last.Columns) || s.Columns == nil || v.columns == nil {
		v.gauge = newGauge(v.request.Resource.Resource, s.Columns)
		if v.spec != nil {
			v.gauge.health = v.spec.Health
		}
		v.columns = nil
		step = false
	}
	named := last.Columns == nil && s.Columns != nil
	v.snap = s
	if named && v.filter.text != "" {
		v.refilter()
	}
	if step && !v.filter.timed && v.rearrange(s.Changes) {
		v.widen(s.Changes)
	} else {
		v.arrange()
		v.layout()
	}
	if v.wanted != "" {
		if i := v.find(v.wanted, 0); i >= 0 {
			v.wanted = ""
			v.cursor.set = true
			v.put(i)
		}
	}
	v.unmark(s)
	v.place()
	if r, ok := v.source.(recycler); ok && step {
		r.Recycle(last)
	}
}

// recycler is a Source that no one else reads: it takes back what is not looked at any more.
type recycler interface{ Recycle(*livetable.Snapshot) }

// unmark drops the marks of objects that are gone.
func (v *view) unmark(s *livetable.Snapshot) {
	if len(v.marks) == 0 {
		return
	}
	left := make(map[types.UID]bool, len(v.marks))
	for _, r := range s.Rows {
		if v.marks[r.UID] {
			left[r.UID] = true
		}
	}
	v.marks = left
}

// Shown implements screen.Shower: the age of what was covered may be off, and the session may have learnt the kind.
func (v *view) Shown() {
	if v.spec != nil {
		return
	}
	v.session.Last = v.request.Resource
	if k, ok := v.session.ByResource(v.request.Resource); ok && k != v.kind {
		v.kind = k
		v.Configured() // it may be known by more names now
	}
}

// Filter implements screen.Filterer.
func (v *view) Filter(text string) error {
	f, err := parseFilter(text, v.known())
	if err != nil {
		return err
	}
	v.filter = f
	v.arrange()
	v.place()
	if v.cursor.lost { // the user took it away, nobody else: show what is left
		v.put(0)
	}
	return nil
}

// known are the columns that a filter can name, nil while the server has not said which there are.
func (v *view) known() []livetable.Column {
	if v.snap.Columns == nil && v.spec == nil {
		return nil
	}
	return v.headings()
}

// refilter reads the filter again now that the columns are known: it may be about one that there is not.
func (v *view) refilter() {
	f, err := parseFilter(v.filter.text, v.known())
	if err != nil {
		if !v.awaits { // it may be among those to come
			v.scope.Fail(err)
		}
		return
	}
	v.filter = f
}

// Tick implements screen.Ticker: a filter by age holds for other rows as time passes.
func (v *view) Tick() {
	if v.filter.timed {
		v.arrange()
		v.place()
	}
}

// FilterText implements screen.Filterer.
func (v *view) FilterText() string { return v.filter.text }

// Click implements screen.Pointer.
func (v *view) Click(_, y int) {
	if at := v.top + y - 1; y > 0 && y <= v.height && at < len(v.rows) {
		v.cursor.set = true
		v.put(at)
	}
}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) {
	v.cursor.set = true
	v.move(lines)
}

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	v.draw(c)
}
