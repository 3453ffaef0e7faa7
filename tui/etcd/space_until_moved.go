// Until packages manage and report are whole: whoever brings them deletes this file.

package etcd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/survey"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Space is the request for what fills the database, Audit for what is wrong in it.
type (
	Space struct{}
	Audit struct{}
)

// surveyTimeout bounds one pass over all keys.
const surveyTimeout = 30 * time.Minute

// line is a row of a report: its columns, and the key or the directory that it leads to.
type line struct {
	columns []string
	path    string // empty where there is nothing to open
}

// part is one table of a report.
type part struct {
	name  string
	heads []string
	lines []line
	none  string // what an empty table means
}

// report is a screen of tables made by one pass over the store.
type report struct {
	scope  *screen.Scope
	title  string
	parts  []part
	at     int
	cursor cursor
	filter string
	note   string
	state  screen.State
	seen   atomic.Int64 // keys, as the pass goes on; written by its goroutine
	run    func(*report)
}

func reportKeys() key.Table {
	return join(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "open", Help: "the key, or the directory", Group: groupOpen},
		{Action: actFocus, Keys: []string{"tab", "l", "right"}, Hint: "next table", Help: "the next table", Group: groupView},
		{Action: actBack, Keys: []string{"shift+tab", "h", "left"}, Help: "the table before", Group: groupView},
		{Action: actReload, Keys: []string{"ctrl+r"}, Hint: "again", Help: "look again", Group: groupView},
	}, moveKeys())
}

func openSpace(s *screen.Scope, _ Space) (screen.Screen, error) {
	store, err := source(s)
	if err != nil {
		return nil, err
	}
	r := &report{scope: s, title: "space", run: func(r *report) { r.space(store) }}
	r.run(r)
	return r, nil
}

func openAudit(s *screen.Scope, _ Audit) (screen.Screen, error) {
	store, err := source(s)
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
			r.state = screen.State{Health: screen.Bad, Text: "not read"}
			r.scope.Fail(err)
			return
		}
		done(v)
	})
}

func (r *report) space(store *etcdview.Store) {
	pass(r, "read all keys", func(ctx context.Context, o survey.Options) (*survey.Result, error) { return survey.Run(ctx, store, o) }, func(res *survey.Result) {
		r.state = screen.State{Health: screen.Good, Text: "at revision " + thousands(res.Revision)}
		r.note = plural(res.Total.Keys, "key") + ", " + etcdview.Size(res.Total.Bytes)
		r.parts = []part{
			{name: "by resource", heads: []string{"RESOURCE", "KEYS", "BYTES", "SHARE", "WRITES"}},
			{name: "by namespace", heads: []string{"RESOURCE", "NAMESPACE", "KEYS", "BYTES", "WRITES"}},
			{name: "largest keys", heads: []string{"KEY", "BYTES", "WRITES"}},
			{name: "most often written", heads: []string{"KEY", "WRITES", "BYTES"}},
		}
		for _, g := range res.Resources {
			r.parts[0].lines = append(r.parts[0].lines, line{columns: []string{g.Resource, thousands(g.Keys), etcdview.Size(g.Bytes),
				fmt.Sprintf("%.1f %%", 100*float64(g.Bytes)/float64(max(1, res.Total.Bytes))), thousands(g.Writes)}})
		}
		for _, g := range res.Namespaces {
			r.parts[1].lines = append(r.parts[1].lines, line{columns: []string{g.Resource, g.Namespace, thousands(g.Keys), etcdview.Size(g.Bytes), thousands(g.Writes)}})
		}
		for _, k := range res.Largest {
			r.parts[2].lines = append(r.parts[2].lines, line{columns: []string{k.Key, etcdview.Size(k.Bytes), thousands(k.Writes)}, path: etcdview.ParseKey(k.Key)})
		}
		for _, k := range res.MostWritten {
			r.parts[3].lines = append(r.parts[3].lines, line{columns: []string{k.Key, thousands(k.Writes), etcdview.Size(k.Bytes)}, path: etcdview.ParseKey(k.Key)})
		}
	})
}

func (r *report) audit(store *etcdview.Store) {
	d := decodeOptions(r.scope)
	pass(r, "decode all values", func(ctx context.Context, o survey.Options) (*survey.Audit, error) {
		return survey.Inspect(ctx, store, o, d)
	}, func(a *survey.Audit) {
		r.note = plural(a.Keys, "key")
		r.state = screen.State{Health: screen.Good, Text: "nothing wrong"}
		if n := a.Faults(); n > 0 {
			r.state = screen.State{Health: screen.Poor, Text: plural(n, "finding")}
		}
		r.parts = nil
		for i, c := range slices.Backward(a.Checks) {
			if c.Count > 0 {
				r.at = i // what is wrong comes in sight first
			}
		}
		for _, c := range a.Checks {
			p := part{name: fmt.Sprintf("%s: %d", c.Name, c.Count), heads: []string{"KEY", "WHY"}, none: "none"}
			for _, f := range c.Findings {
				p.lines = append(p.lines, line{columns: []string{f.Key, f.Why}, path: etcdview.ParseKey(f.Key)})
			}
			r.parts = append(r.parts, p)
		}
		v := part{name: "stored versions", heads: []string{"RESOURCE", "STORED AS", "KIND", "FORM", "ENCRYPTION", "OBJECTS"}}
		for _, s := range a.StoredVersions {
			v.lines = append(v.lines, line{columns: []string{s.Resource, s.APIVersion, s.Kind, s.Form, s.Encryption, thousands(s.Count)}})
		}
		r.parts = append(r.parts, v)
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
		p.State.Text = "reading, " + plural(n, "key") + " so far"
	}
	if r.filter != "" {
		p.Note += "  /" + r.filter
	}
	return p
}

// Keys implements screen.Screen.
func (r *report) Keys() key.Table { return reportKeys() }

// Do implements screen.Screen.
func (r *report) Do(a key.Action) {
	lines := r.lines()
	switch {
	case r.cursor.move(a, len(lines)):
	case a == actFocus && len(r.parts) > 0:
		r.at, r.cursor = (r.at+1)%len(r.parts), cursor{}
	case a == actBack && len(r.parts) > 0:
		r.at, r.cursor = (r.at+len(r.parts)-1)%len(r.parts), cursor{}
	case a == actReload:
		r.run(r)
	case a == actOpen && r.cursor.at < len(lines) && lines[r.cursor.at].path != "":
		r.scope.Open(Key{Path: lines[r.cursor.at].path})
	}
}

// Filter implements screen.Filterer.
func (r *report) Filter(text string) error {
	r.filter = strings.ToLower(text)
	r.cursor = cursor{}
	return nil
}

// FilterText implements screen.Filterer.
func (r *report) FilterText() string { return r.filter }

// Tick implements screen.Ticker: progress goes on.
func (r *report) Tick() {}

// Click implements screen.Pointer.
func (r *report) Click(_, y int) {
	if i := r.cursor.top + y - 2; y >= 2 && i < len(r.lines()) {
		r.cursor.at = i
	}
}

// Wheel implements screen.Pointer.
func (r *report) Wheel(lines int) {
	r.cursor.at += lines
	r.cursor.clamp(len(r.lines()))
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
	widths := r.widths(p, lines, c.Width())
	drawColumns(c, 1, widths, p.heads, func(int) canvas.Style { return s.Heading })
	body := c.Cut(0, 2, c.Width(), c.Height()-2)
	from, to := r.cursor.window(len(lines), body.Height())
	for i := from; i < to; i++ {
		drawColumns(body, i-from, widths, lines[i].columns, func(int) canvas.Style { return s.Text })
		if i == r.cursor.at {
			selected(body, i-from, s, true)
		}
	}
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

// widths gives each column what its widest text takes, and the first one what is left where that is not enough.
func (r *report) widths(p part, lines []line, width int) []int {
	w := make([]int, len(p.heads))
	for i, h := range p.heads {
		w[i] = canvas.Width(h)
		for _, l := range lines {
			w[i] = max(w[i], canvas.Width(l.columns[i]))
		}
	}
	rest := width
	for _, n := range w[1:] {
		rest -= n + 2
	}
	last := len(w) - 1
	if rest < 20 && p.heads[last] == "WHY" {
		w[last] = max(10, width-w[0]-2)
		rest = width - w[last] - 2
	}
	w[0] = max(10, min(w[0], rest))
	return w
}

// drawColumns draws a row; columns of numbers end at their right edge.
func drawColumns(c *canvas.Canvas, y int, widths []int, columns []string, ink func(int) canvas.Style) {
	x := 0
	for i, text := range columns {
		if i > 0 && numeric(text) {
			c.Right(x+widths[i], y, ink(i), text)
		} else {
			c.Clip(x, y, widths[i], ink(i), text)
		}
		x += widths[i] + 2
	}
}

func numeric(s string) bool {
	switch s {
	case "KEYS", "BYTES", "SHARE", "WRITES", "OBJECTS":
		return true
	}
	return s != "" && s[0] >= '0' && s[0] <= '9'
}
