package home

import (
	"slices"
	"strings"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
)

// podTable reads the rows of Pods: there may be tens of thousands, so its columns are looked for once.
type podTable struct {
	*livetable.Snapshot
	ready, status, node, restarts int
}

func (v *view) pods() podTable {
	s := v.from.pods.Snapshot()
	at := func(name string) int {
		return slices.IndexFunc(s.Columns, func(c livetable.Column) bool { return strings.EqualFold(c.Name, name) })
	}
	return podTable{s, at("Ready"), at("Status"), at("Node"), at("Restarts")}
}

// text is a row's text in a column; empty where there is none.
func (podTable) text(r *livetable.Row, column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column].Text
}

func (t podTable) health(r *livetable.Row) screen.Health {
	if r.Deleting {
		return screen.Busy
	}
	switch status := t.text(r, t.status); {
	case status == "Running":
		if have, want, ok := strings.Cut(t.text(r, t.ready), "/"); ok && have != want {
			return screen.Poor
		}
		return screen.Good
	case status == "Completed" || status == "Succeeded":
		return screen.Idle
	case status == "Pending" || strings.HasPrefix(status, "ContainerCreating") || strings.HasPrefix(status, "PodInit") || strings.HasPrefix(status, "Init:"):
		return screen.Busy
	default:
		return screen.Bad
	}
}
