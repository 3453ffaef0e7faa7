package etcd

import (
	"strconv"
	"strings"
	"time"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// changedFor is how long a node stays marked after a change, the second half of it fading.
const changedFor = 2 * time.Second

// Draw implements screen.Screen.
func (t *tree) Draw(c *canvas.Canvas) {
	s := t.scope.Styles()
	t.treeWidth = min(max(t.treeWidth, t.widest()+4), max(26, c.Width()*2/5), 64)
	left := c.Cut(1, 0, t.treeWidth-2, c.Height())
	t.drawTree(left, s)
	c.Cut(t.treeWidth-1, 0, 1, c.Height()).Column(0, s.Rule)
	t.pane.draw(c.Cut(t.treeWidth+1, 0, c.Width()-t.treeWidth-2, c.Height()), s, t.focus)
}

// widest is the width of the widest row in sight. The tree only grows, so that the panes do not dance.
func (t *tree) widest() int {
	w := 22
	for _, n := range t.nodes.rows[min(t.cursor.First, len(t.nodes.rows)):min(t.cursor.First+max(1, t.cursor.Height()), len(t.nodes.rows))] {
		k := n.depth*2 + 2 + canvas.Width(n.label) + 3
		if c, ok := n.keys(); ok && n.Dir {
			k += len(grid.Thousands(c)) + 1
		}
		w = max(w, k)
	}
	return w
}

func (t *tree) drawTree(c *canvas.Canvas, s *style.Styles) {
	rows := t.nodes.rows
	if len(rows) == 0 {
		text := "no keys"
		switch {
		case t.err != nil:
			text = t.err.Error()
		case !t.nodes.root.loaded:
			text = "reading keys …"
		case t.nodes.filter != "":
			text = "nothing open matches"
		}
		c.Clip(0, 0, c.Width(), s.Muted, text)
		return
	}
	from, to := t.cursor.Window(len(rows), c.Height())
	now := t.scope.Now()
	for i := from; i < to; i++ {
		t.drawNode(c, i-from, rows[i], s, now)
		if i == t.cursor.At {
			grid.Selected(c, i-from, s, t.focus == onTree)
		}
	}
}

func (t *tree) drawNode(c *canvas.Canvas, y int, n *node, s *style.Styles, now time.Time) {
	x := n.depth * 2
	ink := s.Text
	mark := "  "
	if n.Dir {
		mark, ink = "▸ ", s.Accent
		if n.open {
			mark = "▾ "
		}
	}
	if n.label == more {
		ink = s.Muted
	}
	right := c.Width()
	if k, ok := n.keys(); ok && n.Dir {
		right = c.Right(right, y, s.Muted, grid.Thousands(k)) - 1
	}
	if d := now.Sub(n.changed); !n.changed.IsZero() && d < changedFor {
		if ink = s.Changed; d > changedFor/2 {
			ink = s.Fading
		}
		right = c.Right(right, y, ink, "•") - 1
	}
	c.Text(x, y, s.Muted, mark)
	c.Clip(x+2, y, max(0, right-x-2), ink, n.label)
}

// draw draws the pane: what the subject is, its changes, and the value of the one under the cursor.
func (p *pane) draw(c *canvas.Canvas, s *style.Styles, f focus) {
	y := p.drawHead(c, s)
	if p.split(c.Width()) {
		w := c.Width() / 2
		p.drawList(c.Cut(0, y, w-1, c.Height()-y), s, f == onList, y)
		c.Cut(w, y, 1, c.Height()-y).Column(0, s.Rule)
		p.drawValue(c.Cut(w+2, y, c.Width()-w-2, c.Height()-y), s, f == onValue)
		return
	}
	h := min(len(p.changes)+1, max(4, (c.Height()-y)/3))
	if p.dir {
		h = max(h, (c.Height()-y)/2)
	}
	p.drawList(c.Cut(0, y, c.Width(), h), s, f == onList, y)
	p.drawValue(c.Cut(0, y+h+1, c.Width(), c.Height()-y-h-1), s, f == onValue)
}

// split says whether there is room for the list beside the value.
func (p *pane) split(width int) bool { return width >= 130 }

// drawHead draws two lines about the subject and returns the next line.
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
	c.Clip(0, 0, right, s.Title, etcdview.Printable(key))
	c.Clip(0, 1, c.Width(), s.Muted, p.about())
	return 3
}

// about says in one line what the value is.
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
	case p.value == nil:
		return ""
	}
	v := p.value
	var parts []string
	switch {
	case v.IsKubernetes():
		parts = append(parts, "stored as "+v.StoredAs.GroupVersion().String()+" "+v.StoredAs.Kind)
		if v.Form != "encrypted" {
			parts = append(parts, string(v.Form))
		}
	default:
		parts = append(parts, v.Label())
	}
	if v.IsKubernetes() && v.Encryption != nil {
		parts = append(parts, v.Encryption.String())
	}
	parts = append(parts, grid.Thousands(int64(len(v.Raw)))+" B")
	if cur.KV.Lease != 0 {
		parts = append(parts, "lease "+strconv.FormatInt(cur.KV.Lease, 16))
	}
	if age := cur.age(p.scope.Now()); age != "" {
		by := age + " ago"
		if w := cur.writer(); w != "" {
			by += " by " + w
		}
		parts = append(parts, by)
	}
	if v.Masked() {
		parts = append(parts, "masked (x shows)")
	}
	return strings.Join(parts, " · ")
}

// drawList draws the changes. top is where the list begins in the pane, for the mouse.
func (p *pane) drawList(c *canvas.Canvas, s *style.Styles, focused bool, top int) {
	p.listTop, p.listHeight = top, c.Height()
	head := "REVISIONS"
	if p.dir {
		head = "CHANGES"
	}
	c.Text(0, 0, s.Heading, head)
	if n := len(p.changes); p.older > 0 {
		c.Right(c.Width(), 0, s.Muted, "the last "+grid.Thousands(int64(n))+" of "+grid.Thousands(int64(n+p.older)))
	} else if n > 0 {
		c.Right(c.Width(), 0, s.Muted, grid.Thousands(int64(n)))
	}
	body := c.Cut(0, 1, c.Width(), c.Height()-1)
	note := ""
	if p.compacted > 0 {
		note = "… compacted before " + grid.Thousands(p.compacted)
		if n := len(p.changes); n > 0 && p.changes[n-1].gap == nil && p.changes[n-1].Revision() < p.compacted {
			note = "… etcd has revisions from " + grid.Thousands(p.compacted) + " on, the recorder these"
		}
	}
	from, to := p.cursor.Window(len(p.changes), body.Height())
	now := p.scope.Now()
	writers := 0 // columns of the widest
	for _, ch := range p.changes[from:to] {
		writers = min(max(writers, canvas.Width(ch.writer())), body.Width()/4, 28)
	}
	if body.Width() < 60 {
		writers = 0
	}
	for i := from; i < to; i++ {
		p.drawChange(body, i-from, p.changes[i], writers, s, now)
		if i == p.cursor.At {
			grid.Selected(body, i-from, s, focused)
		}
	}
	if to == len(p.changes) && to-from < body.Height() {
		body.Clip(0, to-from, body.Width(), s.Muted, note)
	}
}

func (p *pane) drawChange(c *canvas.Canvas, y int, ch *change, writers int, s *style.Styles, now time.Time) {
	mark := "  "
	if ch == p.base {
		mark = "◆ "
	}
	x := c.Text(0, y, s.Marked, mark)
	rev := grid.Thousands(ch.Revision())
	if ch.gap != nil {
		text, _ := ch.summary(c.Width() - x)
		c.Clip(x, y, c.Width()-x, s.Warn, "▲ "+text)
		return
	}
	ink := s.Text
	if d := now.Sub(ch.Received); ch.seen && d < changedFor {
		if ink = s.Changed; d > changedFor/2 {
			ink = s.Fading
		}
	}
	c.Text(x, y, ink, rev)
	x += max(len(rev), len("000 000")) + 2
	c.Text(x, y, s.Muted, ch.age(now))
	x += 6
	right := c.Width()
	if writers > 0 {
		c.Clip(right-writers, y, writers, s.Muted, ch.writer())
		right -= writers + 2
	}
	if p.dir {
		name := strings.TrimPrefix(ch.KV.Key, p.path)
		w := min(max(12, (right-x)/2), 44)
		c.Clip(x, y, w, s.Accent, etcdview.Printable(name))
		x += w + 1
	}
	text, others := ch.summary(right - x - len("  +99"))
	room := right - x
	if others > 0 {
		room -= len("  +99")
	}
	x = min(c.Text(x, y, changeInk(ch, s), canvas.Truncate(text, max(0, room))), right)
	if others > 0 {
		c.Text(x, y, s.Muted, "  +"+strconv.Itoa(others))
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
	if q := p.pager.Query(); q != "" {
		c.Clip(x+2, 0, c.Width()-x-2, s.Match, "/"+q+" "+strconv.Itoa(p.pager.Matches()))
	}
	p.pager.Draw(c.Cut(0, 1, c.Width(), c.Height()-1), s)
}

// click puts the cursor of the list on the line that was clicked, and says whether there was one.
func (p *pane) click(y int) bool {
	i := y - p.listTop - 1
	if i < 0 || i >= p.listHeight-1 || p.cursor.First+i >= len(p.changes) {
		return false
	}
	p.cursor.At = p.cursor.First + i
	p.follow = p.cursor.At == 0
	p.settle()
	return true
}

var _ screen.Pointer = (*tree)(nil)
