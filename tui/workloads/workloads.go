// Package workloads shows all that runs in a namespace in one table, whatever its kind: Deployments, StatefulSets,
// DaemonSets, ReplicaSets, Jobs, CronJobs, Pods, and the Services before them. Each row has the keys of its kind.
package workloads

import (
	"cmp"
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Workloads asks for the table of a namespace, or of all where it is empty.
type Workloads struct{ Namespace string }

// Module registers the table.
func Module() screen.Module {
	return screen.Module{
		Name:   "Workloads",
		Routes: []screen.Route{screen.To(open)},
		Commands: []screen.Command{{
			Names: []string{"workloads", "workload", "wk"}, Help: "all workloads, Services and Pods in one table: workloads NAMESPACE, workloads all",
			Complete: session.Complete, Run: run,
		}},
	}
}

func run(s *screen.Scope, argument string) (screen.Request, error) {
	ns, err := session.Of(s).UseArgument(argument)
	return Workloads{Namespace: ns}, err
}

// part is the rows of one kind.
type part struct {
	kind, short string
	resource    schema.GroupVersionResource
	source      resource.Source
}

// kinds are what the table holds, in the order in which it shows them.
func kinds() []part {
	apps, batch := schema.GroupVersion{Group: "apps", Version: "v1"}, schema.GroupVersion{Group: "batch", Version: "v1"}
	core := schema.GroupVersion{Version: "v1"}
	return []part{
		{kind: "Deployment", short: "deploy", resource: apps.WithResource("deployments")},
		{kind: "StatefulSet", short: "sts", resource: apps.WithResource("statefulsets")},
		{kind: "DaemonSet", short: "ds", resource: apps.WithResource("daemonsets")},
		{kind: "ReplicaSet", short: "rs", resource: apps.WithResource("replicasets")},
		{kind: "CronJob", short: "cj", resource: batch.WithResource("cronjobs")},
		{kind: "Job", short: "job", resource: batch.WithResource("jobs")},
		{kind: "Service", short: "svc", resource: core.WithResource("services")},
		{kind: "Pod", short: "po", resource: core.WithResource("pods")},
	}
}

func open(s *screen.Scope, r Workloads) (screen.Screen, error) {
	parts := kinds()
	for i := range parts {
		parts[i].source = livetable.Open(s.Context(), s.Cluster(), livetable.Query{Resource: parts[i].resource, Namespace: r.Namespace})
	}
	return newTable(s, r, parts)
}

func newTable(s *screen.Scope, r Workloads, parts []part) (screen.Screen, error) {
	m := merge(s.Context(), parts)
	object := func(row *livetable.Row) screen.Object {
		for _, p := range parts {
			if p.short == row.Cells[kindAt].Text {
				return screen.Object{Resource: p.resource, Kind: p.kind, Namespace: row.Namespace, Name: row.Name, UID: row.UID}
			}
		}
		return screen.Object{}
	}
	return resource.New(s, resource.Spec{
		Name: "workloads", Source: m, Namespaced: true, Namespace: r.Namespace,
		In:     func(ns string) screen.Request { return Workloads{Namespace: ns} },
		Object: object,
		Health: func(row *livetable.Row) screen.Health {
			h, _ := row.Cells[statusAt].Value.(int64)
			return screen.Health(h)
		},
		Firm: []string{"Kind", "Ready"}, Empty: "nothing runs here",
	})
}

// The columns of the table.
const (
	kindAt = iota
	nameAt
	readyAt
	statusAt
	ageAt
)

// merged is several tables as one.
type merged struct {
	*livetable.Made
	parts []part
	stop  context.CancelFunc
}

// settle is how long changes are gathered before the table is made anew.
const settle = 50 * time.Millisecond

// merge makes one table of several, on a goroutine of its own, until ctx ends or Close.
func merge(ctx context.Context, parts []part) *merged {
	ctx, stop := context.WithCancel(ctx)
	m := &merged{parts: parts, stop: stop, Made: livetable.NewMade([]livetable.Column{
		kindAt: {Name: "Kind"}, nameAt: {Name: "Name"}, readyAt: {Name: "Ready"}, statusAt: {Name: "Status"}, ageAt: {Name: "Age", Age: true},
	})}
	wake := make(chan struct{}, 1)
	for _, p := range parts {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-p.source.Changed():
				}
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}()
	}
	m.gather()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-wake:
			}
			m.gather()
			select {
			case <-ctx.Done():
			case <-time.After(settle):
			}
		}
	}()
	return m
}

// Close implements resource.Source.
func (m *merged) Close() {
	m.stop()
	for _, p := range m.parts {
		p.source.Close()
	}
}

func (m *merged) gather() {
	var rows []*livetable.Row
	var err error
	synced := true
	for _, p := range m.parts {
		s := p.source.Snapshot()
		synced, err = synced && s.Synced, cmp.Or(err, s.Err)
		health := resource.HealthOf(p.resource.Resource, s.Columns)
		ready, status := resource.Column(s.Columns, "Ready"), resource.Column(s.Columns, "Status")
		if p.kind == "Job" {
			ready = resource.Column(s.Columns, "Completions")
		}
		for _, r := range s.Rows {
			rows = append(rows, row(p, r, health(r), resource.Text(r, ready), resource.Text(r, status), s.Columns))
		}
	}
	m.Set(rows, synced, err)
}

func row(p part, r *livetable.Row, h screen.Health, ready, status string, columns []livetable.Column) *livetable.Row {
	text := func(name string) string { return resource.Text(r, resource.Column(columns, name)) }
	switch p.kind {
	case "DaemonSet", "ReplicaSet": // these have them in two columns
		ready = text("Ready") + "/" + text("Desired")
	case "Service":
		ready, status = "", text("Type")
	case "CronJob":
		ready, status = "", text("Schedule")
	}
	if status == "" {
		status = word(h)
	}
	cells := []livetable.Cell{
		kindAt: {Text: p.short}, nameAt: {Text: r.Name}, readyAt: {Text: ready}, statusAt: {Text: status, Value: int64(h)}, ageAt: {},
	}
	out := *r
	out.Cells = cells
	return &out
}

// word is a health in words, for kinds that have none of their own.
func word(h screen.Health) string {
	switch h {
	case screen.Good:
		return "ready"
	case screen.Busy:
		return "not all ready"
	case screen.Idle:
		return "at rest"
	case screen.Poor, screen.Bad:
		return "not well"
	}
	return ""
}
