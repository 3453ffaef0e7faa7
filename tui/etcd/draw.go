package etcd

import (
	"time"

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

var _ screen.Pointer = (*tree)(nil)
