// Package manifest applies manifests: the objects of a file or a directory, each with the diff of what applying it would change, as the
// server's dry run answers, and then what came of it.
package manifest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Show is the request for the screen of a manifest.
type Show struct {
	Path string
	// Namespace is for objects that name none.
	Namespace string
}

// Module registers the screen and its commands.
func Module() screen.Module {
	show := func(s *screen.Scope, path string) (screen.Request, error) {
		if path == "" {
			return nil, errors.New("name a file or a directory: apply web.yaml")
		}
		ns := session.Of(s).Namespace
		if ns == "" {
			ns = "default"
		}
		return Show{Path: home(path), Namespace: ns}, nil
	}
	return screen.Module{
		Name:   "Manifest",
		Routes: []screen.Route{screen.To(open)},
		Commands: []screen.Command{
			{Names: []string{"apply"}, Help: "apply a manifest, or those of a directory, after a preview: apply PATH", Run: show},
			{Names: []string{"diff"}, Help: "what applying a manifest would change: diff PATH", Run: show},
			{Names: []string{"create", "new"}, Help: "a new object of a kind, from a template in your editor: create KIND [NAME]", Run: create},
		},
		Keys: map[string]key.Table{"Manifest": keys()},
	}
}

// home is a path with ~ resolved, as shells do.
func home(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	return p
}

const (
	readTimeout  = time.Minute
	applyTimeout = 2 * time.Minute
)

const (
	actApply  key.Action = "apply"
	actEdit   key.Action = "edit"
	actReload key.Action = "reload"
	actDown   key.Action = "down"
	actUp     key.Action = "up"
	actMore   key.Action = "diff.down"
	actLess   key.Action = "diff.up"
)

func keys() key.Table {
	return key.Table{
		{Action: actApply, Keys: []string{"a"}, Hint: "apply", Help: "apply all of them", Group: "Change", Changes: true},
		{Action: actEdit, Keys: []string{"e"}, Hint: "edit", Help: "edit the file of this object, and look again", Group: "Do"},
		{Action: actReload, Keys: []string{"r"}, Hint: "look again", Help: "read the files and ask the server again", Group: "Do"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actMore, Keys: []string{"ctrl+f", "pgdown", "space"}, Help: "further in the diff", Group: "Move"},
		{Action: actLess, Keys: []string{"ctrl+b", "pgup"}, Help: "back in the diff", Group: "Move"},
	}
}

// row is an object of the manifest.
type row struct {
	edit.Item
	file string
	// done says that it was applied from here; err why it could not be.
	done bool
	err  error
}

type view struct {
	scope   *screen.Scope
	request Show
	rows    []row
	at      int
	reading bool
	busy    bool // it is being applied
	err     error
	pager   pager.Pager
}

var (
	_ screen.Screen  = (*view)(nil)
	_ screen.Pointer = (*view)(nil)
)

func open(s *screen.Scope, r Show) (screen.Screen, error) {
	v := &view{scope: s, request: r}
	v.read()
	return v, nil
}

// read reads the files and plans each object.
func (v *view) read() {
	if v.reading || v.busy {
		return
	}
	v.reading = true
	c, r := v.scope.Cluster(), v.request
	screen.Call(v.scope, "plan: apply "+r.Path, readTimeout, func(ctx context.Context) ([]row, error) { return plan(ctx, c, r) },
		func(rows []row, err error) {
			v.reading, v.err = false, err
			for i := range rows { // what came of it stays to be seen
				for _, old := range v.rows {
					if old.Ref.String() == rows[i].Ref.String() && old.Ref.Namespace == rows[i].Ref.Namespace && errors.Is(rows[i].Err, change.ErrNothingToDo) {
						rows[i].done = old.done
					}
				}
			}
			v.rows = rows
			v.move(0)
		})
}

func plan(ctx context.Context, c *cluster.Cluster, r Show) ([]row, error) {
	files, err := edit.Read(r.Path)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, f := range files {
		items, err := edit.Apply(ctx, c, r.Namespace, f.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		for _, i := range items {
			rows = append(rows, row{Item: i, file: f.Name})
		}
	}
	return rows, nil
}

// apply applies what has a plan, in order, and then plans anew: what waited for a namespace or a kind of the same manifest can be
// planned then.
func (v *view) apply() {
	var todo []int
	verbs := map[string]int{}
	for i := range v.rows {
		if p := v.rows[i].Plan; p != nil && v.rows[i].Err == nil && !v.rows[i].done {
			todo = append(todo, i)
			verbs[p.Verb]++
		}
	}
	if len(todo) == 0 {
		v.scope.Say(screen.Idle, "nothing is to be applied")
		return
	}
	v.scope.Ask(dialog.NewConfirm(v.scope, dialog.Confirm{
		Title: "Apply " + v.request.Path, Accept: "Apply",
		Text: fmt.Sprintf("%d objects are created and %d changed, as the diffs show. Each can be taken back from the list of changes (D).", verbs["create"], verbs["update"]),
		Then: func() { v.run(todo) },
	}))
}

func (v *view) run(todo []int) {
	v.busy = true
	door := changes.Door(v.scope)
	plans := make([]*change.Plan, len(todo))
	for i, n := range todo {
		plans[i] = v.rows[n].Plan
	}
	screen.Call(v.scope, "apply "+v.request.Path, applyTimeout, func(ctx context.Context) ([]error, error) {
		errs := make([]error, len(plans))
		for i, p := range plans {
			_, errs[i] = door.Apply(ctx, p)
		}
		return errs, ctx.Err()
	}, func(errs []error, err error) {
		v.busy = false
		if err != nil {
			v.scope.Fail(err)
		}
		failed := 0
		for i, n := range todo {
			v.rows[n].err, v.rows[n].done = errs[i], errs[i] == nil
			if errs[i] != nil {
				failed++
			}
		}
		if failed > 0 {
			v.scope.Fail(fmt.Errorf("%d of %d could not be applied", failed, len(todo)))
			v.move(0)
			return
		}
		v.scope.Say(screen.Good, fmt.Sprintf("%d objects applied   (D lists them, with undo)", len(todo)))
		v.read()
	})
}

func (v *view) move(by int) {
	v.at = max(0, min(v.at+by, len(v.rows)-1))
	v.pager = pager.Pager{}
	v.pager.Wrap(true)
	if len(v.rows) == 0 {
		return
	}
	r := &v.rows[v.at]
	var lines []pager.Line
	_, _, text := r.state()
	switch {
	case r.err != nil:
		lines = append(lines, pager.Plain(r.err.Error(), pager.Error), pager.Line{})
	case r.Err != nil && !errors.Is(r.Err, change.ErrNothingToDo):
		lines = append(lines, pager.Plain(r.Err.Error(), pager.Error), pager.Line{})
	case r.Plan == nil:
		lines = append(lines, pager.Plain(text, pager.Muted))
	}
	if r.Plan != nil {
		lines = append(lines, changes.PlanLines(r.Plan)...)
	}
	v.pager.SetLines(lines)
}

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
	p := screen.Place{Crumbs: []string{"apply", v.request.Path}}
	counts := map[string]int{}
	var words []string
	for i := range v.rows {
		_, word, _ := v.rows[i].state()
		if counts[word]++; counts[word] == 1 {
			words = append(words, word)
		}
	}
	for i, w := range words {
		words[i] = fmt.Sprintf("%d %s", counts[w], w)
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

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys() }

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	switch a {
	case actApply:
		if !v.reading && !v.busy {
			v.apply()
		}
	case actEdit:
		file := v.request.Path
		if v.at < len(v.rows) {
			file = v.rows[v.at].file
		}
		changes.InEditor(v.scope, file, func(err error) {
			if err != nil {
				v.scope.Fail(err)
			}
			v.read()
		})
	case actReload:
		v.read()
	case actDown:
		v.move(1)
	case actUp:
		v.move(-1)
	case actMore:
		v.pager.Scroll(10)
	case actLess:
		v.pager.Scroll(-10)
	}
}

// Click implements screen.Pointer.
func (v *view) Click(_, y int) {
	if y < len(v.rows) {
		v.move(y - v.at)
	}
}

// Wheel implements screen.Pointer.
func (v *view) Wheel(lines int) { v.pager.Scroll(lines) }

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
