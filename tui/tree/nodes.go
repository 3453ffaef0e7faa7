package tree

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/related"
	"github.com/podarium/podarium/cluster/rollout"
	"github.com/podarium/podarium/tui/screen"
)

var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// node is an object in the tree.
type node struct {
	ref     related.Ref
	how     string // how the one above uses it
	state   string
	health  screen.Health
	used    bool // rather than owned
	missing bool
	self    bool // the one that was asked for
	below   []*node
}

// ofObject is the tree of one object: its owners above it, each with only the way down to it; what it owns and uses below.
// Where it is something that others use, they are above it.
func ofObject(g *related.Graph, r related.Ref) []*node {
	o := g.Find(r)
	if o == nil {
		return nil
	}
	n := below(g, o, map[string]bool{})
	n.self = true
	for _, u := range g.UsedBy(o.Ref) {
		if u.By.Kind != "Service" && g.Pods[u.By.UID] != nil && g.Find(u.By).Controlled {
			continue // its workload is named
		}
		n.below = append(n.below, &node{ref: u.By, how: "uses it: " + u.How, used: true})
	}
	for _, up := range g.Owners(o) {
		n = &node{ref: up, below: []*node{n}}
	}
	return []*node{n}
}

// below is an object with what it owns and uses.
func below(g *related.Graph, o *related.Object, seen map[string]bool) *node {
	n := &node{ref: o.Ref}
	if seen[string(o.UID)] {
		return n
	}
	seen[string(o.UID)] = true
	if pod := g.Pods[o.UID]; pod != nil {
		n.state, n.health = podState(pod)
	}
	for _, child := range g.Owned(o.UID) {
		n.below = append(n.below, below(g, child, seen))
	}
	if len(n.below) == 0 { // else its Pods say what they use
		n.below = used(g, o, seen)
	}
	return n
}

// used are what an object uses, each once, with all the ways in which it does.
func used(g *related.Graph, o *related.Object, seen map[string]bool) []*node {
	var out []*node
	for _, u := range g.Uses(o.UID) {
		if at := slices.IndexFunc(out, func(n *node) bool { return n.ref.Kind == u.Of.Kind && n.ref.Name == u.Of.Name }); at >= 0 {
			out[at].how += ", " + u.How
			continue
		}
		n := &node{ref: u.Of, how: u.How, used: true, missing: u.Missing}
		switch {
		case u.Missing && u.Optional:
			n.state, n.health = "does not exist, and need not", screen.Idle
		case u.Missing:
			n.state, n.health = "does not exist", screen.Bad
		}
		if target := g.Find(u.Of); target != nil && g.Pods[target.UID] != nil { // a Service's Pods
			n = below(g, target, seen)
			n.how = u.How
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b *node) int {
		return cmp.Or(strings.Compare(a.ref.Kind, b.ref.Kind), strings.Compare(a.ref.Name, b.ref.Name))
	})
	return out
}

func podState(p *corev1.Pod) (string, screen.Health) {
	status := rollout.StatusOf(p)
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return status, screen.Good
		}
	}
	switch {
	case p.Status.Phase == corev1.PodSucceeded:
		return status, screen.Idle
	case strings.Contains(status, "Err"), strings.Contains(status, "BackOff"), p.Status.Phase == corev1.PodFailed, status == "OOMKilled":
		return status, screen.Bad
	case status == "Running":
		return "Running, not ready", screen.Poor
	}
	return status, screen.Busy
}

// line is a node as it stands on the screen.
type line struct {
	*node
	id     string // the way to it, so that a cursor stays
	prefix string
	below  int
}

// layout makes the lines of a node and of what is below it. With a filter only what holds it, and the ways there.
func layout(root *node, folded map[string]bool, filter string) []line {
	var out []line
	var walk func(n *node, id, prefix, rest string)
	walk = func(n *node, id, prefix, rest string) {
		id += "/" + n.ref.Kind + "." + n.ref.Namespace + "." + n.ref.Name
		if filter != "" && !holds(n, filter) {
			return
		}
		out = append(out, line{node: n, id: id, prefix: prefix, below: len(n.below)})
		if folded[id] {
			return
		}
		for i, child := range n.below {
			if i < len(n.below)-1 {
				walk(child, id, rest+"├─ ", rest+"│  ")
			} else {
				walk(child, id, rest+"└─ ", rest+"   ")
			}
		}
	}
	walk(root, "", "", "")
	return out
}

func holds(n *node, text string) bool {
	return strings.Contains(strings.ToLower(n.ref.Kind+" "+n.ref.Name+" "+n.state+" "+n.how), text) ||
		slices.ContainsFunc(n.below, func(c *node) bool { return holds(c, text) })
}
