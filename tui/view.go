package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/paint"
	"github.com/podarium/podarium/tui/screen"
)

// The smallest screen that the frame can be drawn on.
const (
	minWidth  = 40
	minHeight = 10
)

// The lines that the frame takes around the body: header, rule, title above, rule and foot below.
const (
	linesAbove = 3
	linesBelow = 2
)

// View implements tea.Model. bubbletea calls it after every message; it composes a frame only when something has
// changed, and not too soon after the last one. The frame's cells go to the painter, bubbletea is given the terminal's modes.
func (m *Model) View() tea.View {
	defer m.guardUpdate()
	if m.dirty && m.width > 0 && m.due() {
		m.compose()
	}
	return m.frame
}

// Draw composes the frame now, whatever the time, and returns its cells: how tests look at the screen.
func (m *Model) Draw() *canvas.Canvas {
	m.compose()
	return m.canvas
}

func (m *Model) compose() {
	m.dirty = false
	m.composed = m.clock()
	if m.asked {
		m.asked, m.answered = false, m.composed
	}
	c := m.cells()
	var cursor *paint.Point
	if c.Width() < minWidth || c.Height() < minHeight {
		m.drawTooSmall(c)
	} else {
		cursor = m.drawFrame(c)
	}
	if m.painter != nil {
		m.painter.Show(c.Lines(), cursor)
	}
	m.frame = tea.View{
		AltScreen: true, MouseMode: tea.MouseModeCellMotion, WindowTitle: "podarium " + m.Cluster().Name(),
		Content: " ", // an empty one would have bubbletea erase the screen at each tick
	}
	m.took = m.clock().Sub(m.composed)
}

// cells are the blank cells of the screen, reused while its size stays.
func (m *Model) cells() *canvas.Canvas {
	if m.canvas == nil || m.canvas.Width() != m.width || m.canvas.Height() != m.height || m.canvas.Base() != m.styles.Base {
		m.canvas = canvas.New(m.width, m.height, m.styles.Base)
		return m.canvas
	}
	m.canvas.Clear()
	return m.canvas
}

func (m *Model) drawTooSmall(c *canvas.Canvas) {
	lines := []string{
		"needs more room",
		fmt.Sprintf("%d×%d, at least %d×%d", m.width, m.height, minWidth, minHeight),
	}
	top := max(0, (c.Height()-len(lines))/2)
	for i, l := range lines {
		c.Text(max(0, (c.Width()-canvas.Width(l))/2), top+i, m.styles.Warn, canvas.Truncate(l, c.Width()))
	}
}

// drawFrame draws header, title, body and foot, and returns the terminal's cursor, nil where there is none.
func (m *Model) drawFrame(c *canvas.Canvas) *paint.Point {
	w, h := c.Width(), c.Height()
	m.drawHeader(c.Cut(0, 0, w, 1))
	c.Rule(tabLine, m.styles.Rule)
	m.drawTabs(c.Cut(0, tabLine, w, 1))
	m.drawTitle(c.Cut(0, 2, w, 1))
	below := linesBelow
	if m.guide != nil {
		below++
		m.drawTour(c.Cut(0, h-below, w, 1))
	}
	body := c.Cut(0, linesAbove, w, h-linesAbove-below)
	m.drawBody(body)
	c.Rule(h-2, m.styles.Rule)
	foot := c.Cut(0, h-1, w, 1)
	var cursor *paint.Point
	if m.prompt.mode != promptOff {
		cursor = &paint.Point{X: m.prompt.draw(m, foot), Y: h - 1}
		m.prompt.drawCandidates(m, c.Cut(0, linesAbove, w, h-linesAbove-linesBelow+1))
	} else if lines := m.longMessage(w); lines != nil {
		m.drawLongMessage(c, lines)
	} else {
		m.drawFoot(foot)
	}
	for _, d := range m.dialogs {
		screen.DrawDialog(c, m.styles, d)
	}
	return cursor
}

// crumbSeparator stands between where one is and what leads there.
const crumbSeparator = " / "

// fitCrumbs makes crumbs fit into so many columns: those in the middle give way to an ellipsis, from the left, and then the
// middle of the last one does.
func fitCrumbs(crumbs []string, width int) []string {
	taken := func(c []string) int { return canvas.Width(strings.Join(c, crumbSeparator)) }
	fit := crumbs
	for from := 2; from < len(crumbs) && taken(fit) > width; from++ {
		fit = append([]string{crumbs[0], "…"}, crumbs[from:]...)
	}
	over := taken(fit) - width
	if over <= 0 || len(crumbs) == 0 {
		return fit
	}
	last := crumbs[len(crumbs)-1]
	const least = 16 // columns of the last one, before the others are left out
	if canvas.Width(last)-over < least {
		fit, over = []string{last}, max(0, canvas.Width(last)-width)
	}
	fit = slices.Clone(fit)
	fit[len(fit)-1] = canvas.Middle(last, canvas.Width(last)-over)
	return fit
}

// drawTitle says where the user is, and how it goes there.
func (m *Model) drawTitle(c *canvas.Canvas) {
	r := m.top()
	if r == nil {
		return
	}
	s, p := m.styles, r.screen.Place()
	right := c.Width() - 1
	if p.State.Text != "" {
		text := p.State.Health.Glyph() + " " + p.State.Text
		text = canvas.Truncate(text, max(c.Width()/2, right-canvas.Width(strings.Join(p.Crumbs, crumbSeparator))-3))
		right = c.Right(right, 0, p.State.Health.Style(s), text) - 2
	}
	left := c.Cut(0, 0, right, 1)
	x := 1
	crumbs := fitCrumbs(p.Crumbs, right-x)
	for i, crumb := range crumbs {
		style := s.Muted
		if i == len(crumbs)-1 {
			style = s.Title
		}
		if i > 0 {
			x = left.Text(x, 0, s.Rule, crumbSeparator)
		}
		x = left.Text(x, 0, style, crumb)
	}
	left.Text(x+2, 0, s.Muted, fitNote(p.Note, right-x-2))
}

// fitNote makes a note fit into so many columns; one of which too little would be left to be read goes.
func fitNote(note string, width int) string {
	const least = 12
	note = canvas.Parts(note, width)
	if strings.HasSuffix(note, "…") && width < least {
		return ""
	}
	return note
}
