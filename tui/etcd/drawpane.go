package etcd

import (
	"strconv"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// draw draws the pane: what the subject is, its changes, and the value of the one under the cursor.
func (p *pane) draw(c *canvas.Canvas, s *style.Styles, f focus) {
	switch {
	case p.asObject && c.Width() >= besideKey: // the object, and beside it all about its key
		w := c.Width() / 2
		p.drawValue(c.Cut(0, 0, w-1, c.Height()), s, f == onValue)
		c.Cut(w, 0, 1, c.Height()).Column(0, s.Rule)
		right := c.Cut(w+2, 0, c.Width()-w-2, c.Height())
		y := p.drawHead(right, s)
		p.drawList(right.Cut(0, y, right.Width(), right.Height()-y), s, f == onList)
		p.placeList(w+2, y, right.Width(), right.Height()-y)
	case c.Width() >= besideList:
		y := p.drawHead(c, s)
		w := c.Width() / 2
		p.drawList(c.Cut(0, y, w-1, c.Height()-y), s, f == onList)
		p.placeList(0, y, w-1, c.Height()-y)
		c.Cut(w, y, 1, c.Height()-y).Column(0, s.Rule)
		p.drawValue(c.Cut(w+2, y, c.Width()-w-2, c.Height()-y), s, f == onValue)
	default:
		y := p.drawHead(c, s)
		h := min(len(p.changes)+1, max(4, (c.Height()-y)/3))
		if p.dir {
			h = max(h, (c.Height()-y)/2)
		}
		p.drawList(c.Cut(0, y, c.Width(), h), s, f == onList)
		p.placeList(0, y, c.Width(), h)
		p.drawValue(c.Cut(0, y+h+1, c.Width(), c.Height()-y-h-1), s, f == onValue)
	}
}

const (
	// besideKey is the width from which an object has its key beside it, besideList that from which a list of changes has
	// the value beside it.
	besideKey  = 110
	besideList = 130
)

// placeList keeps where the list was drawn in the pane, for the mouse.
func (p *pane) placeList(x, y, width, height int) {
	p.listLeft, p.listTop, p.listWidth, p.listHeight = x, y, width, height
}

// drawHead draws what the subject is and how it is stored, and returns the next line.
func (p *pane) drawHead(c *canvas.Canvas, s *style.Styles) int {
	cur := p.current()
	key := p.key()
	if p.dir && (cur == nil || cur.gap != nil) {
		key = p.path
	}
	right := c.Width()
	if cur != nil && cur.gap == nil {
		right = c.Right(right, 0, s.Muted, "rev "+grid.Thousands(cur.Revision())+"  v"+strconv.FormatInt(cur.KV.Version, 10)) - 2
	}
	c.Text(0, 0, s.Title, canvas.Middle(etcdview.Printable(key), right))
	if state := p.about(); state != "" || p.value == nil || cur == nil {
		c.Clip(0, 1, c.Width(), s.Muted, state)
		return 3
	}
	stored, by := storedAs(p.value, cur), cur.by(p.scope.Now())
	const narrow = 72 // has a line for each of them
	if c.Width() < narrow {
		c.Clip(0, 1, c.Width(), s.Muted, fitting(c.Width(), stored))
		c.Clip(0, 2, c.Width(), s.Muted, fitting(c.Width(), by))
		return 4
	}
	said, who := stored[1], by[len(by)-1]
	for _, try := range [][2]string{{stored[0], by[0]}, {stored[1], by[0]}, {stored[1], by[min(1, len(by)-1)]}} {
		if canvas.Width(try[0])+2+canvas.Width(try[1]) <= c.Width() {
			said, who = try[0], try[1] // a whole name rather than the kind, which the value says too
			break
		}
	}
	c.Clip(0, 1, c.Right(c.Width(), 1, s.Muted, who)-1, s.Muted, said)
	return 3
}

// fitting is the first of several texts, from long to short, that fits, and the last where none does.
func fitting(width int, texts []string) string {
	for _, t := range texts[:len(texts)-1] {
		if canvas.Width(t) <= width {
			return t
		}
	}
	return texts[len(texts)-1]
}

// about says in one line why there is no value; empty where there is one.
func (p *pane) about() string {
	cur := p.current()
	switch {
	case p.err != nil:
		return "✗ " + screen.Reason(p.err) + ": trying again"
	case p.loading && cur == nil:
		return "reading …"
	case cur == nil && p.dir && p.unwatched:
		return "not watched, since so much lies under it: W watches it"
	case cur == nil && p.dir && p.none != "":
		return p.none
	case cur == nil && p.dir:
		return "no change yet since this screen was opened"
	case cur == nil && p.path != "":
		return "not in etcd, and the store knows no revision of it"
	}
	return ""
}

// storedAs says what is stored and how, from long to short.
func storedAs(v *decode.Value, ch *change) []string {
	line := func(kind bool) string {
		var parts []string
		switch {
		case v.IsKubernetes():
			as := "stored as " + v.StoredAs.GroupVersion().String()
			if kind {
				as += " " + v.StoredAs.Kind
			}
			parts = append(parts, as)
			if v.Form != decode.Encrypted {
				parts = append(parts, string(v.Form))
			}
			if v.Encryption != nil {
				parts = append(parts, v.Encryption.String())
			}
		default:
			parts = append(parts, "stored as "+v.Label())
		}
		parts = append(parts, grid.Thousands(int64(len(v.Raw)))+" B")
		if ch.KV.Lease != 0 {
			parts = append(parts, "lease "+strconv.FormatInt(ch.KV.Lease, 16))
		}
		return strings.Join(parts, " · ")
	}
	return []string{line(true), line(false)}
}

// by says when the change was made and by whom, from long to short.
func (c *change) by(now time.Time) []string {
	age := c.age(now)
	if age == "" {
		return []string{""}
	}
	age += " ago"
	w := c.writer()
	if w == "" {
		return []string{age}
	}
	return []string{age + " by " + w, age + " by " + strings.TrimPrefix(w, "kube-"), age}
}

// drawList draws the changes.
func (p *pane) drawList(c *canvas.Canvas, s *style.Styles, focused bool) {
	head := "REVISIONS"
	if p.dir {
		head = "CHANGES"
	}
	c.Text(0, 0, s.Heading, head)
	c.Right(c.Width(), 0, s.Muted, p.counted())
	body := c.Cut(0, 1, c.Width(), c.Height()-1)
	from, to := p.cursor.Window(len(p.changes), body.Height())
	now := p.scope.Now()
	look := columnsOf(p.changes[from:to], body.Width())
	for i := from; i < to; i++ {
		p.drawChange(body, i-from, p.changes[i], look, s, now)
		if i == p.cursor.At {
			grid.Selected(body, i-from, s, focused)
		}
	}
	if p.more && to == len(p.changes) && to-from < body.Height() {
		body.Clip(0, to-from, body.Width(), s.Muted, "… older ones are read as you go down")
	} else if p.compacted > 0 && to == len(p.changes) && to-from < body.Height() {
		note := "… compacted before " + grid.Thousands(p.compacted)
		if p.recorded > 0 {
			note += "; the recorder has " + grid.Thousands(int64(p.recorded)) + " from before, above"
		}
		body.Clip(0, to-from, body.Width(), s.Muted, fitting(body.Width(), []string{note, "… compacted before " + grid.Thousands(p.compacted)}))
	}
}

// counted says how many changes there are, and which of them etcd has no more.
func (p *pane) counted() string {
	n := int64(len(p.changes))
	switch {
	case n == 0:
		return ""
	case p.older > 0:
		return "the last " + grid.Thousands(n) + " of " + grid.Thousands(n+int64(p.older))
	case p.more && p.recorded > 0:
		return "the newest " + grid.Thousands(n) + ", " + grid.Thousands(int64(p.recorded)) + " of them from the recorder"
	case p.more:
		return "the newest " + grid.Thousands(n)
	case p.recorded > 0:
		return grid.Thousands(n) + ", " + grid.Thousands(int64(p.recorded)) + " of them from the recorder"
	}
	return grid.Thousands(n)
}

// columns are those of a list of changes.
type columns struct{ revision, writer int }

// columnsOf makes room for what stands in the rows in sight. Where there is little, writers have no column of their own:
// they stand where a row has room to spare.
func columnsOf(rows []*change, width int) columns {
	l := columns{revision: len("000 000")}
	for _, ch := range rows {
		if ch.gap == nil {
			l.revision = max(l.revision, len(grid.Thousands(ch.Revision())))
			l.writer = max(l.writer, canvas.Width(ch.writer()))
		}
	}
	if width < 60 {
		l.writer = 0
	}
	l.writer = min(l.writer, width/4, 28)
	return l
}

// shortName is a field manager's name in so many columns: without kube- where that is too long.
func shortName(manager string, width int) string {
	if canvas.Width(manager) > width {
		manager = strings.TrimPrefix(manager, "kube-")
	}
	return canvas.Truncate(manager, width)
}

func (p *pane) drawChange(c *canvas.Canvas, y int, ch *change, look columns, s *style.Styles, now time.Time) {
	mark := "  "
	if ch == p.base {
		mark = "◆ "
	}
	x := c.Text(0, y, s.Marked, mark)
	if ch.gap != nil {
		text, _ := ch.summary(c.Width() - x)
		c.Clip(x, y, c.Width()-x, s.Warn, "▲ "+text)
		return
	}
	ink := s.Text
	if ch.recorded { // etcd has it no more
		ink = s.Muted
	}
	if d := now.Sub(ch.Received); ch.seen && d < changedFor {
		if ink = s.Changed; d > changedFor/2 {
			ink = s.Fading
		}
	}
	x += look.revision
	c.Right(x, y, ink, grid.Thousands(ch.Revision()))
	const age = len("  9m59s")
	c.Right(x+age, y, s.Muted, ch.age(now))
	x += age + 2
	right := c.Width()
	if look.writer > 0 {
		c.Text(right-look.writer, y, s.Muted, shortName(ch.writer(), look.writer))
		right -= look.writer + 2
	}
	if p.dir {
		name := etcdview.Printable(strings.TrimPrefix(ch.KV.Key, p.path))
		w := min(max(12, (right-x)/2), 44)
		c.Text(x, y, s.Accent, canvas.Middle(name, w))
		x += w + 1
	}
	text, others := ch.summary(right - x - len("  +99"))
	room := right - x
	if others > 0 {
		room -= len("  +99")
	}
	x = min(c.Text(x, y, changeInk(ch, s), canvas.Truncate(text, max(0, room))), right)
	if others > 0 {
		x = c.Text(x, y, s.Muted, "  +"+strconv.Itoa(others))
	}
	if look.writer == 0 && ch.writer() != "" {
		if name := strings.TrimPrefix(ch.writer(), "kube-"); x+2+canvas.Width(name) <= right {
			c.Right(right, y, s.Muted, name)
		}
	}
}

func changeInk(ch *change, s *style.Styles) canvas.Style {
	switch ch.Type {
	case etcdview.Create:
		return s.Added
	case etcdview.Delete:
		return s.Removed
	}
	return s.Text
}

func (p *pane) drawValue(c *canvas.Canvas, s *style.Styles, focused bool) {
	ch := p.current()
	if ch == nil || ch.gap != nil {
		return
	}
	head, note := "VALUE", string(p.format)
	if p.diff && (comparable(ch.Event) || p.base != nil && p.base != ch && ch.Type != etcdview.Delete) {
		head, note = "DIFF", "what "+grid.Thousands(ch.Revision())+" changed"
		if p.base != nil && p.base != ch {
			note = grid.Thousands(p.base.Revision()) + " → " + grid.Thousands(ch.Revision())
		}
	}
	ink := s.Heading
	if focused {
		ink = s.Key
	}
	x := c.Text(0, 0, ink, head)
	x = c.Text(x+2, 0, s.Muted, note)
	right := c.Width()
	if p.value != nil && p.value.Masked() {
		right = c.Right(right, 0, s.Warn, "masked, x shows") - 2
	}
	if q := p.pager.Query(); q != "" {
		c.Clip(x+2, 0, right-x-2, s.Match, "/"+q+" "+strconv.Itoa(p.pager.Matches()))
	}
	p.pager.Draw(c.Cut(0, 1, c.Width(), c.Height()-1), s)
}

// click puts the cursor of the list on the line that was clicked, and says whether there was one.
func (p *pane) click(x, y int) bool {
	i := y - p.listTop - 1
	if x < p.listLeft || x >= p.listLeft+p.listWidth || i < 0 || i >= p.listHeight-1 || p.cursor.First+i >= len(p.changes) {
		return false
	}
	p.cursor.At = p.cursor.First + i
	p.follow = p.cursor.At == 0
	p.settle()
	return true
}
