package rollouts

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// List asks for all rollouts of a namespace, or of all where it is empty.
type List struct{ Namespace string }

const (
	actUndoAll  key.Action = "undo.all"
	actPauseAll key.Action = "pause.all"
)

// listKeys are the keys that a list of rollouts has beside those of any table.
func listKeys() key.Table {
	return key.Table{
		{Action: actUndoAll, Keys: []string{"u"}, Hint: "undo", Help: "go back to the revision before; all that are marked", Group: "Change", Changes: true},
		{Action: actPauseAll, Keys: []string{"p"}, Hint: "pause", Help: "pause the rollout, or resume it; all that are marked", Group: "Change", Changes: true},
	}
}

// The columns of a list.
const (
	kindAt = iota
	nameAt
	stateAt
	progressAt
	endAt
	waitsAt
	imageAt
	ageAt
)

func listColumns() []livetable.Column {
	return []livetable.Column{
		kindAt: {Name: "Kind"}, nameAt: {Name: "Name"}, stateAt: {Name: "State"}, progressAt: {Name: "Progress"}, endAt: {Name: "Ends in"},
		waitsAt: {Name: "Waits for"}, imageAt: {Name: "Image"}, ageAt: {Name: "Age", Age: true},
	}
}

// summaries is where a list comes from: a rollout.List, or a fixture.
type summaries interface {
	Changed() <-chan struct{}
	Snapshot() *rollout.Summary
	Close()
}

// list turns rollouts into rows.
type list struct {
	scope *screen.Scope
	from  summaries
	made  *livetable.Made
	paces map[types.UID]*pace
	now   map[types.UID]*rollout.Progress
}

func openList(s *screen.Scope, r List) (screen.Screen, error) {
	return newList(s, r, rollout.WatchAll(s.Context(), s.Cluster(), r.Namespace))
}

func newList(s *screen.Scope, r List, from summaries) (screen.Screen, error) {
	l := &list{scope: s, from: from, made: livetable.NewMade(listColumns()), paces: map[types.UID]*pace{}}
	l.refresh()
	s.Live(from.Changed(), l.refresh)
	l.tick()
	return resource.New(s, resource.Spec{
		Name: "rollouts", Source: l, Namespaced: true, Namespace: r.Namespace,
		In:     func(ns string) screen.Request { return List{Namespace: ns} },
		Object: l.object,
		Enter:  func(row *livetable.Row) screen.Request { return screen.Rollout{Object: l.object(row)} },
		Health: func(row *livetable.Row) screen.Health { return l.state(row.UID).Health },
		Urgent: true,
		Firm:   []string{"Kind", "State", "Progress"},
		Keys:   listKeys(),
		Do:     l.do,
		Empty:  "no Deployment, StatefulSet or DaemonSet here:  kubectl create deployment web --image=nginx",
	})
}

// Changed implements resource.Source.
func (l *list) Changed() <-chan struct{} { return l.made.Changed() }

// Snapshot implements resource.Source.
func (l *list) Snapshot() *livetable.Snapshot { return l.made.Snapshot() }

// Close implements resource.Source.
func (l *list) Close() { l.from.Close() }

// tick makes estimates anew while there are any.
func (l *list) tick() {
	l.scope.After(time.Second, func() {
		for uid, p := range l.now {
			if l.paces[uid].left(p, l.scope.Now()) > 0 {
				l.refresh()
				break
			}
		}
		l.tick()
	})
}

func (l *list) refresh() {
	s := l.from.Snapshot()
	rows := make([]*livetable.Row, 0, len(s.Rollouts))
	l.now = make(map[types.UID]*rollout.Progress, len(s.Rollouts))
	paces := make(map[types.UID]*pace, len(s.Rollouts))
	for _, p := range s.Rollouts {
		uid := p.Ref.UID
		paces[uid] = l.paces[uid]
		if paces[uid] == nil {
			paces[uid] = &pace{}
		}
		paces[uid].see(p, l.scope.Now())
		l.now[uid] = p
	}
	l.paces = paces
	for _, p := range s.Rollouts {
		rows = append(rows, l.row(p))
	}
	l.made.Set(rows, s.Synced, s.Err)
}

func (l *list) row(p *rollout.Progress) *livetable.Row {
	cells := make([]livetable.Cell, ageAt+1)
	ready := newReady(p)
	cells[kindAt].Text, cells[nameAt].Text = shortKinds[p.Ref.Kind], p.Ref.Name
	cells[stateAt].Text = l.state(p.Ref.UID).Text
	cells[progressAt] = livetable.Cell{Text: progress(ready, p.Desired), Value: float64(ready) / float64(max(1, p.Desired))}
	cells[imageAt].Text = images(rollout.Revision{Images: p.Images, Containers: p.Containers})
	cells[waitsAt].Text = waitsFor(p)
	left := l.paces[p.Ref.UID].left(p, l.scope.Now())
	cells[endAt] = livetable.Cell{Text: strings.TrimPrefix(about(left), "about "), Value: left.Seconds()}
	return &livetable.Row{UID: p.Ref.UID, Namespace: p.Ref.Namespace, Name: p.Ref.Name, Created: p.Created, Cells: cells}
}

// shortKinds are kubectl's.
var shortKinds = map[string]string{"Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds"}

// squaresInBar is how many squares a progress has.
const squaresInBar = 5

// progress is 7 of 10 as squares and numbers.
func progress(have, want int32) string {
	full := 0
	if want > 0 {
		full = int(min(have, want)) * squaresInBar / int(want)
	}
	return strings.Repeat("■", full) + strings.Repeat("□", squaresInBar-full) + fmt.Sprintf(" %d/%d", have, want)
}

// waitsFor is the first thing that a rollout waits for, and how many more there are.
func waitsFor(p *rollout.Progress) string {
	if len(p.Waiting) == 0 {
		return ""
	}
	w := p.Waiting[0]
	text := w.Reason
	if w.Message != "" {
		text += ": " + strings.ReplaceAll(w.Message, "\n", " ")
	}
	if n := len(p.Waiting) - 1; n > 0 {
		text = fmt.Sprintf("%s (+%d)", text, n)
	}
	return text
}

func (l *list) state(uid types.UID) screen.State {
	p := l.now[uid]
	switch {
	case p == nil:
		return screen.State{}
	case p.Err != nil:
		return screen.Failure(p.Err)
	case p.Stuck:
		return screen.State{Health: screen.Bad, Text: "stuck"}
	case p.Paused:
		return screen.State{Health: screen.Poor, Text: "paused"}
	case p.Desired == 0 && p.Done:
		return screen.State{Health: screen.Idle, Text: "at rest"}
	case p.Done:
		return screen.State{Health: screen.Good, Text: "rolled out"}
	}
	return screen.State{Health: screen.Busy, Text: "rolling out"}
}

func (l *list) object(r *livetable.Row) screen.Object {
	p := l.now[r.UID]
	if p == nil {
		return screen.Object{}
	}
	return screen.Object{Resource: p.Ref.Resource, Kind: p.Ref.Kind, Namespace: p.Ref.Namespace, Name: p.Ref.Name, UID: p.Ref.UID}
}

func (l *list) do(a key.Action, rows []*livetable.Row) bool {
	objects := make([]screen.Object, 0, len(rows))
	for _, r := range rows {
		objects = append(objects, l.object(r))
	}
	switch a {
	case actUndoAll:
		changes.UndoRollouts(l.scope, objects)
	case actPauseAll:
		if first := l.now[rows[0].UID]; first != nil {
			changes.Pause(l.scope, objects, !first.Paused)
		}
	default:
		return false
	}
	return true
}

// runList opens the list in the namespace in force, or in another.
func runList(s *screen.Scope, argument string) (screen.Request, error) {
	ns, err := session.Of(s).UseArgument(argument)
	return List{Namespace: ns}, err
}
