package manifest

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
)

// state is how it goes with an object: a glyph and a word, and a longer text.
func (r *row) state() (screen.Health, string, string) {
	switch {
	case r.err != nil:
		return screen.Bad, "failed", r.err.Error()
	case r.done && (r.Err == nil || errors.Is(r.Err, change.ErrNothingToDo)):
		return screen.Good, "applied", "It was applied."
	case errors.Is(r.Err, change.ErrNothingToDo):
		return screen.Idle, "unchanged", "It is as the manifest says already."
	case r.Err != nil:
		return screen.Poor, "cannot", r.Err.Error()
	case r.Plan.Verb == "create":
		return screen.Busy, "create", ""
	default:
		return screen.Busy, "change", ""
	}
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: v.request.crumbs(v.rows)}
	counts := map[string]int{}
	var words []string
	for i := range v.rows {
		_, word, _ := v.rows[i].state()
		if counts[word]++; counts[word] == 1 {
			words = append(words, word)
		}
	}
	for i, w := range words {
		if words[i] = fmt.Sprintf("%d %s", counts[w], w); w == "create" || w == "change" {
			words[i] = fmt.Sprintf("%d to %s", counts[w], w)
		}
	}
	p.Note = strings.Join(words, "   ")
	switch {
	case v.err != nil:
		p.State = screen.Failure(v.err)
	case v.reading:
		p.State = screen.State{Health: screen.Busy, Text: "asking the server"}
	case v.busy:
		p.State = screen.State{Health: screen.Busy, Text: "applying"}
	case counts["failed"]+counts["cannot"] > 0:
		p.State = screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d cannot be applied", counts["failed"]+counts["cannot"])}
	case counts["create"]+counts["change"] > 0:
		p.State = screen.State{Health: screen.Busy, Text: "a preview: nothing is done yet"}
	default:
		p.State = screen.State{Health: screen.Good, Text: "as the manifest says"}
	}
	return p
}

// Draw implements screen.Screen: the objects, and below them the diff of the one under the cursor.
func (v *view) Draw(c *canvas.Canvas) {
	s := v.scope.Styles()
	if len(v.rows) == 0 {
		text := "nothing was read yet"
		if v.err != nil {
			text = v.err.Error() + "   r looks again, e edits the file"
		}
		for i, l := range canvas.Wrap(text, c.Width()-4) {
			c.Text(2, 1+i, s.Muted, l)
		}
		return
	}
	shown := min(len(v.rows), max(3, c.Height()/3))
	top := max(0, v.at-shown+1)
	name := 0
	for i := range v.rows {
		name = max(name, canvas.Width(v.rows[i].Ref.String()))
	}
	name = min(name, c.Width()/2)
	for y := 0; y < shown && top+y < len(v.rows); y++ {
		r := &v.rows[top+y]
		health, word, text := r.state()
		c.Text(2, y, health.Style(s), health.Glyph()+" "+word)
		c.Clip(14, y, name, s.Text, r.Ref.String())
		x := c.Text(14+name+2, y, s.Muted, r.Ref.Namespace)
		if text == "" || health == screen.Idle || health == screen.Good {
			text = filepath.Base(r.file)
		}
		c.Clip(x+2, y, c.Width()-x-3, s.Muted, text)
		if top+y == v.at {
			c.Paint(0, y, c.Width(), s.Selection)
			c.Text(0, y, canvas.Style{Fg: s.Key.Fg, Bg: s.Selection.Bg, Attrs: s.Selection.Attrs | s.Key.Attrs}, "▸")
		}
	}
	c.Rule(shown, s.Rule)
	v.pager.Draw(c.Cut(2, shown+1, c.Width()-2, c.Height()-shown-1), s)
}
