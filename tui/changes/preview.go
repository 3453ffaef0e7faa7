package changes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// grace is how long a preview takes no answer: it opens when its plan is ready, which can be just when a key meant for
// something else is on its way.
const grace = 200 * time.Millisecond

// preview shows what a change would do.
type preview struct {
	scope  *screen.Scope
	plans  []*change.Plan
	lines  []pager.Line
	pager  pager.Pager
	accept bool
	opened time.Time
	then   func()
	// refused runs where the answer is no; nil for nothing.
	refused func()
}

var _ screen.Dialog = (*preview)(nil)

// careful are what a preview begins on no for.
var careful = []string{"delete", "drain", "remove", "switch off"}

// newPreview begins on yes, but for what is careful.
func newPreview(s *screen.Scope, plans []*change.Plan, then func()) *preview {
	d := &preview{scope: s, plans: plans, then: then, accept: true, opened: s.Now()}
	if len(plans) > 1 { // all of them at a glance, before each as a whole
		d.lines = append(d.lines, pager.Plain(fmt.Sprintf("%d changes", len(plans)), pager.Heading))
		for _, p := range plans {
			d.lines = append(d.lines, pager.Plain("  "+p.Summary, nil))
		}
	}
	for _, p := range plans {
		if slices.Contains(careful, p.Verb) {
			d.accept = false
		}
		if len(d.lines) > 0 {
			d.lines = append(d.lines, pager.Line{})
		}
		d.lines = append(d.lines, PlanLines(p)...)
	}
	d.pager.Wrap(true)
	d.pager.SetLines(d.lines)
	return d
}

// PlanLines are a plan as text: what it does, the kubectl command, warnings, and the diff.
func PlanLines(p *change.Plan) []pager.Line {
	lines := []pager.Line{pager.Plain(p.Summary, pager.Heading)}
	if p.Command != "" {
		lines = append(lines, pager.Line{{Text: "$ ", Ink: pager.Muted}, {Text: p.Command, Ink: pager.Muted}})
	}
	for _, w := range p.Warnings {
		lines = append(lines, pager.Line{{Text: screen.Poor.Glyph() + " " + w, Ink: pager.Warn}})
	}
	for i, e := range p.Effects {
		if i == 0 {
			lines = append(lines, pager.Line{})
		}
		ink := pager.Text
		if strings.HasPrefix(e, " ") {
			ink = pager.Muted
		}
		lines = append(lines, pager.Plain(e, ink))
	}
	lines = append(lines, pager.Line{})
	return append(lines, DiffLines(p.Diff())...)
}

// DiffLines are a diff in colours, each line with its sign.
func DiffLines(diff []change.Line) []pager.Line {
	lines := make([]pager.Line, 0, len(diff))
	for _, l := range diff {
		switch l.Op {
		case '+':
			lines = append(lines, pager.Plain("+ "+l.Text, pager.Added))
		case '-':
			lines = append(lines, pager.Plain("- "+l.Text, pager.Removed))
		case '@':
			lines = append(lines, pager.Plain("  ⋯", pager.Muted))
		default:
			lines = append(lines, pager.Plain("  "+l.Text, pager.Muted))
		}
	}
	return lines
}

func (d *preview) verb() string {
	v := d.plans[0].Verb
	for _, p := range d.plans {
		if p.Verb != v {
			return "apply"
		}
	}
	switch v {
	case "delete", "evict", "create", "scale", "drain", "add", "remove", "switch off", "switch on":
		return v
	}
	return "apply"
}

// Title implements screen.Dialog.
func (d *preview) Title() string { return "This will change" }

// Size implements screen.Dialog.
func (d *preview) Size(maxWidth, maxHeight int) (int, int) {
	w := 56
	for _, l := range d.lines {
		w = max(w, canvas.Width(l.String())+2)
	}
	w = min(w, maxWidth)
	rows := 4
	for _, l := range d.lines {
		rows += max(1, (canvas.Width(l.String())+w-3)/max(1, w-2)) // long ones are wrapped, beside the bar
	}
	return w, min(rows, maxHeight)
}

// Draw implements screen.Dialog.
func (d *preview) Draw(c *canvas.Canvas) {
	s := d.scope.Styles()
	d.pager.Draw(c.Cut(0, 1, c.Width(), c.Height()-4), s)
	focus := 0
	if d.accept {
		focus = 1
	}
	dialog.Buttons(c, c.Height()-2, s, []string{"Cancel", d.verb()}, focus)
	c.Right(c.Width(), c.Height()-2, s.Muted, "y yes  esc no")
}

// Update implements screen.Dialog.
func (d *preview) Update(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	name := k.String()
	early := d.scope.Now().Sub(d.opened) < grace
	switch name {
	case "esc", "n", "q":
		d.no()
		return true
	case "y":
		if early {
			return false
		}
		d.then()
		return true
	case "enter":
		if early {
			return false
		}
		if d.accept {
			d.then()
		} else {
			d.no()
		}
		return true
	case "tab", "shift+tab", "left", "right":
		d.accept = !d.accept
		return false
	}
	if b, ok := pager.Keys().Find(name); ok {
		d.pager.Do(b.Action)
	}
	return false
}

func (d *preview) no() {
	if d.refused != nil {
		d.refused()
	}
}
