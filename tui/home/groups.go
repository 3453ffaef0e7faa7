package home

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/activity"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
	"github.com/podarium/podarium/tui/vitals"
)

// group is a part of the screen.
type group struct {
	title, note string
	items       []item
	empty       string
}

// item is a line of a group: a glyph, a name, a word, and then either text or squares.
type item struct {
	id      string
	health  screen.Health
	name    string
	word    string // stands at the right, in the colour of the health
	detail  string
	squares []screen.Health
	spark   []uint32 // a bar a second
	open    screen.Request
}

// The titles of the groups.
const (
	titleComponents = "CONTROL PLANE"
	titleNodes      = "NODES"
	titleRollouts   = "WORKLOADS"
	titleWarnings   = "WARNINGS"
	titleWriters    = "WHO WRITES"
	titleWritten    = "WHAT IS WRITTEN"
	titleChanging   = "WHAT CHANGES"
)

func (v *view) components() group {
	g := group{title: titleComponents, empty: "not known yet"}
	sample := v.vitals.Sample()
	for _, c := range sample.Status.Components {
		if strings.HasPrefix(c.Name, "kubelet/") {
			continue // nodes have a group of their own
		}
		it := item{id: "component/" + c.Name, health: vitals.Health(c.State), name: strings.TrimPrefix(c.Name, "kube-"), detail: c.Message}
		if c.State != cluster.Ready {
			it.word = string(c.State)
		} else if c.SinceStart > 0 && it.detail == "" {
			it.detail = fmt.Sprintf("ready after %d ms", c.SinceStart)
		}
		switch c.Name {
		case "etcd":
			if sample.Revision > 0 {
				it.detail = fmt.Sprintf("%.1f of %.1f MB in use", float64(sample.InUse)/1e6, float64(sample.DBSize)/1e6)
			}
			it.open = screen.Etcd{}
		case "kube-apiserver":
			it.open = screen.Resources{Resource: core.WithResource("namespaces")}
		default:
			it.open = v.componentPods(c.Name)
		}
		g.items = append(g.items, it)
	}
	g.items = append(g.items, v.componentsSeen(g.items)...)
	return g
}

// componentLabel is what kubeadm's static Pods have the component's name in.
const componentLabel = "component"

// componentsSeen are the components that show themselves by Pods and are not known otherwise: an attached cluster tells no
// more of its control plane. Of several Pods the worst speaks.
func (v *view) componentsSeen(known []item) []item {
	s := v.from.pods.Snapshot()
	var out []item
	for _, r := range s.Rows {
		name := r.Labels[componentLabel]
		if r.Namespace != metav1.NamespaceSystem || name == "" {
			continue
		}
		id := "component/" + name
		if slices.ContainsFunc(known, func(it item) bool { return it.id == id }) {
			continue
		}
		i := slices.IndexFunc(out, func(it item) bool { return it.id == id })
		if i < 0 {
			i = len(out)
			out = append(out, item{
				id: id, name: strings.TrimPrefix(name, "kube-"), health: screen.Good,
				open: screen.Resources{Resource: podsGVR, Namespace: r.Namespace, LabelSelector: componentLabel + "=" + name},
			})
		}
		out[i].detail = strings.TrimPrefix(out[i].detail+", "+cell(s, r, "Node"), ", ")
		if h := podHealth(s, r); h > out[i].health {
			out[i].health, out[i].word = h, cell(s, r, "Status")
		}
	}
	slices.SortFunc(out, func(a, b item) int { return strings.Compare(a.id, b.id) })
	return out
}

// componentPods leads to the Pods of a component where it shows itself by some, else to the leases by which it leads.
func (v *view) componentPods(name string) screen.Request {
	for _, r := range v.from.pods.Snapshot().Rows {
		if r.Namespace == metav1.NamespaceSystem && strings.HasPrefix(r.Name, name) {
			return screen.Resources{Resource: podsGVR, Namespace: r.Namespace, Filter: name}
		}
	}
	return screen.Resources{Resource: schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}, Namespace: metav1.NamespaceSystem}
}

func (v *view) nodes() group {
	s, pods := v.from.nodes.Snapshot(), v.from.pods.Snapshot()
	on := map[string][]screen.Health{}
	for _, p := range pods.Rows {
		node := cell(pods, p, "Node")
		on[node] = append(on[node], podHealth(pods, p))
	}
	g := group{title: titleNodes, empty: "no node has registered", note: fmt.Sprintf("%d Pods", len(pods.Rows))}
	for _, r := range s.Rows {
		status := cell(s, r, "Status")
		it := item{
			id: string(r.UID), health: screen.Good, name: r.Name, squares: on[r.Name],
			open: screen.Resources{Resource: podsGVR, FieldSelector: "spec.nodeName=" + r.Name, Of: "on " + r.Name},
		}
		switch {
		case strings.HasPrefix(status, "NotReady"):
			it.health, it.word = screen.Bad, "not ready"
		case status != "Ready":
			it.health, it.word = screen.Poor, status
		}
		slices.SortFunc(it.squares, func(a, b screen.Health) int { return int(b) - int(a) })
		g.items = append(g.items, it)
	}
	slices.SortStableFunc(g.items, func(a, b item) int { return int(b.health) - int(a.health) })
	if waiting := on["<none>"]; len(waiting) > 0 { // first, so that a small screen shows it
		g.items = slices.Insert(g.items, 0, item{
			id: "unscheduled", health: screen.Poor, name: "on no node", squares: waiting,
			open: screen.Resources{Resource: podsGVR, FieldSelector: "spec.nodeName=", Of: "on no node"},
		})
	}
	return g
}

func podHealth(s *livetable.Snapshot, r *livetable.Row) screen.Health {
	if r.Deleting {
		return screen.Busy
	}
	switch status := cell(s, r, "Status"); {
	case status == "Running":
		if have, want, ok := strings.Cut(cell(s, r, "Ready"), "/"); ok && have != want {
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

// rollouts are the workloads, those first that are not as they should be.
func (v *view) rollouts() group {
	g := group{title: titleRollouts, empty: "none yet:  kubectl create deployment web --image=nginx"}
	broken := v.broken()
	for _, w := range v.from.workloads {
		s := w.source.Snapshot()
		for _, r := range s.Rows {
			it := item{
				id: string(r.UID), name: r.Name, detail: r.Namespace,
				open: screen.Rollout{Object: screen.Object{Resource: w.resource, Kind: w.kind, Namespace: r.Namespace, Name: r.Name, UID: r.UID}},
			}
			ready := cell(s, r, "Ready")
			have, want, ok := strings.Cut(ready, "/")
			if !ok { // a DaemonSet has them in two columns
				have, want = ready, cell(s, r, "Desired")
			}
			it.word = have + "/" + want
			updated := cell(s, r, "Up-To-Date")
			switch {
			case want == "0":
				it.health = screen.Idle
			case have != want || (updated != "" && updated != want):
				it.health = screen.Busy
				it.detail += "   " + duration.HumanDuration(v.scope.Now().Sub(r.Created))
			default:
				it.health = screen.Good
			}
			if why := broken[owner{w.kind, r.Namespace, r.Name}]; why != "" && it.health == screen.Busy {
				it.health, it.detail = screen.Bad, why+"   "+r.Namespace
			}
			g.items = append(g.items, it)
		}
	}
	slices.SortStableFunc(g.items, func(a, b item) int { return int(b.health) - int(a.health) })
	if n := len(g.items); n > 0 {
		g.note = fmt.Sprint(n)
	}
	return g
}

// owner names a workload.
type owner struct{ kind, namespace, name string }

// broken says of each workload with a broken Pod what the Pod's status is: a rollout that only takes its time has none.
func (v *view) broken() map[owner]string {
	pods := v.from.pods.Snapshot()
	why := map[owner]string{}
	for o, reason := range v.refused() {
		why[o] = reason
	}
	for _, p := range pods.Rows {
		status := cell(pods, p, "Status")
		if status == "Pending" && cell(pods, p, "Node") == "<none>" && v.scope.Now().Sub(p.Created) > patience {
			status = "Unschedulable"
		} else if podHealth(pods, p) != screen.Bad {
			continue
		}
		if p.Owner == nil {
			continue
		}
		o := owner{p.Owner.Kind, p.Namespace, p.Owner.Name}
		if hash := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; o.kind == "ReplicaSet" && hash != "" {
			o.kind, o.name = "Deployment", strings.TrimSuffix(o.name, "-"+hash)
		}
		why[o] = status
	}
	return why
}

// patience is how long a Pod may be on no node, and how long ago one may have been refused, before a rollout counts as stuck.
const patience = 20 * time.Second

// refused says of each workload whose Pods cannot be made lately why not: a quota, a limit range, a webhook.
func (v *view) refused() map[owner]string {
	s := v.from.events.Snapshot()
	out := map[owner]string{}
	for _, r := range s.Rows {
		if cell(s, r, "Reason") != "FailedCreate" {
			continue
		}
		kind, name, _ := strings.Cut(cell(s, r, "Object"), "/")
		switch kind {
		case "replicaset":
			if at := strings.LastIndexByte(name, '-'); at > 0 {
				out[owner{"Deployment", r.Namespace, name[:at]}] = "FailedCreate"
			}
		case "statefulset":
			out[owner{"StatefulSet", r.Namespace, name}] = "FailedCreate"
		case "daemonset":
			out[owner{"DaemonSet", r.Namespace, name}] = "FailedCreate"
		}
	}
	return out
}

// owners says of each Pod, as pod/NAME after its namespace, whose it is: replicaset/NAME.
func (v *view) owners() map[string]string {
	out := map[string]string{}
	for _, p := range v.from.pods.Snapshot().Rows {
		if p.Owner != nil && p.Owner.Kind != "Node" {
			out[p.Namespace+"/pod/"+p.Name] = strings.ToLower(p.Owner.Kind) + "/" + p.Owner.Name
		}
	}
	return out
}

// maxWarnings bounds what is laid out; the events screen has them all.
const maxWarnings = 50

// warnings are one for each object, with how many there were and what the newest says.
func (v *view) warnings() group {
	s := v.from.events.Snapshot()
	g := group{title: titleWarnings, empty: "none"}
	rows := slices.Clone(s.Rows)
	slices.SortStableFunc(rows, func(a, b *livetable.Row) int { return b.Created.Compare(a.Created) })
	type about struct{ namespace, object string }
	at, counts, objects := map[about]int{}, map[about]int{}, map[about]map[string]bool{}
	owners := v.owners()
	for _, r := range rows {
		key := about{r.Namespace, cell(s, r, "Object")}
		object := key.object
		if o := owners[r.Namespace+"/"+object]; o != "" { // Pods of a workload mostly have one trouble
			key.object = o
		}
		if objects[key] == nil {
			objects[key] = map[string]bool{}
		}
		objects[key][object] = true
		n, err := strconv.Atoi(cell(s, r, "Count"))
		if err != nil {
			n = 1
		}
		counts[key] += max(n, 1)
		if _, ok := at[key]; ok || len(g.items) == maxWarnings {
			continue
		}
		at[key] = len(g.items)
		_, name, _ := strings.Cut(object, "/")
		g.items = append(g.items, item{
			id: "warning/" + key.namespace + "/" + key.object, health: screen.Poor, name: object,
			detail: cell(s, r, "Reason") + ": " + cell(s, r, "Message"),
			word:   duration.HumanDuration(v.scope.Now().Sub(r.Created)),
			open:   screen.Resources{Resource: eventsGVR, Namespace: r.Namespace, FieldSelector: "involvedObject.name=" + name, Of: object},
		})
	}
	for key, i := range at {
		if n := len(objects[key]); n > 1 {
			_, name, _ := strings.Cut(key.object, "/")
			g.items[i].name = fmt.Sprintf("%d Pods of %s", n, name)
			g.items[i].open = screen.Resources{Resource: eventsGVR, Namespace: key.namespace, FieldSelector: "type=Warning", Filter: "OBJECT:pod/" + name, Of: key.object}
		}
		if n := counts[key]; n > 1 {
			g.items[i].detail = fmt.Sprintf("×%d  %s", n, g.items[i].detail)
		}
	}
	if n := len(at); n > 0 {
		g.note = fmt.Sprint(n)
	}
	return g
}

// maxActivity bounds what is laid out.
const maxActivity = 20

func (v *view) writers() group {
	s := v.activity.Snapshot(v.scope.Now())
	g := group{title: titleWriters, note: "last 60 s", empty: "nothing in the last minute"}
	if s.Sampled {
		g.note += ", a sample"
	}
	for _, r := range s.Writers[:min(len(s.Writers), maxActivity)] {
		it := activityItem("writer/", r)
		if v.scope.Handles(screen.Etcd{}) {
			it.open = screen.Etcd{}
		}
		g.items = append(g.items, it)
	}
	return g
}

func (v *view) written() group {
	s := v.activity.Snapshot(v.scope.Now())
	g := group{title: titleWritten, note: "last 60 s", empty: "nothing in the last minute"}
	for _, r := range s.Resources[:min(len(s.Resources), maxActivity)] {
		it := activityItem("resource/", r)
		if k, ok := session.Of(v.scope).Find(r.Resource.String()); ok {
			it.open = screen.Resources{Resource: k.Resource}
		}
		g.items = append(g.items, it)
	}
	return g
}

func activityItem(prefix string, r activity.Row) item {
	return item{id: prefix + r.Name, name: r.Name, word: fmt.Sprintf("%.1f/s", float64(r.Sum)/activity.Seconds), spark: slices.Clone(r.Counts[:])}
}
