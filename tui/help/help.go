// Package help shows the keys of a screen, from the same tables that the keys work by.
package help

import (
	"fmt"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// Module registers the help screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Help",
		Routes: []screen.Route{screen.To(open)},
		Keys:   map[string]key.Table{"Help": pager.Keys()},
	}
}

type view struct {
	scope *screen.Scope
	of    string
	table key.Table
	pager pager.Pager
	width int
}

var (
	_ screen.Screen   = (*view)(nil)
	_ screen.Filterer = (*view)(nil)
	_ screen.Pointer  = (*view)(nil)
)

func open(s *screen.Scope, r screen.Help) (screen.Screen, error) {
	return &view{scope: s, of: r.Of, table: r.Table}, nil
}

func (v *view) Place() screen.Place {
	return screen.Place{Crumbs: []string{v.of, "keys"}, Note: "command line: any resource, e.g. :deploy, :po kube-system, :svc /web"}
}

func (v *view) Keys() key.Table { return pager.Keys() }

func (v *view) Do(a key.Action) { v.pager.Do(a) }

func (v *view) Filter(text string) error {
	v.pager.Search(text)
	return nil
}

func (v *view) FilterText() string { return v.pager.Query() }

func (v *view) Click(int, int) {}

func (v *view) Wheel(lines int) { v.pager.Scroll(lines) }

func (v *view) Draw(c *canvas.Canvas) {
	if v.width != c.Width() {
		v.width = c.Width()
		v.pager.SetLines(v.layout(c.Width() - 2))
	}
	v.pager.Draw(c.Cut(1, 1, c.Width()-1, c.Height()-1), v.scope.Styles())
}

// columnWidth is what a binding takes at least.
const columnWidth = 58

// layout sets the groups in as many columns as there is room for, all of about the same length: a group that goes on in the next
// column has its heading there too.
func (v *view) layout(width int) []pager.Line {
	n := max(1, width/columnWidth)
	each := width / n
	total := 0
	for _, group := range groups(v.table) {
		total += len(group.lines(each))
	}
	columns, at, long := make([][]pager.Line, n), 0, (total+n-1)/n
	for _, group := range groups(v.table) {
		lines := group.lines(each)
		for room := long - len(columns[at]); at < n-1 && room < len(lines); room = long {
			const few = 5 // lines of a group that are not torn from the rest
			if split := group.before(each, room); split >= few && len(lines)-split >= few {
				columns[at] = append(columns[at], lines[:split]...)
				lines = append([]pager.Line{lines[0]}, lines[split:]...)
			} else if room > len(lines)/2 {
				break
			}
			at++
		}
		columns[at] = append(columns[at], lines...)
	}
	var out []pager.Line
	for row := 0; ; row++ {
		var line pager.Line
		some := false
		for i, col := range columns {
			if row < len(col) {
				some = true
				line = append(line, col[row]...)
				if i < n-1 {
					line = append(line, pager.Span{Text: fmt.Sprintf("%*s", max(0, each-canvas.Width(col[row].String())), "")})
				}
			} else {
				line = append(line, pager.Span{Text: fmt.Sprintf("%*s", each, "")})
			}
		}
		if !some {
			return out
		}
		out = append(out, line)
	}
}

type group struct {
	name     string
	bindings []key.Binding
}

func groups(t key.Table) []*group {
	var out []*group
	byName := map[string]*group{}
	for _, b := range t {
		if b.Disabled {
			continue
		}
		g, ok := byName[b.Group]
		if !ok {
			g = &group{name: b.Group}
			byName[b.Group] = g
			out = append(out, g)
		}
		g.bindings = append(g.bindings, b)
	}
	return out
}

const keysWidth = 18

// text is what a binding does, in lines.
func text(b key.Binding, width int) []string { return canvas.Wrap(b.Help, max(10, width-keysWidth-4)) }

// before is how many of a group's lines, whole bindings of them, go into so many.
func (g *group) before(width, room int) int {
	n := 1
	for _, b := range g.bindings {
		if n+len(text(b, width)) > room {
			break
		}
		n += len(text(b, width))
	}
	return n
}

func (g *group) lines(width int) []pager.Line {
	lines := []pager.Line{pager.Plain(g.name, pager.Heading)}
	for _, b := range g.bindings {
		for i, l := range text(b, width) {
			names := ""
			if i == 0 {
				names = b.Names()
			}
			lines = append(lines, pager.Line{
				{Text: "  " + names, Ink: pager.Key},
				{Text: fmt.Sprintf("%*s", max(1, keysWidth-canvas.Width(names)), "")},
				{Text: l},
			})
		}
	}
	return append(lines, pager.Line{})
}
