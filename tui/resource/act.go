package resource

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/forward"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/shell"
	"github.com/podarium/podarium/tui/traffic"
	"github.com/podarium/podarium/tui/transfer"
)

// Keys implements screen.Screen: the keys that this kind has a use for.
func (v *view) Keys() key.Table {
	workload := v.is("apps", "deployments", "statefulsets", "daemonsets")
	scales := v.is("apps", "deployments", "statefulsets", "replicasets") || v.is("", "replicationcontrollers")
	pod, node := v.is("", "pods"), v.is("", "nodes")
	kind := v.kindHere()
	t := Keys().
		With(scales || kind.Scales, actScale).
		With(workload || pod, actImage).
		With(workload, actRestart, actRollout).
		With(v.is("apps", "deployments"), actPause).
		With(pod, actPrevious, actNode, actKill, actSanitize).
		With(v.is("apps", "deployments"), actReplicas).
		With(v.is("apps", "replicasets"), actRollBack).
		With(v.is("", "secrets"), actReveal).
		With(pod || workload || scales || v.is("batch", "jobs") || v.is("", "services"), actLogs).
		With(v.is("", "namespaces"), actUse).
		With(v.is("", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts") || v.is("scheduling.k8s.io", "priorityclasses"), actUsedBy).
		With(v.kind.Namespaced, actSortSpace, actCopySpace).
		With(v.kind.Namespaced && v.goesElsewhere(), actWarp).
		With(kind.Can("delete"), actDelete).
		With(kind.Can("update"), actEdit, actLabel).
		With(pod, actShell, actHandOver, actAttach, actDebug, actTransfer).
		With(pod || scales || workload || v.is("", "services"), actForward, actForwards).
		With(node, actNodeShell, actCordon, actUncordon, actDrain).
		With(node && v.scope.Cluster().Nodes() != nil, actPower, actAddNode, actRemoveNode).
		With(v.is("", "services") && v.scope.Handles(traffic.Of{}), actTraffic).
		With(!node, actCopy).
		With(v.is("batch", "cronjobs"), actTrigger).
		With(v.is("batch", "cronjobs", "jobs"), actSuspend)
	for a, r := range map[key.Action]screen.Request{
		actTree: screen.Tree{}, actUsedBy: screen.UsedBy{}, actDescribe: screen.Describe{}, actYAML: screen.YAML{}, actEtcd: screen.EtcdKey{}, actEvents: screen.Events{}, actRollout: screen.Rollout{},
	} {
		if !v.scope.Handles(r) {
			t = t.With(false, a)
		}
	}
	if !v.scope.Handles(screen.Logs{}) {
		t = t.With(false, actLogs, actPrevious)
	}
	if pod { // possible, and seldom wanted
		t = t.Hinted("", actImage)
	}
	if v.is("", "events") || v.is("events.k8s.io", "events") {
		t = t.Hinted("", actEdit, actDelete, actMark, actEvents)
	}
	if v.kind.Namespaced && v.goesElsewhere() {
		t = append(t, namespaceKeys(v.session)...)
	}
	return v.ownKeys(t)
}

// Do implements screen.Screen.
func (v *view) Do(a key.Action) {
	if v.changesView(a) {
		return
	}
	v.cursor.set = true
	if v.moves(a) || v.marksRows(a) {
		return
	}
	if d, ok := strings.CutPrefix(string(a), string(actNamespace)); ok && len(d) == 1 && d[0] >= '0' && d[0] <= '9' {
		v.useNamespace(v.session.Favourites[d[0]-'0'])
		return
	}
	if v.spec != nil && v.spec.Do != nil && v.spec.Do(a, v.chosen()) {
		return
	}
	if a == actSanitize { // it is about all rows
		changes.Sanitize(v.scope, v.inSight())
		return
	}
	r := v.current()
	if r == nil {
		if v.cursor.lost {
			v.scope.Say(screen.Poor, "that object is gone: choose another row")
		}
		return
	}
	v.act(a, r)
}

func (v *view) moves(a key.Action) bool {
	switch a {
	case actDown:
		v.move(1)
	case actUp:
		v.move(-1)
	case actPageDown:
		v.move(max(1, v.height-1))
	case actPageUp:
		v.move(-max(1, v.height-1))
	case actTop:
		v.put(0)
	case actBottom:
		v.put(len(v.rows) - 1)
	case actLeft:
		v.skip = max(0, v.skip-1)
	case actRight:
		v.skip = min(v.skip+1, max(0, len(v.columns)-2))
	default:
		return false
	}
	return true
}

func (v *view) changesView(a key.Action) bool {
	switch a {
	case actWide:
		v.wide = !v.wide
		v.columns, v.skip = nil, 0
		v.layout()
	case actFaults:
		v.onlyFaults = !v.onlyFaults
		v.arrange()
		v.place()
	case actColumns:
		v.askColumns()
	case actSortName:
		v.sort(nameColumn)
	case actSortAge:
		v.sort("AGE")
	case actSortStatus:
		v.sort(v.statusColumn())
	case actSortSpace:
		v.sort(namespaceColumn)
	case actColumnLeft:
		v.choose(-1)
	case actColumnRight:
		v.choose(+1)
	case actSortColumn:
		if v.chosenAt != "" {
			v.sort(v.chosenAt)
		}
	default:
		return false
	}
	return true
}

// sort sorts by a column; a second time the other way round.
func (v *view) sort(name string) {
	if name != namespaceColumn && v.columnIndex(name) < 0 {
		v.scope.Say(screen.Poor, "there is no column "+name)
		return
	}
	v.order = order{column: name, down: v.order.column == name && !v.order.down}
	v.arrange()
	v.place()
}

func (v *view) statusColumn() string {
	for _, name := range []string{"STATUS", "PHASE", "READY", "COMPLETIONS"} {
		if v.columnIndex(name) >= 0 {
			return name
		}
	}
	return "STATUS"
}

func (v *view) choose(by int) {
	if len(v.columns) == 0 {
		return
	}
	at := slices.IndexFunc(v.columns, func(c column) bool { return c.title == v.chosenAt })
	at = max(0, min(at+by, len(v.columns)-1))
	v.chosenAt = v.columns[at].title
}

func (v *view) marksRows(a key.Action) bool {
	switch a {
	case actMark:
		if r := v.current(); r != nil {
			if v.marks[r.UID] {
				delete(v.marks, r.UID)
			} else {
				v.marks[r.UID], v.lastMark = true, r.UID
			}
			v.move(1)
		}
	case actMarkRange:
		v.markRange()
	case actUnmark:
		clear(v.marks)
	case actCopy:
		v.copy(func(r *livetable.Row) string { return r.Name })
	case actCopySpace:
		v.copy(func(r *livetable.Row) string { return r.Namespace })
	case save.Action:
		v.save()
	default:
		return false
	}
	return true
}

func (v *view) markRange() {
	from := slices.IndexFunc(v.rows, func(r *livetable.Row) bool { return r.UID == v.lastMark })
	if from < 0 || v.current() == nil {
		return
	}
	to := v.cursor.at
	if from > to {
		from, to = to, from
	}
	for _, r := range v.rows[from : to+1] {
		v.marks[r.UID] = true
	}
}

func (v *view) copy(what func(*livetable.Row) string) {
	var names []string
	for _, r := range v.chosen() {
		if n := what(r); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) > 0 {
		v.scope.Copy(strings.Join(names, "\n"))
		v.scope.Say(screen.Good, "copied "+strings.Join(names, " "))
	}
}

// act does what a key asks for with the row under the cursor.
func (v *view) act(a key.Action, r *livetable.Row) {
	o := v.object(r)
	switch a {
	case actEnter:
		if to := v.inside(r); to != nil {
			v.scope.Open(to)
		}
	case actDescribe:
		v.scope.Open(screen.Describe{Object: o})
	case actYAML:
		v.scope.Open(screen.YAML{Object: o})
	case actEtcd:
		v.scope.Open(screen.EtcdKey{Object: o})
	case actEvents:
		v.scope.Open(screen.Events{Object: o})
	case actRollout:
		v.scope.Open(screen.Rollout{Object: o})
	case actLogs:
		v.scope.Open(v.logs(o, false))
	case actPrevious:
		v.scope.Open(v.logs(o, true))
	case actTree:
		v.scope.Open(screen.Tree{Object: o})
	case actUsedBy:
		v.scope.Open(screen.UsedBy{Object: o})
	case actOwner:
		v.openOwner(r)
	case actNode:
		v.openNode(r)
	case actTraffic:
		v.scope.Open(traffic.Of{Object: o})
	case actScale:
		changes.Scale(v.scope, v.objects(), v.replicas(r))
	case actLabel:
		changes.Label(v.scope, v.objects())
	case actImage:
		changes.SetImage(v.scope, v.objects())
	case actRestart:
		changes.Restart(v.scope, v.objects())
	case actPause:
		changes.TogglePause(v.scope, o)
	case actEdit:
		changes.EditInEditor(v.scope, o)
	case actShell, actAttach:
		v.scope.Open(shell.Session{Object: o, Attach: a == actAttach})
	case actNodeShell:
		shell.Node(v.scope, o)
	case actDebug:
		shell.Debug(v.scope, o, "")
	case actTransfer:
		transfer.Ask(v.scope, o, "")
	case actHandOver:
		shell.HandOver(v.scope, o, "")
	case actForward:
		forward.Ask(v.scope, o)
	case actForwards:
		v.scope.Open(forward.List{})
	case actCordon, actUncordon:
		changes.Cordon(v.scope, v.objects(), a == actCordon)
	case actDrain:
		changes.Drain(v.scope, o)
	case actPower:
		changes.Power(v.scope, v.objects())
	case actAddNode:
		changes.AddNode(v.scope)
	case actRemoveNode:
		changes.RemoveNode(v.scope, o)
	case actTrigger:
		changes.Trigger(v.scope, o)
	case actSuspend:
		changes.Suspend(v.scope, o)
	case actDelete:
		changes.Delete(v.scope, v.objects())
	case actKill:
		changes.Kill(v.scope, v.objects())
	case actRollBack:
		changes.RollBackTo(v.scope, o)
	case actReplicas:
		v.scope.Open(OwnedBy(o, schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}))
	case actReveal:
		v.scope.Open(screen.YAML{Object: o, Reveal: true})
	case actUse:
		v.session.Use(r.Name)
		v.scope.Say(screen.Good, "working in namespace "+r.Name)
	case actWarp:
		v.useNamespace(r.Namespace)
	}
}

// logs are those of the object under the cursor, or of all marked Pods at once.
func (v *view) logs(o screen.Object, previous bool) screen.Logs {
	r := screen.Logs{Object: o, Previous: previous}
	all := v.objects()
	for _, m := range all {
		if m.Resource != pods {
			return r
		}
	}
	if len(all) > 1 {
		r.Object, r.Also = all[0], all[1:]
	}
	return r
}

// objects are the marked ones, or the one under the cursor.
func (v *view) objects() []screen.Object {
	rows := v.chosen()
	out := make([]screen.Object, len(rows))
	for i, r := range rows {
		out[i] = v.object(r)
	}
	return out
}

// inSight are the objects of all rows that the filter leaves.
func (v *view) inSight() []screen.Object {
	out := make([]screen.Object, len(v.rows))
	for i, r := range v.rows {
		out[i] = v.object(r)
	}
	return out
}

// replicas is how many a workload wants, as far as its row tells: READY 2/3, DESIRED 3; -1 where it does not.
func (v *view) replicas(r *livetable.Row) int {
	for _, name := range []string{"READY", "DESIRED"} {
		if i := v.columnIndex(name); i >= 0 {
			text := v.cell(r, i).Text
			if _, want, ok := strings.Cut(text, "/"); ok {
				text = want
			}
			if n, err := strconv.Atoi(text); err == nil {
				return n
			}
		}
	}
	return -1
}

// useNamespace shows the same kind in another namespace.
func (v *view) useNamespace(ns string) {
	v.session.Use(ns)
	if v.spec != nil {
		v.scope.Replace(v.spec.In(ns))
		return
	}
	r := v.request
	r.Namespace, r.Select, r.Owner, r.Of, r.LabelSelector, r.FieldSelector = ns, "", "", "", "", ""
	r.Filter = v.filter.text
	v.scope.Replace(r)
}
