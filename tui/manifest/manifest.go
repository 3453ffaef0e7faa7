// Package manifest applies manifests: the objects of files, of a directory, of a kustomization or of a URL, each with the diff of what applying it would change, as the
// server's dry run answers, and then what came of it.
package manifest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/dialog"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/screen"
)

// Show is the request for the screen of a manifest.
type Show struct {
	edit.Source
	edit.ApplyOptions
	// Text is the manifest itself, where it is in no file: then Path only names it.
	Text string
}

// Module registers the screen and its commands.
func Module() screen.Module {
	return screen.Module{
		Name:   "Manifest",
		Routes: []screen.Route{screen.To(open)},
		Commands: []screen.Command{
			{Names: []string{"apply", "dir"}, Help: "apply manifests, after a preview: apply PATH or URL; kubectl's -R, -k, --server-side, --force-conflicts", Complete: complete, Run: show},
			{Names: []string{"diff"}, Help: "what applying manifests would change: diff PATH or URL, with the same flags", Complete: complete, Run: show},
			{Names: []string{"create", "new"}, Help: "a new object of a kind, from a template in your editor: create KIND [NAME]", Complete: kinds, Run: create},
		},
		Keys: map[string]key.Table{"Manifest": keys()},
	}
}

const (
	readTimeout  = time.Minute
	applyTimeout = 2 * time.Minute
)

const (
	actApply  key.Action = "apply"
	actEdit   key.Action = "edit"
	actDelete key.Action = "delete"
	actReload key.Action = "reload"
	actDown   key.Action = "down"
	actUp     key.Action = "up"
	actMore   key.Action = "diff.down"
	actLess   key.Action = "diff.up"
)

func keys() key.Table {
	return key.Table{
		{Action: actApply, Keys: []string{"a"}, Hint: "apply", Help: "apply all of them", Group: "Change", Changes: true},
		{Action: actDelete, Keys: []string{"ctrl+d"}, Help: "delete those of the objects that exist, the last first", Group: "Change", Changes: true},
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
	// built says that kustomize made it: file is the kustomization.
	built bool
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
	files, err := read(ctx, r)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, f := range files {
		items, err := edit.Apply(ctx, c, r.ApplyOptions, f.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		for _, i := range items {
			rows = append(rows, row{Item: i, file: f.Name, built: f.Built})
		}
	}
	return rows, nil
}

func read(ctx context.Context, r Show) ([]edit.File, error) {
	if r.Text != "" {
		return []edit.File{{Name: r.Path, Text: []byte(r.Text)}}, nil
	}
	return edit.Read(ctx, r.Source)
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
		Text: toApply(verbs["create"], verbs["update"]) + ", as the diffs show. U takes them back, and the list of changes (D) each alone.",
		Then: func() { v.run(todo) },
	}))
}

// toApply is what applying does, in words: 2 objects will be created and 1 changed.
func toApply(created, changed int) string {
	switch {
	case changed == 0:
		return screen.Count(int64(created), "object") + " will be created"
	case created == 0:
		return screen.Count(int64(changed), "object") + " will be changed"
	}
	return fmt.Sprintf("%s will be created and %d changed", screen.Count(int64(created), "object"), changed)
}

func (v *view) run(todo []int) {
	v.busy = true
	door := changes.Door(v.scope)
	plans := make([]*change.Plan, len(todo))
	for i, n := range todo {
		plans[i] = v.rows[n].Plan
	}
	change.Together(plans...)
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
		v.scope.Say(screen.Good, fmt.Sprintf("%d objects applied   (U takes them back)", len(todo)))
		v.read()
	})
}

// delete proposes to delete the objects that exist, in the reverse order of the manifest.
func (v *view) delete() {
	var objects []screen.Object
	for _, r := range slices.Backward(v.rows) {
		ref := r.Ref
		switch {
		case r.Plan != nil && r.Plan.Before != nil:
			ref = r.Plan.Ref
		case !errors.Is(r.Err, change.ErrNothingToDo):
			continue
		}
		objects = append(objects, screen.Object{Resource: ref.Resource, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name, UID: ref.UID})
	}
	if len(objects) == 0 {
		v.scope.Say(screen.Idle, "none of these objects exists")
		return
	}
	changes.DeleteThen(v.scope, objects, func() {
		v.rows = nil // what was applied is so no longer
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

// Keys implements screen.Screen.
func (v *view) Keys() key.Table { return keys().With(v.request.Text == "", actEdit) }

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
		if strings.Contains(file, "://") {
			v.scope.Say(screen.Idle, "it is at a URL: save it to a file to edit it")
			return
		}
		changes.InEditor(v.scope, file, func(err error) {
			if err != nil {
				v.scope.Fail(err)
			}
			v.read()
		})
	case actDelete:
		v.delete()
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
