package resource

import (
	"slices"
	"strconv"
	"strings"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
)

// gauge knows how it goes with the objects of a table, from the columns that the server sends for them. Kinds without
// such a column have no health.
type gauge struct {
	resource string
	ready    int // index of a column like 2/3; -1 for none
	status   int // index of a column with a word; -1 for none
	updated  int // index of a column with how many of them are of the newest revision; -1 for none
	desired  int // index of a column with how many there should be, where ready is a number alone; -1 for none
	// health knows better than any column, where it is set.
	health func(*livetable.Row) screen.Health
}

func newGauge(resource string, columns []livetable.Column) gauge {
	g := gauge{resource: resource, ready: -1, status: -1, updated: -1, desired: -1}
	for i, c := range columns {
		switch strings.ToUpper(c.Name) {
		case "READY", "COMPLETIONS":
			if g.ready < 0 {
				g.ready = i
			}
		case "DESIRED":
			g.desired = i
		case "UP-TO-DATE":
			g.updated = i
		case "STATUS", "STATE", "PHASE", "TYPE":
			if c.Name == "Type" && resource != "events" {
				continue
			}
			if g.status < 0 {
				g.status = i
			}
		}
	}
	return g
}

// HealthOf tells how it goes with the objects of a kind, from the columns that the server sends for them.
func HealthOf(resource string, columns []livetable.Column) func(*livetable.Row) screen.Health {
	return newGauge(resource, columns).of
}

// Column is where a column stands, in any case; -1 where it does not.
func Column(columns []livetable.Column, name string) int {
	return slices.IndexFunc(columns, func(c livetable.Column) bool { return strings.EqualFold(c.Name, name) })
}

// Text is a row's text in a column, empty where there is none.
func Text(r *livetable.Row, column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column].Text
}

// knows says whether the kind has a health at all.
func (g gauge) knows() bool { return g.ready >= 0 || g.status >= 0 || g.health != nil }

// tells says whether a column is one of those that the health is read from.
func (g gauge) tells(column int) bool { return column == g.ready || column == g.status }

func (g gauge) of(r *livetable.Row) screen.Health {
	if g.health != nil {
		return g.health(r)
	}
	h := screen.Unknown
	if g.status >= 0 && g.status < len(r.Cells) {
		h = word(r.Cells[g.status].Text)
	}
	if g.ready >= 0 && g.desired >= 0 && g.desired < len(r.Cells) && g.ready < len(r.Cells) {
		want := r.Cells[g.desired].Text
		h = fraction(r.Cells[g.ready].Text+"/"+want, g.resource)
		if h == screen.Good && g.updated >= 0 && r.Cells[g.updated].Text != want {
			h = screen.Busy
		}
	} else if g.ready >= 0 && g.ready < len(r.Cells) && (h == screen.Unknown || h == screen.Good) {
		if f := fraction(r.Cells[g.ready].Text, g.resource); f != screen.Unknown {
			h = f
		}
		if _, want, ok := strings.Cut(r.Cells[g.ready].Text, "/"); ok && h == screen.Good && g.updated >= 0 && r.Cells[g.updated].Text != want {
			h = screen.Busy // all are ready, but old ones among them
		}
	}
	if r.Deleting && h != screen.Bad {
		return screen.Busy
	}
	return h
}

// word is the health that a word of a STATUS column means.
func word(s string) screen.Health {
	first, rest, _ := strings.Cut(s, ",")
	switch first {
	case "Running", "Ready", "Active", "Bound", "Available", "Established", "True", "Approved", "deployed":
		if rest != "" { // Ready,SchedulingDisabled
			return screen.Poor
		}
		return screen.Good
	case "Completed", "Succeeded", "Complete", "Normal", "Released", "Suspended", "superseded":
		return screen.Idle
	case "Pending", "ContainerCreating", "PodInitializing", "Terminating", "Progressing", "Unschedulable":
		return screen.Busy
	case "Warning", "NotReady", "Unknown", "SchedulingGated":
		if first == "Warning" || first == "SchedulingGated" {
			return screen.Poor
		}
		return screen.Bad
	case "":
		return screen.Unknown
	}
	if init, ok := strings.CutPrefix(first, "Init:"); ok {
		if strings.Contains(init, "/") {
			return screen.Busy
		}
		return screen.Bad
	}
	for _, bad := range []string{"Error", "BackOff", "Err", "Failed", "OOMKilled", "Evicted", "Lost", "Invalid", "ExitCode", "Signal", "CannotRun", "Denied", "failed"} {
		if strings.Contains(first, bad) {
			return screen.Bad
		}
	}
	return screen.Unknown
}

// fraction is the health that 2/3 means.
func fraction(s, resource string) screen.Health {
	a, b, ok := strings.Cut(s, "/")
	if !ok {
		switch s {
		case "True":
			return screen.Good
		case "False":
			return screen.Bad
		}
		return screen.Unknown
	}
	have, err1 := strconv.Atoi(a)
	want, err2 := strconv.Atoi(b)
	switch {
	case err1 != nil || err2 != nil:
		return screen.Unknown
	case resource == "jobs" && have >= want:
		return screen.Idle
	case want == 0:
		return screen.Idle
	case have >= want:
		return screen.Good
	case resource == "pods":
		return screen.Poor
	default:
		return screen.Busy
	}
}
