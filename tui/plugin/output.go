package plugin

import (
	"strings"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// Output shows what a plugin has said.
type Output struct{ Name, Text string }

// Module registers the screen of what plugins say.
func Module() screen.Module {
	return screen.Module{
		Name:   "Plugins",
		Routes: []screen.Route{screen.To(openOutput)},
		Keys:   map[string]key.Table{"Plugin output": keys()},
	}
}

const actCopy key.Action = "copy"

func keys() key.Table {
	return append(key.Table{{Action: actCopy, Keys: []string{"c"}, Hint: "copy", Help: "copy the text", Group: "Mark and copy"}}, pager.Keys()...)
}

type output struct {
	scope *screen.Scope
	Output
	pager pager.Pager
}

var (
	_ screen.Screen   = (*output)(nil)
	_ screen.Filterer = (*output)(nil)
	_ screen.Pointer  = (*output)(nil)
)

func openOutput(s *screen.Scope, r Output) (screen.Screen, error) {
	v := &output{scope: s, Output: r}
	var lines []pager.Line
	for l := range strings.SplitSeq(r.Text, "\n") {
		lines = append(lines, pager.Plain(l, pager.Text))
	}
	v.pager.SetLines(lines)
	return v, nil
}

func (v *output) Place() screen.Place {
	return screen.Place{Crumbs: []string{"plugin", v.Name}}
}

func (v *output) Keys() key.Table { return keys() }

func (v *output) Do(a key.Action) {
	if a == actCopy {
		v.scope.Copy(v.Text)
		v.scope.Say(screen.Good, "copied")
		return
	}
	v.pager.Do(a)
}

func (v *output) Filter(text string) error {
	v.pager.Search(text)
	return nil
}

func (v *output) FilterText() string { return v.pager.Query() }
func (v *output) Click(int, int)     {}
func (v *output) Wheel(lines int)    { v.pager.Scroll(lines) }
func (v *output) Draw(c *canvas.Canvas) {
	v.pager.Draw(c.Cut(1, 1, c.Width()-1, c.Height()-1), v.scope.Styles())
}
