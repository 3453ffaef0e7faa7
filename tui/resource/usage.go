package resource

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/usage"
)

// followUsage gives Pods and nodes columns for what they use, as soon as the cluster tells and as long as it does.
func (v *view) followUsage() {
	pod, node := v.is("", "pods"), v.is("", "nodes")
	if !pod && !node {
		return
	}
	l := usage.Watch(v.scope.Context(), v.scope.Cluster(), usage.Query{Nodes: node, Namespace: v.request.Namespace})
	v.closers = append(v.closers, func() { go l.Close() }) // it waits for a call to end, which can take a while
	v.scope.Live(l.Changed(), func() { v.showUsage(l.Snapshot(), node) })
}

// showUsage takes new numbers.
func (v *view) showUsage(s *usage.Snapshot, node bool) {
	sorted := v.columnIndex(v.order.column) >= len(v.snap.Columns) // by one of these columns
	had := len(v.extra)
	v.extra = nil
	if s.Served {
		v.extra = usageColumns(s, node)
	}
	if len(v.extra) != had {
		v.columns = nil
		v.layout()
	}
	if sorted || v.filter.text != "" || len(v.extra) != had {
		v.arrange()
		v.place()
	}
}

// usageColumns are k9s's columns: CPU and memory, and what part of the request and of the limit that is; of a node, of what
// can be allocated on it.
func usageColumns(s *usage.Snapshot, node bool) []extra {
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
	cpu := column("CPU", 0, 6, func(u usage.Use) livetable.Cell {
		return livetable.Cell{Text: usage.CPU(u.Used.CPU), Value: u.Used.CPU}
	})
	memory := column("MEM", 0, 7, func(u usage.Use) livetable.Cell {
		return livetable.Cell{Text: usage.Memory(u.Used.Memory), Value: u.Used.Memory}
	})
	if node {
		return []extra{
			cpu, column("%CPU", 0, 4, func(u usage.Use) livetable.Cell { return percent(u.Used.CPU, u.Limit.CPU) }),
			memory, column("%MEM", 0, 4, func(u usage.Use) livetable.Cell { return percent(u.Used.Memory, u.Limit.Memory) }),
		}
	}
	return []extra{
		cpu,
		column("%CPU/R", 1, 6, func(u usage.Use) livetable.Cell { return percent(u.Used.CPU, u.Request.CPU) }),
		column("%CPU/L", 1, 6, func(u usage.Use) livetable.Cell { return percent(u.Used.CPU, u.Limit.CPU) }),
		memory,
		column("%MEM/R", 1, 6, func(u usage.Use) livetable.Cell { return percent(u.Used.Memory, u.Request.Memory) }),
		column("%MEM/L", 1, 6, func(u usage.Use) livetable.Cell { return percent(u.Used.Memory, u.Limit.Memory) }),
	}
}

// percent is a part of the whole; empty where there is no whole.
func percent(part, whole int64) livetable.Cell {
	if whole <= 0 {
		return livetable.Cell{Text: "-"}
	}
	n := part * 100 / whole
	return livetable.Cell{Text: fmt.Sprintf("%d%%", n), Value: n}
}
