package home

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
	"github.com/podarium/podarium/tui/style"
)

// use is what part of a node's CPU and memory is used, in percent.
type use struct{ cpu, memory share }

type share struct {
	percent int64
	health  screen.Health
}

// useOf is nil where it is not known: metrics are not served everywhere, and not at once.
func (v *view) useOf(node string) *use {
	if v.usage == nil {
		return nil
	}
	u, ok := v.usage.Of[types.NamespacedName{Name: node}]
	if !ok || u.Limit.CPU <= 0 || u.Limit.Memory <= 0 {
		return nil
	}
	near := session.Of(v.scope).Config().Thresholds
	return &use{cpu: shareOf(u.Used.CPU, u.Limit.CPU, near.CPU), memory: shareOf(u.Used.Memory, u.Limit.Memory, near.Memory)}
}

func shareOf(part, whole int64, near config.Levels) share {
	s := share{percent: part * 100 / whole, health: screen.Good}
	switch {
	case s.percent >= int64(near.Critical):
		s.health = screen.Bad
	case s.percent >= int64(near.Warn):
		s.health = screen.Poor
	}
	return s
}

// The columns of what nodes use, in groups that are wide enough for them.
const (
	useColumn = 6 // of a percentage, with the glyph of one that is too high
	useWidth  = 2*useColumn + 1
	useFrom   = 44
)

// uses says whether a group has these columns.
func (g *group) uses(width int) bool {
	for i := range g.items {
		if g.items[i].use != nil {
			return width >= useFrom
		}
	}
	return false
}

func drawUseHeads(c *canvas.Canvas, x int, s *style.Styles) {
	c.Right(x+useColumn, 0, s.Muted, "cpu")
	c.Right(x+useWidth, 0, s.Muted, "mem")
}

func (u *use) draw(c *canvas.Canvas, x, y int, s *style.Styles) {
	for _, part := range []share{u.cpu, u.memory} {
		text, ink := fmt.Sprintf("%d%%", part.percent), s.Muted
		if part.health >= screen.Poor {
			text, ink = part.health.Glyph()+text, part.health.Style(s)
		}
		c.Right(x+useColumn, y, ink, text)
		x += useColumn + 1
	}
}
