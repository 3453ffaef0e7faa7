package home

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// seen is a Pod that there is: whose it is, replicaset/NAME, and what it is called there.
type seen struct {
	owner, called string
	well          bool // and it has not been started again lately
}

// name is that of an object in its namespace.
type name struct{ namespace, name string }

// podsSeen are those of some Pods that there are, and the owners that there are of some.
func (v *view) podsSeen(wanted, wantedOwners map[name]bool) (pods map[name]seen, owners map[name]string) {
	t := v.pods()
	pods, owners = map[name]seen{}, map[name]string{}
	for _, p := range t.Rows {
		owner := ""
		if p.Owner != nil && p.Owner.Kind != "Node" {
			owner = strings.ToLower(p.Owner.Kind) + "/" + p.Owner.Name
			if n := (name{p.Namespace, p.Owner.Name}); wantedOwners[n] {
				owners[n] = owner
			}
		}
		n := name{p.Namespace, p.Name}
		if !wanted[n] {
			continue
		}
		k := seen{owner: owner, well: t.health(p) <= screen.Good && !strings.Contains(t.text(p, t.restarts), "ago")}
		if owner != "" {
			k.called = strings.TrimSuffix(p.Owner.Name, "-"+p.Labels[appsv1.DefaultDeploymentUniqueLabelKey])
		}
		pods[n] = k
	}
	return pods, owners
}

// maxWarnings bounds what is laid out; the events screen has them all.
const maxWarnings = 50

// longKind is what makes a kind be called by its short name: pvc for persistentvolumeclaim.
const longKind = 16

func shortKind(kinds *session.Session, kind string) string {
	if k, ok := kinds.Find(kind); ok && len(kind) > longKind && len(k.Short) > 0 {
		return k.Short[0]
	}
	return kind
}

// about is what a warning is about: an object, or all Pods of one owner, which mostly have one trouble.
type about struct{ namespace, object string }

// warnings are one for each object or owner, with how many there were and what the newest says. Those about Pods that are gone, or
// well again, come after the others and are quiet.
func (v *view) warnings() group {
	s := v.from.events.Snapshot()
	g := group{title: titleWarnings, empty: unread(s, "none")}
	rows := slices.Clone(s.Rows)
	now, lastSeen := v.scope.Now(), column(s, "Last Seen")
	ago := func(r *livetable.Row) time.Duration {
		if lastSeen >= 0 && lastSeen < len(r.Cells) {
			if since, ok := r.Since(r.Cells[lastSeen], now); ok {
				return since
			}
		}
		return now.Sub(r.Created)
	}
	slices.SortStableFunc(rows, func(a, b *livetable.Row) int { return cmp.Compare(ago(a), ago(b)) })
	at, counts, objects := map[about]int{}, map[about]int{}, map[about]map[string]bool{}
	whose := map[about]string{}
	wanted, wantedOwners := map[name]bool{}, map[name]bool{}
	for _, r := range rows {
		if pod, ok := strings.CutPrefix(cell(s, r, "Object"), "pod/"); ok {
			wanted[name{r.Namespace, pod}], wantedOwners[name{r.Namespace, withoutSuffix(pod)}] = true, true
		}
	}
	pods, owners := v.podsSeen(wanted, wantedOwners)
	kinds := session.Of(v.scope)
	for _, r := range rows {
		object := cell(s, r, "Object")
		key := about{r.Namespace, object}
		pod, isPod := strings.CutPrefix(object, "pod/")
		p, there := pods[name{r.Namespace, pod}]
		if there && p.owner != "" {
			key.object = p.owner
			whose[key] = p.called
		} else if isPod && !there { // one that is gone: whose it was, its name tells
			key.object = cmp.Or(owners[name{r.Namespace, withoutSuffix(pod)}], "gone/"+withoutSuffix(pod))
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
		past := isPod && (!there || p.well)
		if i, ok := at[key]; ok {
			if !past {
				g.items[i].health = screen.Poor
			}
			continue
		}
		if len(g.items) == maxWarnings {
			continue
		}
		at[key] = len(g.items)
		kind, called, _ := strings.Cut(object, "/")
		it := item{
			id: "warning/" + key.namespace + "/" + key.object, health: screen.Poor, name: shortKind(kinds, kind) + "/" + called,
			detail: cell(s, r, "Reason"), told: cell(s, r, "Message"),
			word: duration.HumanDuration(ago(r)),
			open: screen.Resources{Resource: eventsGVR, Namespace: r.Namespace, FieldSelector: "involvedObject.name=" + called, Of: object},
		}
		if past {
			it.health = screen.Idle
		}
		g.items = append(g.items, it)
	}
	for key, i := range at {
		it := &g.items[i]
		if n := len(objects[key]); n > 1 {
			_, of, _ := strings.Cut(key.object, "/")
			it.name = fmt.Sprintf("%d Pods of %s", n, cmp.Or(whose[key], of))
			it.open = screen.Resources{Resource: eventsGVR, Namespace: key.namespace, FieldSelector: "type=Warning", Filter: "OBJECT:pod/" + of, Of: key.object}
		}
		if n := counts[key]; n > 1 {
			it.detail = fmt.Sprintf("×%d  %s", n, it.detail)
		}
	}
	if n := len(at); n > 0 {
		g.note = fmt.Sprint(n)
	}
	slices.SortStableFunc(g.items, func(a, b item) int { return int(b.health) - int(a.health) })
	return g
}

// withoutSuffix is what a Pod was called after: web-68b of web-68b-x2k1z.
func withoutSuffix(pod string) string {
	if i := strings.LastIndexByte(pod, '-'); i > 0 {
		return pod[:i]
	}
	return pod
}
