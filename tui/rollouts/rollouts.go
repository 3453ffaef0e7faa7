// Package rollouts is the screen of one Deployment, StatefulSet or DaemonSet: its revisions and what each of them
// changed, how the rollout goes on as it goes on, what it waits for, and the way back to any revision.
package rollouts

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Module registers the screen.
func Module() screen.Module {
	return screen.Module{
		Name:   "Rollout",
		Routes: []screen.Route{screen.To(open), screen.To(openList)},
		Commands: []screen.Command{
			{Names: []string{"rollout"}, Help: "the rollout of a Deployment: rollout NAME, rollout statefulset/NAME", Run: run},
			{Names: []string{"rollouts"}, Help: "all rollouts at once, in a namespace or in all: rollouts NAMESPACE, rollouts all", Complete: session.Complete, Run: runList},
		},
		Keys: map[string]key.Table{"Rollout": keys(), "Rollouts": listKeys()},
	}
}

// source is where the progress comes from: a rollout.Live, or a fixture.
type source interface {
	Changed() <-chan struct{}
	Snapshot() *rollout.Progress
	Close()
}

type view struct {
	scope  *screen.Scope
	object screen.Object
	source source
	p      *rollout.Progress

	revision int64     // under the cursor; 0 for the current one
	pod      types.UID // under the cursor in the Pods
	inPods   bool
	marked   int64 // the revision that diffs compare with; 0 for what undo would change
	diff     pager.Pager
	diffOf   [2]int64
	pace     pace
	turnover turnover
	// disruptions is the table of disruption budgets; nil where there is none.
	disruptions resource.Source
	did         map[int64]string // what a revision changed, by its number
}

var (
	_ screen.Screen  = (*view)(nil)
	_ screen.Closer  = (*view)(nil)
	_ screen.Subject = (*view)(nil)
	_ screen.Pointer = (*view)(nil)
	_ screen.Ticker  = (*view)(nil)
)

func open(s *screen.Scope, r screen.Rollout) (screen.Screen, error) {
	v := newView(s, r.Object, rollout.Watch(s.Context(), s.Cluster(), changes.Ref(r.Object)))
	v.disruptions = openBudgets(s, r.Namespace)
	s.Live(v.disruptions.Changed(), func() {}) // it is drawn anew
	return v, nil
}

func newView(s *screen.Scope, o screen.Object, src source) *view {
	v := &view{scope: s, object: o, source: src}
	v.refresh()
	s.Live(src.Changed(), v.refresh)
	return v
}

// Close implements screen.Closer. It waits for watches to end, which can take a while.
func (v *view) Close() {
	go v.source.Close()
	if v.disruptions != nil {
		go v.disruptions.Close()
	}
}

// Tick implements screen.Ticker: the turnover goes on also where nothing happens.
func (v *view) Tick() { v.turnover.see(v.p, v.scope.Now()) }

func (v *view) refresh() {
	v.p = v.source.Snapshot()
	v.explain()
	v.pace.see(v.p, v.scope.Now())
	v.turnover.see(v.p, v.scope.Now())
	v.showDiff()
}

// current is the revision that the workload wants now.
func (v *view) current() *rollout.Revision {
	for i := range v.p.Revisions {
		if v.p.Revisions[i].Current {
			return &v.p.Revisions[i]
		}
	}
	if len(v.p.Revisions) > 0 {
		return &v.p.Revisions[0]
	}
	return nil
}

// at is the revision under the cursor, and its place.
func (v *view) at() (*rollout.Revision, int) {
	for i := range v.p.Revisions {
		if v.p.Revisions[i].Number == v.revision {
			return &v.p.Revisions[i], i
		}
	}
	if v.revision != 0 { // it was pruned
		return nil, 0
	}
	for i := range v.p.Revisions {
		if v.p.Revisions[i].Current {
			return &v.p.Revisions[i], i
		}
	}
	if len(v.p.Revisions) > 0 { // what is wanted is no revision yet
		return &v.p.Revisions[0], 0
	}
	return nil, 0
}

// number is a revision by its number, nil where it is not kept.
func (v *view) number(n int64) *rollout.Revision {
	for i := range v.p.Revisions {
		if n != 0 && v.p.Revisions[i].Number == n {
			return &v.p.Revisions[i]
		}
	}
	return nil
}

// mark marks the revision under the cursor, so that the diff compares with it; on the marked one it ends that.
func (v *view) mark() {
	r, _ := v.at()
	switch {
	case r == nil:
		return
	case v.marked == r.Number:
		v.marked = 0
	default:
		v.marked = r.Number
		v.scope.Say(screen.Good, fmt.Sprintf("the diff compares with revision %d: go to another one   (m again: no longer)", r.Number))
	}
	v.showDiff()
}

// showDiff lays out what undo to the revision under the cursor would change; on the current one, what it changed.
func (v *view) showDiff() {
	to, i := v.at()
	from := v.current()
	if to == nil || from == nil {
		v.diffOf = [2]int64{}
		v.diff.SetLines(nil)
		return
	}
	if marked := v.number(v.marked); marked != nil && marked.Number != to.Number {
		from = marked
	} else if to.Number == from.Number {
		from = nil
		if i+1 < len(v.p.Revisions) {
			from = &v.p.Revisions[i+1]
		}
	}
	of := [2]int64{0, to.Number}
	if from != nil {
		of[0] = from.Number
	}
	if of == v.diffOf && v.diff.Len() > 0 {
		return
	}
	v.diffOf = of
	v.diff = pager.Pager{}
	if from == nil {
		v.diff.SetLines([]pager.Line{pager.Plain("the first revision: nothing to compare with", pager.Muted)})
		return
	}
	lines := changes.DiffLines(rollout.DiffTemplates(from.Template, to.Template))
	if len(lines) == 0 {
		lines = []pager.Line{pager.Plain("the templates are equal", pager.Muted)}
	}
	v.diff.SetLines(lines)
	for i, l := range lines { // where room is short, the change is what must be seen
		if text := l.String(); text[0] == '+' || text[0] == '-' {
			v.diff.GoTo(i)
			break
		}
	}
}

// Place implements screen.Screen.
func (v *view) Place() screen.Place {
	o := v.object
	place := screen.Place{Crumbs: []string{o.Namespace, o.Resource.Resource, o.Name}}
	p := v.p
	ready := fmt.Sprintf("%d of %d new ready", newReady(p), p.Desired)
	short := fmt.Sprintf("%d/%d new", newReady(p), p.Desired)
	switch {
	case p.Err != nil:
		place.State = screen.Failure(p.Err)
	case p.Gone:
		place.State = screen.State{Health: screen.Bad, Text: "deleted"}
	case !p.Synced:
		place.State = screen.State{Health: screen.Busy, Text: "reading"}
	case p.Stuck:
		text := "stuck   " + ready
		if len(p.Waiting) > 0 {
			text = "stuck: " + p.Waiting[0].Reason + "   " + short // it must be read whole on a narrow screen
		}
		place.State = screen.State{Health: screen.Bad, Text: text}
	case p.Paused:
		place.State = screen.State{Health: screen.Poor, Text: "paused   " + ready}
	case p.Done:
		place.State = screen.State{Health: screen.Good, Text: fmt.Sprintf("rolled out   %d of %d ready", p.Ready, p.Desired) + v.turnover.words()}
	default:
		text := "rolling out   " + ready
		if end := about(v.pace.left(v.p, v.scope.Now())); end != "" {
			text += "   " + end
		}
		place.State = screen.State{Health: screen.Busy, Text: text}
	}
	return place
}

// Keys implements screen.Screen.
func (v *view) Keys() key.Table {
	t := keys().
		With(v.object.Resource.Resource == "deployments", actPause, actReplicas).
		With(v.object.Resource.Resource != "daemonsets", actScale).
		With(v.scope.Handles(screen.EtcdKey{}), actEtcd).
		With(v.scope.Handles(screen.Logs{}), actLogs)
	if v.p.Paused {
		t = t.Hinted("resume", actPause)
	}
	if to, ok := v.undoTo(); !ok {
		return t.With(false, actUndo)
	} else if to > 0 {
		return t.Hinted(fmt.Sprintf("undo to %d", to), actUndo)
	}
	return t
}

// undoTo is the revision that undo leads to: the one under the cursor, or the newest other one. It is 0 where that is not known any
// more, and there is nothing to undo where ok is false.
func (v *view) undoTo() (to int64, ok bool) {
	r, _ := v.at()
	cur := v.current()
	if r == nil || cur == nil {
		return 0, cur != nil
	}
	if r.Number != cur.Number {
		return r.Number, true
	}
	for _, other := range v.p.Revisions {
		if other.Number != cur.Number {
			to = max(to, other.Number)
		}
	}
	return to, to > 0
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	if v.moves(a) {
		return
	}
	if a == actMark {
		v.mark()
		return
	}
	o, ok := v.Object()
	if !ok {
		v.scope.Say(screen.Poor, "that Pod is gone: choose another")
		return
	}
	switch a {
	case actUndo:
		v.undo()
	case actScale:
		changes.Scale(v.scope, []screen.Object{v.object}, int(v.p.Desired))
	case actImage:
		changes.SetImage(v.scope, []screen.Object{v.object})
	case actRestart:
		changes.Restart(v.scope, []screen.Object{v.object})
	case actPause:
		changes.TogglePause(v.scope, v.object)
	case actDescribe:
		v.scope.Open(screen.Describe{Object: o})
	case actYAML:
		v.scope.Open(screen.YAML{Object: o})
	case actEtcd:
		v.scope.Open(screen.EtcdKey{Object: o})
	case actLogs:
		v.scope.Open(screen.Logs{Object: o})
	case actPods:
		resource.OpenPods(v.scope, v.object)
	case actReplicas:
		owner := v.object
		owner.UID = v.p.Ref.UID // a name that was typed has none
		v.scope.Open(resource.OwnedBy(owner, v.object.Resource.GroupVersion().WithResource("replicasets")))
	case actEnter:
		if !v.inPods {
			v.toPods()
		} else if v.scope.Handles(screen.Containers{}) {
			v.scope.Open(screen.Containers{Object: o})
		} else {
			v.scope.Open(screen.Describe{Object: o})
		}
	}
}

func (v *view) undo() {
	r, _ := v.at()
	if r == nil {
		v.scope.Say(screen.Poor, "that revision is not kept any more: choose another")
		return
	}
	to := r.Number
	if c := v.current(); c != nil && c.Number == to {
		to = 0 // as kubectl: the one before
	}
	changes.UndoRollout(v.scope, v.object, to)
}

// Object implements screen.Subject: the Pod under the cursor, or the workload.
func (v *view) Object() (screen.Object, bool) {
	if !v.inPods {
		return v.object, true
	}
	i := v.podAt()
	if i < 0 {
		return screen.Object{}, false
	}
	p := v.pods()[i]
	return screen.Object{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: "Pod", Namespace: v.object.Namespace, Name: p.Name, UID: p.UID,
	}, true
}

// run opens the rollout of a workload by its name.
func run(s *screen.Scope, argument string) (screen.Request, error) {
	ses := session.Of(s)
	kind, name := "deployments", argument
	if k, n, ok := strings.Cut(argument, "/"); ok {
		kind, name = k, n
	}
	if name == "" {
		return nil, fmt.Errorf("give a name: rollout web, rollout statefulset/db")
	}
	k, ok := ses.Find(kind)
	if !ok {
		return nil, fmt.Errorf("the cluster has no kind %q", kind)
	}
	ns := ses.Namespace
	if ns == "" || strings.Contains(ns, ",") {
		ns = "default"
	}
	return screen.Rollout{Object: screen.Object{Resource: k.Resource, Kind: k.Kind, Namespace: ns, Name: name}}, nil
}
