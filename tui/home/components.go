package home

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/vitals"
)

// unread says why nothing is known of a table that nothing was read of, and otherwise what it means that it is empty.
func unread(s *livetable.Snapshot, empty string) string {
	switch {
	case s.Err != nil:
		return screen.Bad.Glyph() + " " + screen.Short(s.Err)
	case !s.Synced:
		return "reading"
	}
	return empty
}

func (v *view) components() group {
	g := group{title: titleComponents, empty: "not known yet"}
	sample := v.vitals.Sample()
	if sample.StatusErr != nil {
		g.empty = screen.Bad.Glyph() + " " + screen.Short(sample.StatusErr)
	}
	for _, c := range sample.Status.Components {
		if strings.HasPrefix(c.Name, "kubelet/") {
			continue // nodes have a group of their own
		}
		it := item{id: "component/" + c.Name, health: vitals.Health(c.State), name: strings.TrimPrefix(c.Name, "kube-"), detail: c.Message}
		if c.State != cluster.Ready {
			it.word = string(c.State)
		} else if c.SinceStart > 0 && it.detail == "" {
			it.detail = fmt.Sprintf("ready after %.1f s", float64(c.SinceStart)/1000)
		}
		switch c.Name {
		case "etcd":
			if sample.Revision > 0 {
				it.detail = etcdDetail(sample)
			}
			it.open = screen.Etcd{}
		case "kube-scheduler":
			if pods := v.pods(); c.State == cluster.Ready && pods.Synced {
				it.detail = waiting(pods)
			}
			it.open = v.componentPods(c.Name)
		case "kube-apiserver":
			if c.State == cluster.Ready && sample.APITook > 0 {
				it.detail = "answers in " + milliseconds(sample.APITook) + "   " + it.detail
			}
			it.open = screen.Resources{Resource: core.WithResource("namespaces")}
		default:
			it.open = v.componentPods(c.Name)
		}
		g.items = append(g.items, it)
	}
	g.items = append(g.items, v.componentsSeen(g.items)...)
	return g
}

// etcdDetail is what the member of etcd that was asked says of itself.
func etcdDetail(s *vitals.Sample) string {
	role := "follower"
	if s.Leads {
		role = "leader"
	}
	return fmt.Sprintf("%s, term %d   %s   %.1f of %.1f MB in use", role, s.Term, milliseconds(s.EtcdTook), float64(s.InUse)/1e6, float64(s.DBSize)/1e6)
}

// milliseconds are a short time in words: 0.4 ms, 12 ms.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// waiting says how many Pods the scheduler has found no node for.
func waiting(pods podTable) string {
	n := int64(0)
	for _, p := range pods.Rows {
		if pods.text(p, pods.node) == noNode {
			n++
		}
	}
	if n == 0 {
		return "no Pod waits"
	}
	if n == 1 {
		return "1 Pod waits for a node"
	}
	return fmt.Sprintf("%d Pods wait for a node", n)
}

// noNode is what the table of Pods says of those that no node has.
const noNode = "<none>"

// componentLabel is what kubeadm's static Pods have the component's name in.
const componentLabel = "component"

// componentsSeen are the components that show themselves by Pods and are not known otherwise: an attached cluster tells no
// more of its control plane. Of several Pods the worst speaks.
func (v *view) componentsSeen(known []item) []item {
	s := v.pods()
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
		out[i].detail = strings.TrimPrefix(out[i].detail+", "+s.text(r, s.node), ", ")
		if h := s.health(r); h > out[i].health {
			out[i].health, out[i].word = h, s.text(r, s.status)
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
	s, pods := v.from.nodes.Snapshot(), v.pods()
	on := map[string][]screen.Health{}
	for _, p := range pods.Rows {
		node := pods.text(p, pods.node)
		on[node] = append(on[node], pods.health(p))
	}
	g := group{title: titleNodes, empty: unread(s, "no node has registered")}
	if pods.Synced {
		g.note = fmt.Sprintf("%d Pods", len(pods.Rows))
	}
	for _, r := range s.Rows {
		status := cell(s, r, "Status")
		it := item{
			id: string(r.UID), health: screen.Good, name: r.Name, squares: on[r.Name], use: v.useOf(r.Name),
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
	slices.SortStableFunc(g.items, worstFirst)
	if waiting := on[noNode]; len(waiting) > 0 { // first, so that a small screen shows it
		g.items = slices.Insert(g.items, 0, item{
			id: unscheduled, health: screen.Poor, name: "on no node", squares: waiting,
			open: screen.Resources{Resource: podsGVR, FieldSelector: "spec.nodeName=", Of: "on no node"},
		})
	}
	return g
}

// unscheduled is the item of the Pods that no node has.
const unscheduled = "unscheduled"

// worstFirst is the order of what has names: what is not well before the rest.
func worstFirst(a, b item) int {
	if d := int(b.health) - int(a.health); d != 0 {
		return d
	}
	return strings.Compare(a.name, b.name)
}
