package resource

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/usage"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
)

// followUsage gives Pods and nodes columns for what they use, as soon as the cluster tells and as long as it does.
func (v *view) followUsage() {
	pod, node := v.is("", "pods"), v.is("", "nodes")
	if !pod && !node {
		return
	}
	l := usage.Watch(v.scope.Context(), v.scope.Cluster(), usage.Query{Nodes: node, Namespace: v.request.Namespace})
	v.awaits = true
	v.closers = append(v.closers, func() { go l.Close() }) // it waits for a call to end, which can take a while
	v.scope.Live(l.Changed(), func() { v.showUsage(l.Snapshot(), node) })
}

// showUsage takes new numbers.
func (v *view) showUsage(s *usage.Snapshot, node bool) {
	sorted := v.columnIndex(v.order.column) >= len(v.snap.Columns) // by one of these columns
	had := len(v.extra)
	v.extra = nil
	if s.Served {
		v.extra = usageColumns(s, node, v.session.Config().Thresholds)
	}
	if len(v.extra) != had {
		v.columns = nil
		v.layout()
	}
	if v.awaits {
		v.awaits = false
		v.refilter()
	}
	if sorted || v.filter.text != "" || len(v.extra) != had {
		v.arrange()
		v.place()
	}
}

// usageColumns are k9s's columns: CPU and memory, and what part of the request and of the limit that is; of a node, of what
// can be allocated on it.
//
// Of what there is an end to, a limit or a node, the column says by glyph and colour when the end is near.
func usageColumns(s *usage.Snapshot, node bool, near config.Thresholds) []extra {
	use := func(r *livetable.Row) (usage.Use, bool) {
		u, ok := s.Of[types.NamespacedName{Namespace: r.Namespace, Name: r.Name}]
		return u, ok
	}
	column := func(name string, priority int32, width int, of func(usage.Use) livetable.Cell) extra {
		return extra{Column: livetable.Column{Name: name, Type: "integer", Priority: priority}, width: width, of: func(r *livetable.Row) livetable.Cell {
			if u, ok := use(r); ok {
				return of(u)
			}
			return livetable.Cell{}
		}}
	}
	part := func(name string, priority int32, levels config.Levels, of func(usage.Use) (part, whole int64)) extra {
		e := column(name, priority, 5, func(u usage.Use) livetable.Cell {
			a, b := of(u)
			return mark(percent(a, b), levels)
		})
		e.health = func(r *livetable.Row) screen.Health { return level(e.of(r), levels) }
		return e
	}
	cpu := column("CPU", 0, 5, func(u usage.Use) livetable.Cell {
		return livetable.Cell{Text: usage.CPU(u.Used.CPU), Value: u.Used.CPU}
	})
	memory := column("MEM", 0, 6, func(u usage.Use) livetable.Cell {
		return livetable.Cell{Text: usage.Memory(u.Used.Memory), Value: u.Used.Memory}
	})
	if node {
		return []extra{
			cpu, part("%CPU", 0, near.CPU, func(u usage.Use) (int64, int64) { return u.Used.CPU, u.Limit.CPU }),
			memory, part("%MEM", 0, near.Memory, func(u usage.Use) (int64, int64) { return u.Used.Memory, u.Limit.Memory }),
		}
	}
	return []extra{
		cpu,
		column("%CPU/R", 1, 6, func(u usage.Use) livetable.Cell { return percent(u.Used.CPU, u.Request.CPU) }),
		part("%CPU/L", 1, near.CPU, func(u usage.Use) (int64, int64) { return u.Used.CPU, u.Limit.CPU }),
		memory,
		column("%MEM/R", 1, 6, func(u usage.Use) livetable.Cell { return percent(u.Used.Memory, u.Request.Memory) }),
		part("%MEM/L", 1, near.Memory, func(u usage.Use) (int64, int64) { return u.Used.Memory, u.Limit.Memory }),
	}
}

// level is the health that a percentage means.
func level(c livetable.Cell, l config.Levels) screen.Health {
	n, ok := c.Value.(int64)
	switch {
	case !ok:
		return screen.Unknown
	case n >= int64(l.Critical):
		return screen.Bad
	case n >= int64(l.Warn):
		return screen.Poor
	}
	return screen.Good
}

// mark puts a glyph before a percentage that is past a threshold.
func mark(c livetable.Cell, l config.Levels) livetable.Cell {
	if h := level(c, l); h >= screen.Poor {
		c.Text = h.Glyph() + c.Text
	}
	return c
}

// percent is a part of the whole; empty where there is no whole.
func percent(part, whole int64) livetable.Cell {
	if whole <= 0 {
		return livetable.Cell{Text: "-"}
	}
	n := part * 100 / whole
	return livetable.Cell{Text: fmt.Sprintf("%d%%", n), Value: n}
}
