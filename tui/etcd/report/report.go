// Package report shows what one pass over an etcd finds: what fills the database, and what is wrong in it.
package report

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/podarium/podarium/etcdview/survey"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// surveyTimeout bounds one pass over all keys.
const surveyTimeout = 30 * time.Minute

// line is a row of a report: its columns, and the key, or the directory with its slash, that it leads to.
type line struct {
	columns []string
	path    string // empty where there is nothing to open
}

// part is one table of a report.
type part struct {
	name  string
	grid  *grid.Grid
	lines []line
	none  string // what an empty table means
}

// table makes a part. Heads that begin with > are of columns of numbers; the one with < gives way where room is short.
func table(name, none string, heads ...string) part {
	g := &grid.Grid{}
	for _, h := range heads {
		g.Columns = append(g.Columns, grid.Column{Head: strings.TrimLeft(h, "<>"), Right: h[0] == '>', Wide: h[0] == '<'})
	}
	return part{name: name, none: none, grid: g}
}

func (p *part) add(path string, columns ...string) {
	p.lines = append(p.lines, line{columns, path})
}

// report is a screen of tables made by one pass over the store.
type report struct {
	scope  *screen.Scope
	title  string
	parts  []part
	at     int
	filter string
	note   string
	state  screen.State
	seen   atomic.Int64 // keys, as the pass goes on; written by its goroutine
	run    func(*report)
}

const (
	actOpen   key.Action = "report.open"
	actNext   key.Action = "report.next"
	actBefore key.Action = "report.before"
	actAgain  key.Action = "report.again"
)

// Module registers the reports with the frame.
func Module() screen.Module {
	return screen.Module{
		Name:   "etcd reports",
		Routes: []screen.Route{screen.To(openSpace), screen.To(openAudit)},
		Commands: []screen.Command{
			{Names: []string{"space"}, Help: "what fills the database of etcd", Run: func(*screen.Scope, string) (screen.Request, error) { return access.Space{}, nil }},
			{Names: []string{"audit"}, Help: "values of etcd that are wrong", Run: func(*screen.Scope, string) (screen.Request, error) { return access.Audit{}, nil }},
		},
		Keys: map[string]key.Table{"etcd space and audit": keys()},
	}
}

func keys() key.Table {
	return append(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "open", Help: "the key, or the keys of the resource", Group: "Open"},
		{Action: actNext, Keys: []string{"tab", "l", "right"}, Hint: "next table", Help: "the next table", Group: "View"},
		{Action: actBefore, Keys: []string{"shift+tab", "h", "left"}, Help: "the table before", Group: "View"},
		{Action: actAgain, Keys: []string{"ctrl+r"}, Hint: "again", Help: "look again", Group: "View"},
	}, grid.Keys()...)
}

func openSpace(s *screen.Scope, _ access.Space) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	r := &report{scope: s, title: "space", run: func(r *report) { r.space(store) }}
	r.run(r)
	return r, nil
}

func openAudit(s *screen.Scope, _ access.Audit) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	r := &report{scope: s, title: "audit", run: func(r *report) { r.audit(store) }}
	r.run(r)
	return r, nil
}

// pass runs one pass, with its progress in the title line.
func pass[T any](r *report, what string, f func(context.Context, survey.Options) (T, error), done func(T)) {
	r.state = screen.State{Health: screen.Busy, Text: "reading"}
	r.seen.Store(0)
	o := survey.Options{EtcdPrefix: r.scope.Cluster().EtcdPrefix(), Top: 200, Progress: func(u survey.Usage) { r.seen.Store(u.Keys) }}
	screen.Call(r.scope, what, surveyTimeout, func(ctx context.Context) (T, error) { return f(ctx, o) }, func(v T, err error) {
		if err != nil {
			r.state = screen.State{Health: screen.Bad, Text: "not read: " + screen.Reason(err)}
			r.scope.Fail(err)
			failed := r.state
			access.Again(r.scope, err, func() bool { return r.state == failed }, func() { r.run(r) })
			return
		}
		done(v)
	})
}

// lines are those of the table in sight that match the filter.
func (r *report) lines() []line {
	if r.at >= len(r.parts) {
		return nil
	}
	all := r.parts[r.at].lines
	if r.filter == "" {
		return all
	}
	var out []line
	for _, l := range all {
		if strings.Contains(strings.ToLower(strings.Join(l.columns, " ")), r.filter) {
			out = append(out, l)
		}
	}
	return out
}

// Place implements screen.Screen.
func (r *report) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", r.title}, Note: r.note, State: r.state}
	if n := r.seen.Load(); p.State.Health == screen.Busy && n > 0 {
		p.State.Text = "reading, " + grid.Plural(n, "key") + " so far"
	}
	if r.filter != "" {
		p.Note += "  /" + r.filter
	}
	return p
}

// Keys implements screen.Screen.
func (r *report) Keys() key.Table { return keys() }

// Do implements screen.Screen.
func (r *report) Do(a key.Action) {
	if a == actAgain {
		r.run(r)
		return
	}
	if len(r.parts) == 0 {
		return
	}
	lines := r.lines()
	at := &r.parts[r.at].grid.Cursor
	switch {
	case at.Move(a, len(lines)):
	case a == actNext:
		r.at = (r.at + 1) % len(r.parts)
	case a == actBefore:
		r.at = (r.at + len(r.parts) - 1) % len(r.parts)
	case a == actOpen && at.At < len(lines):
		r.open(lines[at.At].path)
	}
}

func (r *report) open(path string) {
	switch {
	case path == "":
	case strings.HasSuffix(path, "/"):
		r.scope.Open(access.List{Prefix: path})
	default:
		r.scope.Open(access.Key{Path: path})
	}
}

// Filter implements screen.Filterer.
func (r *report) Filter(text string) error {
	r.filter = strings.ToLower(text)
	for _, p := range r.parts {
		p.grid.Reset()
	}
	return nil
}

// FilterText implements screen.Filterer.
func (r *report) FilterText() string { return r.filter }

// Tick implements screen.Ticker: progress goes on.
func (r *report) Tick() {}

// Click implements screen.Pointer.
func (r *report) Click(_, y int) {
	if len(r.parts) == 0 {
		return
	}
	g := r.parts[r.at].grid
	if i := g.Row(y-1, len(r.lines())); i >= 0 {
		g.Cursor.At = i
	}
}

// Wheel implements screen.Pointer.
func (r *report) Wheel(lines int) {
	if len(r.parts) == 0 {
		return
	}
	at := &r.parts[r.at].grid.Cursor
	at.At += lines
	at.Clamp(len(r.lines()))
}

// Draw implements screen.Screen.
func (r *report) Draw(full *canvas.Canvas) {
	s := r.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	if len(r.parts) == 0 {
		c.Clip(0, 0, c.Width(), s.Muted, "reading all keys …  esc leaves")
		return
	}
	r.drawTabs(c, s)
	p, lines := r.parts[r.at], r.lines()
	if len(lines) == 0 {
		c.Text(0, 2, s.Muted, cmp.Or(p.none, "nothing"))
		return
	}
	p.grid.Draw(c.Cut(0, 1, c.Width(), c.Height()-1), s, len(lines), func(i int) []grid.Cell { return grid.Plain(lines[i].columns...) }, true)
}

// drawTabs names the tables, or where there is no room for all of them the one in sight.
func (r *report) drawTabs(c *canvas.Canvas, s *style.Styles) {
	const gap = 3
	width := 0
	for _, p := range r.parts {
		width += canvas.Width(p.name) + gap
	}
	if width > c.Width() {
		x := c.Text(0, 0, s.Key, r.parts[r.at].name)
		c.Clip(x+gap, 0, c.Width()-x-gap, s.Muted, fmt.Sprintf("table %d of %d", r.at+1, len(r.parts)))
		return
	}
	x := 0
	for i, p := range r.parts {
		ink := s.Muted
		if i == r.at {
			ink = s.Key
		}
		x = c.Text(x, 0, ink, p.name) + gap
	}
}
