package canvas

import (
	"slices"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// drawn is what was rendered last. Most frames change a few lines, and to see that two lines are the same costs a tenth of
// writing one with its styles.
type drawn struct {
	lines []drawnLine
	all   string
}

type drawnLine struct {
	cells uv.Line
	text  string
}

func (d *drawn) render(lines []uv.Line) string {
	same := len(lines) == len(d.lines)
	if !same {
		d.lines = make([]drawnLine, len(lines))
	}
	size := 0
	for y, line := range lines {
		l := &d.lines[y]
		if l.cells == nil || !slices.Equal(l.cells, line) {
			l.cells = append(l.cells[:0], line...)
			l.text = uv.Lines{line}.Render()
			same = false
		}
		size += len(l.text) + 1
	}
	if same {
		return d.all
	}
	var b strings.Builder
	b.Grow(size)
	for y := range d.lines {
		if y > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.lines[y].text)
	}
	d.all = b.String()
	return d.all
}
