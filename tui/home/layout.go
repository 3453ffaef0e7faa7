package home

import (
	"slices"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// The widths from which groups stand in two columns below lines for the whole, in two from top to bottom, and in three.
const (
	compact      = 70
	twoColumns   = 100
	threeColumns = 170
)

// between is the blank between columns.
const between = 2

// Draw implements screen.Screen.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	switch w := c.Width(); {
	case w < compact:
		v.drawNarrow(c, s)
	case w < twoColumns:
		v.drawCompact(c, s)
	case w < threeColumns:
		v.drawTwo(c.Cut(0, 1, w, c.Height()-1), s)
	default:
		v.drawThree(c.Cut(0, 1, w, c.Height()-1), s)
	}
}

// drawNarrow draws what runs the cluster as words, and below that what is on it: what writes is the first to go.
func (v *view) drawNarrow(c *canvas.Canvas, s *style.Styles) {
	w, h, y := c.Width(), c.Height(), 0
	if h >= 14 {
		y = v.drawWritesLine(c, 0, s)
	}
	y += v.drawWords(c.Cut(0, y, w, h-y), s, v.groups[components])
	v.drawGroups(c.Cut(0, y, w, h-y), s, working, warnings, nodes)
}

// drawCompact is for 80 columns: two lines for the whole, nodes and writers beside the workloads, and the warnings below them,
// which are sentences.
func (v *view) drawCompact(c *canvas.Canvas, s *style.Styles) {
	w, h := c.Width(), c.Height()
	y := v.drawWritesLine(c, 0, s)
	y += v.drawWords(c.Cut(0, y, w, h-y), s, v.groups[components])
	if h-y > 12 {
		y++
	}
	left := w / 2
	rest := h - y
	above := max(v.wants(left, 1, nodes, writers), v.wants(w-left, 1, working))
	below := min(v.wants(w, 1, warnings), max(rest*2/5, rest-above-1))
	above = max(0, rest-below-1)
	v.drawGroups(c.Cut(0, y, left, above), s, nodes, writers)
	v.drawGroups(c.Cut(left+between, y, w-left-between, above), s, working)
	v.drawGroups(c.Cut(0, y+above+1, w, below), s, warnings)
}

func (v *view) drawTwo(c *canvas.Canvas, s *style.Styles) {
	w, h := c.Width(), c.Height()
	left := w * 9 / 20
	v.drawGroups(c.Cut(0, 0, left, h), s, components, nodes, writers, written)
	right := c.Cut(left+between, 0, w-left-between, h)
	y := v.drawChart(right, s, max(1, min(4, h/9)))
	v.drawGroups(right.Cut(0, y, right.Width(), h-y), s, working, warnings, lately)
}

// drawThree draws the writes wide beside what runs the cluster, and below them three columns.
func (v *view) drawThree(c *canvas.Canvas, s *style.Styles) {
	w, h := c.Width(), c.Height()
	left, middle := w*3/10, w*33/100
	y := max(v.wants(left, 1, components)+1, v.drawChart(c.Cut(left+between, 0, w-left-between, h), s, max(1, min(5, h/9))))
	v.drawGroups(c.Cut(0, 0, left, y-1), s, components)
	column := func(x, width int, which ...int) { v.drawGroups(c.Cut(x, y, width, h-y), s, which...) }
	column(0, left, nodes, writers, written)
	column(left+between, middle, working, lately)
	column(left+middle+2*between, w-left-middle-2*between, warnings)
}

// shown are those of some groups that are there.
func (v *view) shown(which []int) []int {
	return slices.DeleteFunc(slices.Clone(which), func(g int) bool { return v.groups[g].title == "" })
}

// wants is how many lines groups below each other would take with all of their items, and with so many lines at the most for each.
func (v *view) wants(width, lines int, which ...int) int {
	which = v.shown(which)
	n := max(0, len(which)-1) // a blank line after each, none after the last
	for _, g := range which {
		n += 1 + max(1, v.groups[g].height(width, lines))
	}
	return n
}

// height is how many lines the items of a group take, with so many at the most for each.
func (g *group) height(width, lines int) int {
	n := 0
	for i := range g.items {
		n += g.items[i].height(width, lines)
	}
	return n
}

func (it *item) height(width, lines int) int {
	if lines < 2 || it.told == "" {
		return 1
	}
	return 1 + min(lines-1, len(canvas.Wrap(it.told, width-toldAt-1)))
}

// most is how many lines an item may take where there is room.
const most = 3

// drawGroups draws groups below each other. Where there is room for all that they have, sentences are told in lines of their
// own. Where there is not, each has room for its heading and an item, and what is left goes round to those that have more.
func (v *view) drawGroups(c *canvas.Canvas, s *style.Styles, which ...int) {
	which = v.shown(which)
	for len(which) > 1 && 3*len(which)-1 > c.Height() { // a heading without an item tells nothing
		which = which[:len(which)-1]
	}
	lines := most
	for lines > 1 && v.wants(c.Width(), lines, which...) > c.Height() {
		lines--
	}
	rows := make([]int, len(which))
	left := c.Height() - (len(which) - 1)
	for n := range which {
		rows[n] = min(2, max(0, left))
		left -= rows[n]
	}
	for given := true; given && left > 0; {
		given = false
		for n, g := range which {
			if left > 0 && rows[n] < 1+v.groups[g].height(c.Width(), lines) {
				rows[n]++
				left--
				given = true
			}
		}
	}
	y := 0
	for n, g := range which {
		v.drawGroup(c.Cut(0, y, c.Width(), rows[n]), s, &v.groups[g], lines)
		y += rows[n] + 1
	}
}
