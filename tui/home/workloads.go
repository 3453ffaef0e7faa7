package home

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/tui/screen"
)

// workloads are the Deployments, StatefulSets and DaemonSets, those first that are not as they should be.
func (v *view) workloads() group {
	g := group{title: titleWorkloads, empty: unread(v.from.workloads[0].source.Snapshot(), "none yet:  kubectl create deployment web --image=nginx")}
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
				it.detail += "  " + duration.HumanDuration(v.scope.Now().Sub(r.Created))
			default:
				it.health = screen.Good
			}
			if why := broken[owner{w.kind, r.Namespace, r.Name}]; why != "" && it.health == screen.Busy {
				it.health, it.news, it.detail = screen.Bad, why, r.Namespace
			}
			g.items = append(g.items, it)
		}
	}
	slices.SortStableFunc(g.items, worstFirst)
	if n := len(g.items); n > 0 {
		g.note = fmt.Sprint(n)
	}
	return g
}

// owner names a workload.
type owner struct{ kind, namespace, name string }

// broken says of each workload with a broken Pod what the Pod's status is: a rollout that only takes its time has none.
func (v *view) broken() map[owner]string {
	pods := v.pods()
	why := map[owner]string{}
	for o, reason := range v.refused() {
		why[o] = reason
	}
	for _, p := range pods.Rows {
		status := pods.text(p, pods.status)
		if status == "Pending" && pods.text(p, pods.node) == "<none>" && v.scope.Now().Sub(p.Created) > patience {
			status = "Unschedulable"
		} else if pods.health(p) != screen.Bad {
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
