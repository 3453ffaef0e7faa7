package resource

import (
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// roomyWidth is the width from which columns of this program's own are all shown.
const roomyWidth = 140

// changedFor is how long a cell stays marked after a change, the second half of it fading.
const changedFor = 2 * time.Second

func (v *view) draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if roomy := c.Width() >= roomyWidth; roomy != v.roomy {
		v.roomy, v.columns = roomy, nil
		v.layout()
	}
	cols, more := v.fit(c.Width() - 1)
	note := v.noteLines(c, cols)
	v.height = max(0, c.Height()-1-note)
	v.scroll()
	v.face.take(v)
	v.drawHeadings(c, s, cols)
	if more {
		c.Right(c.Width(), 0, s.Muted, "›")
	}
	if len(v.rows) == 0 {
		v.drawEmpty(c, s)
		return
	}
	now := v.scope.Now()
	for y := 0; y < v.height && v.top+y < len(v.rows); y++ {
		v.drawRow(c, y+1, v.rows[v.top+y], v.top+y, s, cols, now)
	}
	if note > 0 {
		v.drawNote(c.Cut(0, c.Height()-note, c.Width(), note), s, cols)
	}
}

// scroll keeps the cursor in sight.
func (v *view) scroll() {
	switch {
	case v.cursor.at < v.top:
		v.top = v.cursor.at
	case v.height > 0 && v.cursor.at >= v.top+v.height:
		v.top = v.cursor.at - v.height + 1
	}
	v.top = max(0, min(v.top, len(v.rows)-v.height))
}

func (v *view) drawHeadings(c *canvas.Canvas, s *style.Styles, cols []placed) {
	for _, col := range cols {
		title, ink := col.title, s.Muted
		if v.sortedBy(col.column) {
			arrow := "↑"
			if v.order.down {
				arrow = "↓"
			}
			title, ink = title+arrow, s.Heading
		}
		if v.chosenAt == col.title {
			ink = s.Key
		}
		if col.right {
			c.Right(col.x+col.shown, 0, ink, canvas.Truncate(title, col.shown+1))
		} else {
			c.Clip(col.x, 0, col.shown+1, ink, title)
		}
	}
}

func (v *view) sortedBy(c column) bool {
	if v.order.column == "" {
		return false
	}
	return upper(v.order.column) == c.title
}

func (v *view) drawRow(c *canvas.Canvas, y int, r *livetable.Row, at int, s *style.Styles, cols []placed, now time.Time) {
	health := v.gauge.of(r)
	under := at == v.cursor.at
	if v.gauge.knows() {
		c.Text(margin, y, health.Style(s), health.Glyph())
	}
	for _, col := range cols {
		if col.x >= c.Width() {
			break
		}
		text, ink := v.text(&col.column, r), s.Text
		if col.age {
			text = duration.HumanDuration(now.Sub(r.Created))
		} else if at, err := time.Parse(time.RFC3339, text); col.since && err == nil {
			text = duration.HumanDuration(now.Sub(at))
		} else if col.ticks {
			if since, ok := passed(v.headings()[col.index], v.cell(r, col.index), r, now); ok {
				text = duration.HumanDuration(since)
			}
		}
		switch {
		case col.index >= 0 && v.gauge.tells(col.index) && health > screen.Good:
			ink = health.Style(s)
		case health == screen.Idle, col.quiet:
			ink = s.Muted
		}
		if n := len(v.snap.Columns); col.index >= n && v.extra[col.index-n].health != nil {
			if h := v.extra[col.index-n].health(r); h >= screen.Poor {
				ink = h.Style(s)
			}
		}
		if col.index >= 0 && col.index < len(r.Cells) {
			if since := now.Sub(r.Cells[col.index].Changed); since < changedFor/2 {
				ink = s.Changed
			} else if since < changedFor {
				ink = s.Fading
			}
		}
		if v.marks[r.UID] && col.title == nameColumn {
			ink = s.Marked
		}
		if blank(text) && ink == s.Text {
			ink = s.Muted
		}
		shown := min(col.shown, c.Width()-col.x)
		if col.right {
			c.Right(col.x+shown, y, ink, shorten(text, shown))
			continue
		}
		x := col.x
		if digits := leading(text); digits > 0 && col.title != nameColumn { // numbers stand under each other
			x += min(col.lead-digits, shown)
		}
		c.Text(x, y, ink, shorten(text, shown-(x-col.x)))
	}
	if v.marks[r.UID] {
		c.Text(0, y, s.Marked, "+")
	}
	switch {
	case under && v.cursor.lost:
		c.Text(0, y, s.Muted, "▹")
	case under:
		c.Paint(0, y, c.Width(), s.Selection)
		mark := s.Key
		mark.Bg = s.Selection.Bg
		mark.Attrs |= s.Selection.Attrs
		c.Text(0, y, mark, "▸")
		if v.marks[r.UID] {
			c.Text(1, y, mark, "+")
		}
	}
}

func (v *view) drawEmpty(c *canvas.Canvas, s *style.Styles) {
	text, ink := "nothing here", s.Muted
	if v.spec != nil && v.spec.Empty != "" {
		text = v.spec.Empty
	}
	switch {
	case !v.snap.Synced && v.snap.Err == nil:
		text = "loading"
	case v.snap.Err != nil:
		text, ink = screen.Poor.Glyph()+" it will be tried again: "+screen.Reason(v.snap.Err), s.Warn
		if apierrors.IsForbidden(v.snap.Err) && v.kind.Namespaced && v.request.Namespace == "" {
			text += "\n\nWho may not look into all namespaces may be allowed one: :ns NAME works there."
		}
	case v.filter.text != "" || v.onlyFaults:
		text = "nothing matches (esc shows all)"
	case v.spec == nil:
		text = v.none()
	}
	for i, l := range canvas.Wrap(text, c.Width()-4) {
		c.Text(2, 2+i, ink, l)
	}
}

// none says that there are no objects of the kind, and what can be done about it.
func (v *view) none() string {
	what := v.kind.Resource.Resource
	switch of := v.request.Of; {
	case strings.HasPrefix(of, "of ") || strings.HasPrefix(of, "on "):
		return "no " + what + " " + of
	case of != "":
		return "no " + what + " of " + of
	}
	text, ways := "no "+what+" in the cluster", []string{}
	if v.kind.Namespaced && v.request.Namespace != "" {
		text = "no " + what + " in namespace " + v.session.Label(v.request.Namespace)
		ways = append(ways, "0 shows all namespaces")
	}
	if !v.scope.Cluster().ReadOnly() {
		ways = append(ways, ":create "+what+" makes one")
	}
	if len(ways) > 0 {
		text += " (" + strings.Join(ways, ", ") + ")"
	}
	return text
}

// shorten makes a text as short as its column. A number with a remark, 2 (4m ago), loses the remark; of a name the middle goes, for
// the end of it tells it from those beside it.
func shorten(text string, width int) string {
	if canvas.Width(text) <= width {
		return text
	}
	blank := strings.IndexByte(text, ' ')
	if blank > 0 && blank <= width && strings.HasPrefix(text[blank:], " (") && strings.Trim(text[:blank], "0123456789") == "" {
		return text[:blank]
	}
	if blank < 0 && width >= leastColumn+2 && strings.IndexByte(text, ',') < 0 { // what a list begins with tells what is in it
		return canvas.Middle(text, width)
	}
	return canvas.Truncate(text, width)
}
