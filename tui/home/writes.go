package home

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
	"github.com/podarium/podarium/tui/activity"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// maxActivity bounds what is laid out.
const maxActivity = 20

func (v *view) writers(s *activity.Snapshot) group {
	g := group{title: titleWriters, note: "last 60 s", empty: "nothing in the last minute"}
	if s.Sampled {
		g.note += "   a sample"
	}
	for _, r := range s.Writers[:min(len(s.Writers), maxActivity)] {
		it := activityItem("writer/", r)
		if v.scope.Handles(access.Changes{}) {
			it.open = access.Changes{Prefixes: []string{access.Root(v.scope)}}
		}
		g.items = append(g.items, it)
	}
	return g
}

func (v *view) written(s *activity.Snapshot) group {
	g := group{title: titleWritten, note: "last 60 s", empty: "nothing in the last minute"}
	for _, r := range s.Resources[:min(len(s.Resources), maxActivity)] {
		it := activityItem("resource/", r)
		it.name = shortKind(session.Of(v.scope), r.Name)
		if k, ok := session.Of(v.scope).Find(r.Resource.String()); ok {
			it.open = screen.Resources{Resource: k.Resource}
		}
		g.items = append(g.items, it)
	}
	return g
}

func activityItem(prefix string, r activity.Row) item {
	return item{id: prefix + r.Name, name: strings.TrimPrefix(r.Name, "kube-"), word: fmt.Sprintf("%.1f/s", float64(r.Sum)/activity.Seconds), spark: slices.Clone(r.Counts[:])}
}

// lately are the last writes to objects, those of one kind to one object as one, each with the way to its key: also what is gone
// has a history there.
func (v *view) lately(s *activity.Snapshot) group {
	g := group{title: titleLately, empty: "nothing yet"}
	signs := map[etcdview.EventType]string{etcdview.Create: "+", etcdview.Put: "~", etcdview.Delete: "-"}
	type write struct {
		typ    etcdview.EventType
		object registry.Object
	}
	times := map[write]int{}
	for _, w := range s.Lately {
		times[write{w.Type, w.Object}]++
	}
	kinds := session.Of(v.scope)
	for _, w := range s.Lately {
		same := write{w.Type, w.Object}
		n := times[same]
		if n == 0 {
			continue // told already
		}
		times[same] = 0
		it := item{
			id: fmt.Sprint("lately/", w.Revision), health: screen.Good, mark: signs[w.Type], name: shortKind(kinds, w.Object.Resource) + "/" + w.Object.Name,
			word: duration.HumanDuration(v.scope.Now().Sub(w.At)),
		}
		var told []string
		if n > 1 {
			told = append(told, fmt.Sprintf("×%d", n))
		}
		for _, text := range []string{strings.TrimPrefix(w.Writer, "kube-"), w.Object.Namespace} {
			if text != "" {
				told = append(told, text)
			}
		}
		it.detail = strings.Join(told, "  ")
		if k, ok := kinds.Find(w.Object.GroupResource.String()); ok && v.scope.Handles(screen.EtcdKey{}) {
			it.open = screen.EtcdKey{Object: screen.Object{Resource: k.Resource, Kind: k.Kind, Namespace: w.Object.Namespace, Name: w.Object.Name}}
		}
		g.items = append(g.items, it)
	}
	return g
}
