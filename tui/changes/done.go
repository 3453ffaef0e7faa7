package changes

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
)

const (
	actDown key.Action = "down"
	actUp   key.Action = "up"
	actUndo key.Action = "undo"
	actCopy key.Action = "copy"
	actMore key.Action = "diff.down"
	actLess key.Action = "diff.up"
)

func doneKeys() key.Table {
	return key.Table{
		{Action: actUndo, Keys: []string{"u"}, Hint: "take back", Help: "take this change back, after a preview", Group: "Change", Changes: true},
		{Action: actCopy, Keys: []string{"c"}, Hint: "copy as kubectl", Help: "copy all changes as kubectl commands", Group: "Mark and copy"},
		save.Key("all changes as kubectl commands"),
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actMore, Keys: []string{"ctrl+f", "pgdown", "space"}, Help: "further in the diff", Group: "Move"},
		{Action: actLess, Keys: []string{"ctrl+b", "pgup"}, Help: "back in the diff", Group: "Move"},
	}
}

// done lists the changes, newest first, with the diff of the one under the cursor.
type done struct {
	scope   *screen.Scope
	records []change.Record // newest first
	id      int             // of the record under the cursor
	pager   pager.Pager
	loaded  int // the record that the pager shows
}

var (
	_ screen.Screen = (*done)(nil)
	_ screen.Ticker = (*done)(nil)
)

func openDone(s *screen.Scope, _ screen.Done) (screen.Screen, error) {
	d := &done{scope: s}
	d.Tick()
	return d, nil
}

// Tick implements screen.Ticker: the records are in memory, and asking for them costs nothing.
func (d *done) Tick() {
	r := Door(d.scope).Records()
	d.records = d.records[:0]
	for i := len(r) - 1; i >= 0; i-- {
		d.records = append(d.records, r[i])
	}
	if d.id == 0 && len(r) > 0 {
		d.id = d.records[0].ID
	}
	d.show()
}

func (d *done) at() int {
	for i := range d.records {
		if d.records[i].ID == d.id {
			return i
		}
	}
	return 0
}

func (d *done) show() {
	if len(d.records) == 0 || d.loaded == d.id {
		return
	}
	d.loaded = d.id
	d.pager = pager.Pager{}
	d.pager.Wrap(true)
	d.pager.SetLines(PlanLines(d.records[d.at()].Plan))
}

// Place implements screen.Screen.
func (d *done) Place() screen.Place {
	return screen.Place{Crumbs: []string{"changes"}, Note: fmt.Sprintf("%d made from here", len(d.records))}
}

// Keys implements screen.Screen.
func (d *done) Keys() key.Table { return doneKeys() }

// Do implements screen.Screen.
func (d *done) Do(a key.Action) {
	if len(d.records) == 0 {
		return
	}
	at := d.at()
	switch a {
	case actDown:
		d.id = d.records[min(at+1, len(d.records)-1)].ID
	case actUp:
		d.id = d.records[max(at-1, 0)].ID
	case actMore:
		d.pager.Scroll(10)
	case actLess:
		d.pager.Scroll(-10)
	case actUndo:
		UndoRecord(d.scope, d.records[at])
	case actCopy:
		d.scope.Copy(d.script())
		d.scope.Say(screen.Good, "copied as kubectl commands")
	case save.Action:
		save.Text(d.scope, "changes", "sh", d.script())
	}
	d.show()
}

// script is all changes, oldest first, for a shell.
func (d *done) script() string {
	var b strings.Builder
	for i := len(d.records) - 1; i >= 0; i-- {
		r := d.records[i]
		fmt.Fprintf(&b, "# %s  %d: %s\n%s", r.Time.Format(time.RFC3339), r.ID, r.Plan.Summary, r.Plan.Script())
	}
	return b.String()
}

// Draw implements screen.Screen.
func (d *done) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	if len(d.records) == 0 {
		for i, l := range canvas.Wrap("Nothing was changed from here yet. Every change will stand here, and can be taken back.", c.Width()-4) {
			c.Text(2, 1+i, s.Muted, l)
		}
		return
	}
	rows := min(len(d.records), max(3, c.Height()/3))
	at := d.at()
	top := max(0, at-rows+1)
	for y := 0; y < rows && top+y < len(d.records); y++ {
		r := d.records[top+y]
		age := duration.HumanDuration(d.scope.Now().Sub(r.Time))
		c.Right(6, y, s.Muted, age)
		note, ink := "", s.Text
		switch {
		case r.UndoneBy > 0:
			note, ink = fmt.Sprintf("taken back by %d", r.UndoneBy), s.Muted
		case r.Undid > 0:
			note = fmt.Sprintf("takes back %d", r.Undid)
		}
		c.Right(10, y, s.Muted, fmt.Sprint(r.ID))
		room := c.Width() - 13
		if note != "" {
			room -= canvas.Width(note) + 2
		}
		x := c.Text(12, y, ink, canvas.Middle(r.Plan.Summary, room))
		c.Text(x+2, y, s.Muted, note)
		if top+y == at {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
	d.pager.Draw(c.Cut(12, rows+1, c.Width()-12, c.Height()-rows-1), s)
}
