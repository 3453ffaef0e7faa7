package home

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/activity"
	"github.com/podarium/podarium/tui/screen"
)

// pulse counts the changes that the tables of the screen see, by kind and second: what there is to show of the activity of a
// cluster whose etcd is out of reach.
type pulse struct {
	seen   map[schema.GroupVersionResource]uint64 // the generation last counted
	counts map[schema.GroupVersionResource]*[activity.Seconds]uint32
	second int64 // that the last count of each stands for
}

// see counts what is new in a table.
func (p *pulse) see(kind schema.GroupVersionResource, s *livetable.Snapshot, now time.Time) {
	if p.counts == nil {
		p.seen, p.counts = map[schema.GroupVersionResource]uint64{}, map[schema.GroupVersionResource]*[activity.Seconds]uint32{}
	}
	p.advance(now)
	if s.Generation == p.seen[kind] {
		return
	}
	p.seen[kind] = s.Generation
	if !s.Incremental { // a list: what is in it did not change just now
		return
	}
	if p.counts[kind] == nil {
		p.counts[kind] = &[activity.Seconds]uint32{}
	}
	p.counts[kind][activity.Seconds-1] += uint32(len(s.Changes))
}

// advance shifts the counts to the second of a time.
func (p *pulse) advance(now time.Time) {
	second := now.Unix()
	by := int(min(second-p.second, activity.Seconds))
	if by <= 0 {
		return
	}
	p.second = second
	for _, c := range p.counts {
		copy(c[:], c[by:])
		clear(c[activity.Seconds-by:])
	}
}

// changing is what changes in a cluster whose etcd is out of reach, the busiest kind first.
func (v *view) changing() group {
	g := group{title: titleChanging, note: "60 s, seen here", empty: "nothing in the last minute"}
	for kind, counts := range v.pulse.counts {
		sum := uint32(0)
		for _, n := range counts {
			sum += n
		}
		if sum > 0 {
			g.items = append(g.items, item{
				id: "changing/" + kind.Resource, name: kind.Resource, word: fmt.Sprintf("%.1f/s", float64(sum)/activity.Seconds),
				spark: slices.Clone(counts[:]), open: screen.Resources{Resource: kind},
			})
		}
	}
	slices.SortFunc(g.items, func(a, b item) int { return strings.Compare(a.id, b.id) })
	return g
}
