package rollouts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// sideBySide is the width from which the diff stands beside the revisions rather than below.
const sideBySide = 110

// Draw implements screen.Screen: revisions and their diff above, how the Pods turn over and what is waited for below.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if !v.p.Synced && len(v.p.Revisions) == 0 {
		text := "reading the workload, its revisions and its Pods"
		if v.p.Err != nil {
			text = "it will be tried again: " + screen.Reason(v.p.Err)
		}
		c.Text(2, 1, s.Muted, text)
		return
	}
	w, h := c.Width(), c.Height()
	if w >= sideBySide {
		v.drawWide(c, s)
		return
	}
	if len(v.p.Revisions) < 2 { // nothing to compare with: the room is for why
		waits := v.waitLines(s, w-3, max(2, h/3))
		v.drawRevisions(c.Cut(0, 0, w, 2), s)
		v.drawBelow(c.Cut(0, 3, w, h-3), s, waits)
		return
	}
	waits := v.waitLines(s, w-3, max(2, h/6))
	podRows := min(len(v.p.Pods), max(3, h/5))
	above := max(5, h-2-v.pictureLines()-len(waits)-podRows-1) // a blank line before and after what is waited for
	rows := min(len(v.p.Revisions)+1, max(3, above/2))
	v.drawRevisions(c.Cut(0, 0, w, rows), s)
	v.drawDiff(c.Cut(0, rows+1, w, above-rows-1), s)
	v.drawBelow(c.Cut(0, above+1, w, h-above-1), s, waits)
}

// drawWide draws the diff beside the revisions, and the turnover beside the Pods.
func (v *view) drawWide(c *canvas.Canvas, s *style.Styles) {
	w, h := c.Width(), c.Height()
	left := w * 11 / 20
	waits := v.waitLines(s, w-3, max(3, h/6))
	podRows := min(len(v.p.Pods), max(5, h/3))
	below := 2 + v.pictureLines() + len(waits) + podRows + 1
	above := max(5, min(h-below-1, max(len(v.p.Revisions)+3, v.diff.Len()+3)))
	v.drawRevisions(c.Cut(0, 1, left, above-1), s)
	v.drawDiff(c.Cut(left+1, 1, w-left-1, above-1), s)
	v.drawBelow(c.Cut(0, above+1, w, h-above-1), s, waits)
}

// drawBelow draws how the Pods turn over, what is waited for, and the Pods.
func (v *view) drawBelow(c *canvas.Canvas, s *style.Styles, waits []line) {
	w := c.Width()
	y := v.drawPicture(c, s)
	for _, l := range waits {
		l.draw(c.Cut(0, y, w, 1), 2, 0)
		y++
	}
	y++
	pods := c.Cut(0, y, w, c.Height()-y)
	if w < sideBySide || len(v.turnover.samples) == 0 {
		v.drawPods(pods, s)
		return
	}
	left := max(w*11/20, min(podsWidth(v.p.Pods), w*13/20))
	v.drawPods(pods.Cut(0, 0, left, pods.Height()), s)
	v.turnover.draw(pods.Cut(left+2, 0, w-left-3, min(pods.Height(), 1+v.turnover.rows(v.p))), s, v.p, v.scope.Now())
}

func cursorMark(c *canvas.Canvas, y int, s *style.Styles, active bool) {
	if active {
		c.Paint(0, y, c.Width(), s.Selection)
		c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		return
	}
	c.Text(0, y, s.Muted, "▸")
}

func (v *view) drawRevisions(c *canvas.Canvas, s *style.Styles) {
	const revAt, ageAt, imageAt = 2, 8, 16
	readyWidth, causeWidth := 7, 0
	if c.Width() > 56 {
		causeWidth = min(28, c.Width()/3, v.widest("CHANGE", v.cause))
	}
	imageWidth := c.Width() - imageAt - readyWidth - causeWidth - 4
	if wanted := v.widest("IMAGE", images); wanted < imageWidth && causeWidth > 0 {
		causeWidth += imageWidth - wanted
		imageWidth = wanted
	}
	c.Text(revAt, 0, s.Muted, " REV")
	c.Text(ageAt, 0, s.Muted, "  AGE")
	c.Text(imageAt, 0, s.Muted, "IMAGE")
	readyAt := imageAt + imageWidth + readyWidth
	c.Right(readyAt, 0, s.Muted, "READY")
	if causeWidth > 0 {
		c.Text(readyAt+2, 0, s.Muted, "CHANGE")
	}
	_, at := v.at()
	rows := c.Height() - 1
	top := max(0, min(at-rows/2, len(v.p.Revisions)-rows))
	for y := 1; y <= rows && top+y-1 < len(v.p.Revisions); y++ {
		i := top + y - 1
		r := v.p.Revisions[i]
		ink := s.Muted
		if r.Current {
			ink = s.Text
		}
		c.Right(revAt+4, y, ink, fmt.Sprint(r.Number))
		c.Right(ageAt+5, y, s.Muted, duration.HumanDuration(v.scope.Now().Sub(r.Created)))
		c.Text(imageAt, y, ink, canvas.Middle(images(r), imageWidth)) // the tag, at its end, is what differs
		readyInk := ink
		if r.Replicas > 0 && r.Ready < r.Replicas {
			readyInk = s.Info
		}
		c.Right(readyAt, y, readyInk, fmt.Sprintf("%d/%d", r.Ready, r.Replicas))
		if causeWidth > 0 {
			c.Clip(readyAt+2, y, causeWidth, s.Muted, v.cause(r))
		}
		switch {
		case r.Number == v.marked:
			c.Text(revAt, y, s.Marked, "+")
		case r.Current:
			c.Text(revAt, y, s.Accent, "●")
		}
		if i == at {
			cursorMark(c, y, s, !v.inPods)
		}
	}
}

// cause is why a revision was made, as its annotation says, or else what it changed.
func (v *view) cause(r rollout.Revision) string { return cmp.Or(r.Cause, v.did[r.Number]) }

// widest is what the texts of all revisions take in a column, and the heading above them.
func (v *view) widest(heading string, text func(rollout.Revision) string) int {
	w := canvas.Width(heading)
	for _, r := range v.p.Revisions {
		w = max(w, canvas.Width(text(r)))
	}
	return w
}

// explain tells for each revision what it changed, once.
func (v *view) explain() {
	did := make(map[int64]string, len(v.p.Revisions))
	for i, r := range v.p.Revisions {
		text, known := v.did[r.Number]
		switch {
		case known:
		case i+1 < len(v.p.Revisions):
			text = rollout.Changed(v.p.Revisions[i+1].Template, r.Template)
		case r.Number == 1:
			text = "created"
		}
		did[r.Number] = text
	}
	v.did = did
}

// images are the images of a revision, those of several containers after one another as the template has them.
func images(r rollout.Revision) string {
	var all []string
	for _, name := range r.Containers {
		all = append(all, r.Images[name])
	}
	return strings.Join(all, ", ")
}

func (v *view) drawDiff(c *canvas.Canvas, s *style.Styles) {
	if c.Height() < 2 {
		return
	}
	title := "DIFF"
	note := ""
	if v.diffOf[0] > 0 {
		title = fmt.Sprintf("DIFF  %d → %d", v.diffOf[0], v.diffOf[1])
		if v.marked != 0 && v.marked == v.diffOf[0] {
			note = "from the marked revision to this one"
		} else if cur := v.current(); cur != nil && cur.Number == v.diffOf[1] {
			note = "what this revision changed"
		} else {
			note = "what undo would change"
		}
	}
	x := c.Text(2, 0, s.Muted, title)
	c.Clip(x+2, 0, c.Width()-x-3, s.Muted, note)
	v.diff.Draw(c.Cut(2, 1, c.Width()-3, c.Height()-1), s)
}

// pictureLines is how many lines the picture of the Pods takes.
func (v *view) pictureLines() int {
	n := 1 + len(v.budgets())
	if v.limits() != nil {
		n++
	}
	return n
}

// limits says how close the rollout is to what its strategy allows, in numbers; nil where nothing is going on.
func (v *view) limits() []int {
	p := v.p
	if p.Done || p.Strategy != "RollingUpdate" || p.Desired == 0 {
		return nil
	}
	pods, available := 0, 0
	for _, pod := range p.Pods {
		if !pod.Deleting {
			pods++
			if pod.Available {
				available++
			}
		}
	}
	return []int{pods, int(p.Desired + p.MaxSurge), available, int(max(0, p.Desired-p.MaxUnavailable))}
}

// drawPicture draws each Pod as a square, old ones that go and new ones that come, and below them what the strategy allows.
// It returns the lines that took.
func (v *view) drawPicture(c *canvas.Canvas, s *style.Styles) int {
	p := v.p
	const labels = 28 // what the words of the picture take
	limits := p.Strategy
	if p.Strategy == "RollingUpdate" {
		limits = fmt.Sprintf("maxUnavailable %d  minReady %d s", p.MaxUnavailable, p.MinReadySeconds)
		if p.Ref.Kind != "StatefulSet" { // which has no such thing
			limits = fmt.Sprintf("maxSurge %d  ", p.MaxSurge) + limits
		}
		if p.Partition > 0 {
			limits += fmt.Sprintf("  partition %d", p.Partition)
		}
	}
	from := c.Width() - 1
	if labels+len(p.Pods)+canvas.Width(limits) < c.Width() { // the picture goes first where room is short
		from = c.Right(c.Width()-1, 0, s.Muted, limits)
	}
	room := from - 2
	x := c.Text(2, 0, s.Muted, "PODS")
	var old, fresh []rollout.Pod
	for _, pod := range p.Pods {
		if pod.New {
			fresh = append(fresh, pod)
		} else {
			old = append(old, pod)
		}
	}
	if len(old) > 0 {
		x = c.Text(x+3, 0, s.Muted, "old ")
		x = squares(c, x, room, old, 0, s, true)
	}
	x = c.Text(x+3, 0, s.Muted, "new ")
	squares(c, x, room, fresh, int(p.Desired)-len(fresh), s, false)
	y := 1
	if n := v.limits(); n != nil {
		line{
			{fmt.Sprint(n[0]), s.Text}, {fmt.Sprintf(" Pods, at most %d   ", n[1]), s.Muted},
			{fmt.Sprint(n[2]), s.Text}, {fmt.Sprintf(" available, at least %d", n[3]), s.Muted},
		}.draw(c, 9, y)
		y++
	}
	for _, text := range v.budgets() {
		c.Clip(9, y, c.Width()-10, s.Muted, text)
		y++
	}
	return y
}

// squares draws a square for each Pod, in as much room as there is, and hollow ones for those that are to come.
func squares(c *canvas.Canvas, x, room int, pods []rollout.Pod, missing int, s *style.Styles, old bool) int {
	for i, p := range pods {
		if x >= room-8 && i < len(pods)-1 {
			return c.Text(x, 0, s.Muted, fmt.Sprintf(" +%d", len(pods)-i))
		}
		h := health(p)
		glyph, ink := "■", h.Style(s)
		switch {
		case h == screen.Bad:
			glyph = "✗"
		case p.Deleting || !p.Ready:
			glyph = "□"
		case old:
			ink = s.Muted
		}
		x = c.Text(x, 0, ink, glyph)
	}
	for range max(0, missing) {
		if x >= room-1 {
			break
		}
		x = c.Text(x, 0, s.Muted, "·")
	}
	return x
}

func health(p rollout.Pod) screen.Health {
	switch {
	case p.Deleting:
		return screen.Busy
	case p.Ready:
		return screen.Good
	case strings.Contains(p.Status, "BackOff"), strings.Contains(p.Status, "Err"), strings.Contains(p.Status, "Fail"), p.Status == "OOMKilled":
		return screen.Bad
	default:
		return screen.Busy
	}
}

// pods are the Pods: the new ones first, of those the ones that are not well, then by name.
func (v *view) pods() []rollout.Pod {
	pods := slices.Clone(v.p.Pods)
	slices.SortStableFunc(pods, func(a, b rollout.Pod) int {
		if a.New != b.New {
			if a.New {
				return -1
			}
			return 1
		}
		if d := int(health(b)) - int(health(a)); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return pods
}

func statusOf(p rollout.Pod) string {
	if p.Restarts > 0 {
		return fmt.Sprintf("%s, %s", p.Status, screen.Count(int64(p.Restarts), "restart"))
	}
	return p.Status
}

// rest is what a row of the Pods takes beside the name, the node and the status: the glyph, the gaps, the revision and the age.
const rest = 4 + 2 + 2 + 1 + 3 + 7

// podsWidth is what the table of the Pods wants.
func podsWidth(pods []rollout.Pod) int {
	name, node, status := podWidths(pods)
	return name + node + status + rest
}

func podWidths(pods []rollout.Pod) (name, node, status int) {
	name, node, status = len("POD"), len("NODE"), len("STATUS")
	for _, p := range pods {
		name, node, status = max(name, canvas.Width(p.Name)), max(node, canvas.Width(p.Node)), max(status, canvas.Width(statusOf(p)))
	}
	return name, node, min(status, 26)
}

func (v *view) drawPods(c *canvas.Canvas, s *style.Styles) {
	pods := v.pods()
	if c.Height() < 2 || len(pods) == 0 {
		return
	}
	name, node, status := podWidths(pods)
	apart := 2
	if name+node+status+rest+2 <= c.Width() {
		apart = 3
	}
	name = min(name, max(16, c.Width()-node-status-rest))
	nodeAt := 4 + name + apart
	statusAt := nodeAt + node + apart
	revAt := min(statusAt+status+1, c.Width()-10)
	c.Text(4, 0, s.Muted, "POD")
	c.Text(nodeAt, 0, s.Muted, "NODE")
	c.Text(statusAt, 0, s.Muted, "STATUS")
	c.Right(revAt+3, 0, s.Muted, "REV")
	c.Right(revAt+10, 0, s.Muted, "AGE")
	at := v.podAt()
	rows := c.Height() - 1
	top := max(0, min(at-rows/2, len(pods)-rows))
	for y := 1; y <= rows && top+y-1 < len(pods); y++ {
		p := pods[top+y-1]
		h := health(p)
		ink := s.Text
		if !p.New {
			ink = s.Muted
		}
		c.Text(2, y, h.Style(s), h.Glyph())
		c.Text(4, y, ink, canvas.Middle(p.Name, name))
		c.Text(nodeAt, y, s.Muted, p.Node)
		statusInk := ink
		if h != screen.Good {
			statusInk = h.Style(s)
		}
		c.Clip(statusAt, y, revAt-statusAt-1, statusInk, statusOf(p))
		c.Right(revAt+3, y, s.Muted, fmt.Sprint(p.Revision))
		c.Right(revAt+10, y, s.Muted, duration.HumanDuration(v.scope.Now().Sub(p.Created)))
		if v.inPods && top+y-1 == at {
			cursorMark(c, y, s, true)
		}
	}
}
