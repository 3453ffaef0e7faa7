package manage

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/etcd/gate"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// done is the screen of what was done to etcd from this machine, newest first, and the details of the one under the
// cursor.
type done struct {
	scope   *screen.Scope
	journal *operate.Journal
	grid    grid.Grid
	entries []operate.Entry
	read    bool
	err     error
	pager   pager.Pager
}

func openDone(s *screen.Scope, _ access.Done) (screen.Screen, error) {
	j, err := gate.Journal(s)
	if err != nil {
		return nil, err
	}
	v := &done{scope: s, journal: j}
	v.grid.Columns = []grid.Column{{Head: "AGO", Right: true}, {Head: "STATE"}, {Head: "WHO"}, {Head: "OPERATION"}, {Head: "TARGET", Wide: true}, {Head: "ETCD", Wide: true}}
	v.pager.Wrap(true)
	v.ask()
	return v, nil
}

func (v *done) ask() {
	screen.Call(v.scope, "read the journal", askTimeout, func(context.Context) ([]operate.Entry, error) { return v.journal.Entries() }, func(list []operate.Entry, err error) {
		v.read, v.err = true, err
		slices.Reverse(list)
		v.entries = list
		v.show()
	})
}

func (v *done) entry() *operate.Entry {
	if v.grid.Cursor.At < len(v.entries) {
		return &v.entries[v.grid.Cursor.At]
	}
	return nil
}

// show lays out the details.
func (v *done) show() {
	e := v.entry()
	if e == nil {
		v.pager.SetLines(nil)
		return
	}
	lines := []pager.Line{pager.Plain(strings.TrimSpace(e.Operation+" "+e.Target)+"  "+e.Time.Local().Format("2006-01-02 15:04:05"), pager.Heading)}
	for _, l := range e.Preview {
		lines = append(lines, pager.Plain(l, nil))
	}
	switch {
	case e.Error != "":
		lines = append(lines, pager.Plain(screen.Bad.Glyph()+" "+e.Error, pager.Error))
	case e.State == operate.Begun:
		lines = append(lines, pager.Plain(screen.Poor.Glyph()+" begun, and how it ended is not known", pager.Warn))
	default:
		lines = append(lines, pager.Plain(screen.Good.Glyph()+" "+e.Result, pager.OK))
	}
	if e.UndoFile != "" {
		lines = append(lines, pager.Plain("what was there before is in "+e.UndoFile, pager.Muted))
	}
	v.pager.SetLines(lines)
}

// Place implements screen.Screen.
func (v *done) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", "operations"}, Note: v.journal.File}
	switch {
	case v.err != nil:
		p.State = screen.Failure(v.err)
	case v.read:
		p.State = screen.State{Health: screen.Good, Text: grid.Plural(int64(len(v.entries)), "entry")}
		if len(v.entries) != 1 {
			p.State.Text = grid.Thousands(int64(len(v.entries))) + " entries"
		}
	}
	return p
}

// Keys implements screen.Screen.
func (v *done) Keys() key.Table { return doneKeys() }

// Do implements screen.Screen.
func (v *done) Do(a key.Action) {
	e := v.entry()
	switch {
	case v.grid.Cursor.Move(a, len(v.entries)):
		v.show()
	case a == actReload:
		v.ask()
	case e != nil && a == actCopy && e.UndoFile != "":
		v.scope.Copy(e.UndoFile)
		v.scope.Say(screen.Good, "copied "+e.UndoFile)
	}
}

// Draw implements screen.Screen.
func (v *done) Draw(full *canvas.Canvas) {
	s := v.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	if len(v.entries) == 0 {
		text := "nothing was done to etcd from here"
		switch {
		case v.err != nil:
			text = "✗ " + v.err.Error()
		case !v.read:
			text = "reading …"
		}
		c.Clip(0, 0, c.Width(), s.Muted, text)
		return
	}
	up := min(len(v.entries)+1, c.Height()*3/5)
	now := v.scope.Now()
	v.grid.Draw(c.Cut(0, 0, c.Width(), up), s, len(v.entries), func(i int) []grid.Cell {
		e := &v.entries[i]
		state := screen.Good
		switch e.State {
		case operate.Failed:
			state = screen.Bad
		case operate.Begun:
			state = screen.Poor
		}
		cells := grid.Plain(duration.HumanDuration(max(0, now.Sub(e.Time))), state.Glyph()+" "+e.State, e.User, e.Operation, e.Target, e.Etcd)
		cells[1].Ink = state.Style
		return cells
	}, true)
	v.pager.Draw(c.Cut(0, up+1, c.Width(), c.Height()-up-1), s)
}

// Tick implements screen.Ticker: ages grow.
func (v *done) Tick() {}
