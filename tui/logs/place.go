package logs

import (
	"fmt"

	"github.com/podarium/podarium/cluster/livelog"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/screen"
)

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	r := v.request
	p := screen.Place{Crumbs: []string{r.Namespace, r.Resource.Resource, r.Name}}
	if n := len(r.Also); n > 0 {
		p.Crumbs = []string{r.Namespace, r.Resource.Resource, fmt.Sprintf("%s and %d more", r.Name, n)}
	}
	if v.query.Container != "" {
		p.Crumbs = append(p.Crumbs, v.query.Container)
	}
	what, count := "logs", grid.Plural(int64(v.pager.Len()), "line")
	if v.query.Previous {
		what = "logs before the last restart"
	}
	if v.filter != "" { // it is what must be seen where room is short
		what += " /" + v.filter
		if v.all {
			what += " highlighted"
		} else {
			count = fmt.Sprintf("%d of %s", v.text.lines(), grid.Plural(int64(v.text.snap.Len()), "line"))
		}
	}
	p.Note = what + "   " + count
	if n := v.text.snap.Dropped; n > 0 {
		p.Note += fmt.Sprintf(" (%d older ones let go)", n)
	}
	if !v.query.Previous {
		p.Note += "   " + v.span.name
	}
	if v.looking {
		p.Note += fmt.Sprintf("   looked at %d of %d lines", v.text.seen-min(v.text.seen, v.text.snap.Dropped), v.text.snap.Len())
	}
	p.State = v.state()
	return p
}

func (v *view) state() screen.State {
	reading := 0
	for _, src := range v.text.snap.Sources {
		switch src.State {
		case livelog.Reading:
			reading++
		case livelog.Retrying:
			return screen.State{Health: screen.Poor, Text: src.Pod + ": " + src.Message}
		case livelog.Forbidden:
			return screen.State{Health: screen.Bad, Text: src.Pod + ": " + src.Message}
		}
	}
	switch {
	case v.err != nil:
		return screen.State{Health: screen.Bad, Text: v.err.Error()}
	case v.text.snap.Err != nil:
		return screen.Failure(v.text.snap.Err)
	case reading > 0 && v.pager.Following():
		return screen.State{Health: screen.Good, Text: "following " + streams(reading)}
	case reading > 0:
		return screen.State{Health: screen.Idle, Text: "staying, " + streams(reading) + " open"}
	case len(v.text.snap.Sources) == 0 && v.query.Previous && v.text.snap.Synced:
		return screen.State{Health: screen.Idle, Text: "no container was restarted"}
	case len(v.text.snap.Sources) == 0:
		return screen.State{Health: screen.Busy, Text: "no container has started yet"}
	default:
		return screen.State{Health: screen.Idle, Text: "ended"}
	}
}

// none says why there is no line to be seen.
func (v *view) none() string {
	switch n := v.text.snap.Len(); {
	case v.looking:
		return "looking"
	case v.filter != "" && n > 0:
		return "none of " + grid.Plural(int64(n), "line") + " matches (esc shows all)"
	case v.query.Previous && v.text.snap.Synced && len(v.text.snap.Sources) == 0:
		return "no log before this one (p goes back to it)"
	}
	return "no lines"
}
