package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/screen"
)

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	p := screen.Place{Crumbs: []string{v.kind.Resource.Resource}}
	if v.spec != nil {
		p.Crumbs = append(slices.Clone(v.spec.Crumbs), v.spec.Name)
	}
	if v.kind.Namespaced {
		p.Crumbs = append([]string{v.session.Label(v.request.Namespace)}, p.Crumbs...)
	}
	if v.request.Of != "" {
		p.Crumbs = append(p.Crumbs, v.request.Of)
	} else if l := v.request.LabelSelector; l != "" {
		p.Crumbs = append(p.Crumbs, l)
	}
	p.Note = v.count()
	p.State = v.state()
	v.face.note, v.face.state = p.Note, p.State // the title line is drawn also where there is no room for the table
	return p
}

func (v *view) state() screen.State {
	switch {
	case v.snap.Err != nil:
		return screen.Failure(v.snap.Err)
	case !v.snap.Synced:
		return screen.State{Health: screen.Busy, Text: "loading"}
	case v.faults > 0:
		return screen.State{Health: screen.Poor, Text: fmt.Sprintf("%d not well", v.faults)}
	case v.moving > 0:
		return screen.State{Health: screen.Busy, Text: fmt.Sprintf("%d in progress", v.moving)}
	case v.gauge.knows() && len(v.snap.Rows) > 0:
		return screen.State{Health: screen.Good, Text: "all well"}
	}
	return screen.State{}
}

func (v *view) count() string {
	var notes []string
	if all, seen := len(v.snap.Rows), len(v.rows); seen != all || v.filter.text != "" {
		notes = append(notes, fmt.Sprintf("%d of %d", seen, all))
	} else if v.snap.Synced || all > 0 {
		notes = append(notes, fmt.Sprintf("%d", all))
	}
	if v.filter.text != "" {
		notes = append(notes, "/"+v.filter.text)
	}
	if v.onlyFaults {
		notes = append(notes, "faults only")
	}
	if n := len(v.marks); n > 0 {
		notes = append(notes, fmt.Sprintf("%d marked", n))
	}
	return strings.Join(notes, "   ")
}
