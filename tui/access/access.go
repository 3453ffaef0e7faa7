// Package access shows who can do something, what someone can do, and the rules of roles, from the RBAC objects of the
// cluster (package cluster/access).
package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/access"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

type (
	// WhoCan asks who can do something.
	WhoCan struct{ access.Ask }
	// WhatCan asks what a user, a group or a service account can do.
	WhatCan struct{ rbacv1.Subject }
)

const readTimeout = 20 * time.Second

// Module registers the screens.
func Module() screen.Module {
	return screen.Module{
		Name:   "Access",
		Routes: []screen.Route{screen.To(openWho), screen.To(openWhat), screen.To(openRules)},
		Commands: []screen.Command{
			{Names: []string{"can", "whocan"}, Help: "who can do something: can VERB RESOURCE NAME, can get pods/log; or what someone can: can u:NAME, g:NAME, s:NAMESPACE:NAME", Complete: complete, Run: run},
			{Names: []string{"policy"}, Help: "what a user, a group or a service account can do: policy u:NAME, g:NAME, s:NAMESPACE:NAME", Run: run},
		},
	}
}

// verbs are those that have a column, in k9s's order.
var verbs = []string{"get", "list", "watch", "create", "patch", "update", "delete"}

func complete(s *screen.Scope, _ string) []string {
	all := append([]string{}, verbs...)
	for _, k := range session.Of(s).Kinds() {
		all = append(all, k.Resource.Resource)
	}
	return all
}

func run(s *screen.Scope, argument string) (screen.Request, error) {
	ses := session.Of(s)
	words := strings.Fields(argument)
	switch {
	case len(words) == 1:
		subject, err := access.ParseSubject(words[0], ses.Namespace)
		if err != nil {
			return nil, err
		}
		if subject.Kind == rbacv1.ServiceAccountKind && subject.Namespace == "" {
			subject.Namespace = metav1.NamespaceDefault
		}
		return WhatCan{subject}, nil
	case len(words) == 0 || len(words) > 3:
		return nil, fmt.Errorf("say what: can get pods, can delete deployments NAME, can get /healthz, can u:NAME")
	}
	ask := access.Ask{Verb: strings.ToLower(words[0]), Namespace: ses.Namespace}
	if strings.HasPrefix(words[1], "/") {
		ask.Path = words[1]
		return WhoCan{ask}, nil
	}
	name, sub, _ := strings.Cut(words[1], "/")
	k, ok := ses.Find(name)
	if !ok {
		return nil, fmt.Errorf("the cluster has no kind %q", name)
	}
	ask.Group, ask.Resource, ask.Subresource = k.Resource.Group, k.Resource.Resource, sub
	if !k.Namespaced {
		ask.Namespace = ""
	}
	if len(words) == 3 {
		ask.Name = words[2]
	}
	return WhoCan{ask}, nil
}

// rest is how long a table rests after it was read, however much changes.
const rest = time.Second

// rbac are the resources that the tables are read from.
var rbac = []string{"roles", "rolebindings", "clusterroles", "clusterrolebindings"}

// read fills a table, and fills it anew when a role or binding changes. What rows returns is handed over on the UI's
// goroutine.
func read[T any](s *screen.Scope, t *livetable.Made, ask func(context.Context, *cluster.Cluster) (T, error), rows func(T) []*livetable.Row) {
	c := s.Cluster()
	reading, again, loaded := false, false, false
	var fill func()
	fill = func() {
		if reading {
			again = true
			return
		}
		reading = true
		what := "read roles and bindings"
		if loaded {
			what = "" // what is shown is read anew: nobody waits for that
		}
		screen.Call(s, what, readTimeout, func(ctx context.Context) (T, error) { return ask(ctx, c) }, func(answer T, err error) {
			if err != nil {
				t.Set(t.Snapshot().Rows, loaded, err)
			} else {
				loaded = true
				t.Set(distinct(rows(answer)), true, nil)
			}
			s.After(rest, func() {
				reading = false
				if again {
					again = false
					fill()
				}
			})
		})
	}
	for _, r := range rbac {
		table := livetable.Open(s.Context(), c, livetable.Query{Resource: rbacv1.SchemeGroupVersion.WithResource(r)})
		s.Live(table.Changed(), fill)
	}
	fill()
}

// distinct gives each row a UID of what it says, so that the cursor and the marks stay with it when the table is read anew.
func distinct(rows []*livetable.Row) []*livetable.Row {
	seen := map[types.UID]int{}
	for _, r := range rows {
		uid := types.UID(r.Name)
		for _, c := range r.Cells {
			uid += types.UID("|" + c.Text)
		}
		if seen[uid]++; seen[uid] > 1 {
			uid += types.UID(fmt.Sprint("#", seen[uid]))
		}
		r.UID = uid
	}
	return rows
}

func openWho(s *screen.Scope, r WhoCan) (screen.Screen, error) {
	t := livetable.NewMade([]livetable.Column{{Name: "Kind"}, {Name: "Name"}, {Name: "Where"}, {Name: "Role"}, {Name: "Binding"}})
	subjects := map[string]rbacv1.Subject{} // by kind and name
	read(s, t, access.Read, func(p *access.Policy) []*livetable.Row {
		var rows []*livetable.Row
		for _, g := range p.WhoCan(r.Ask) {
			name := strings.TrimPrefix(g.Subject.Namespace+"/"+g.Subject.Name, "/")
			row := &livetable.Row{Name: name}
			row.Cells = texts(g.Subject.Kind, name, where(g), g.RoleKind+"/"+g.Role, g.BindingKind+"/"+g.Binding)
			subjects[g.Subject.Kind+"/"+name] = g.Subject
			rows = append(rows, row)
		}
		return rows
	})
	what := strings.Join(strings.Fields(r.Verb+" "+r.Path+strings.TrimSuffix(r.Resource+"/"+r.Subresource, "/")+" "+r.Name), " ")
	scope := "in all namespaces"
	switch {
	case r.Path != "":
		scope = ""
	case r.Namespace != "":
		scope = "in " + r.Namespace
	}
	return resource.New(s, resource.Spec{
		Name: "who can " + what, Note: scope, Source: t, Firm: []string{"Kind", "Name"}, Empty: "nobody can, by RBAC",
		Enter: func(row *livetable.Row) screen.Request { return WhatCan{subjects[row.Cells[0].Text+"/"+row.Name]} },
	})
}

func texts(all ...string) []livetable.Cell {
	cells := make([]livetable.Cell, len(all))
	for i, text := range all {
		cells[i].Text = text
	}
	return cells
}

func where(g access.Grant) string {
	if g.Namespace == "" {
		return "everywhere"
	}
	return g.Namespace
}

func nowhere(*livetable.Row) screen.Request { return nil }

func openWhat(s *screen.Scope, r WhatCan) (screen.Screen, error) {
	t := livetable.NewMade(ruleColumns(true))
	read(s, t, access.Read, func(p *access.Policy) []*livetable.Row { return ruleRows(p.WhatCan(r.Subject), true) })
	return resource.New(s, resource.Spec{
		Name: "can", Crumbs: []string{strings.ToLower(r.Kind), strings.TrimPrefix(r.Subject.Namespace+"/"+r.Name, "/")}, Source: t,
		Firm: firm(), Empty: "it can do nothing, by RBAC", Enter: nowhere,
	})
}

// openRules shows the rules of a role, of the role of a binding, or all that a service account can do.
func openRules(s *screen.Scope, r screen.Rules) (screen.Screen, error) {
	if r.Kind == rbacv1.ServiceAccountKind {
		return openWhat(s, WhatCan{rbacv1.Subject{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}})
	}
	t := livetable.NewMade(ruleColumns(false))
	read(s, t, func(ctx context.Context, c *cluster.Cluster) ([]rbacv1.PolicyRule, error) {
		return access.RulesOf(ctx, c, r.Kind, r.Namespace, r.Name)
	}, func(rules []rbacv1.PolicyRule) []*livetable.Row {
		grants := make([]access.Grant, len(rules))
		for i := range rules {
			grants[i].Rule = rules[i]
		}
		return ruleRows(grants, false)
	})
	crumbs := []string{r.Resource.Resource, r.Name}
	if r.Namespace != "" {
		crumbs = append([]string{r.Namespace}, crumbs...)
	}
	return resource.New(s, resource.Spec{Name: "rules", Crumbs: crumbs, Source: t, Firm: firm(), Empty: "it has no rules", Enter: nowhere})
}

// firm are the columns of verbs.
func firm() []string {
	var out []string
	for _, c := range ruleColumns(false)[1 : len(verbs)+1] {
		out = append(out, c.Name)
	}
	return out
}

func ruleColumns(granted bool) []livetable.Column {
	columns := []livetable.Column{{Name: "Name"}}
	for _, v := range verbs {
		columns = append(columns, livetable.Column{Name: v})
	}
	columns = append(columns, livetable.Column{Name: "Others"}, livetable.Column{Name: "Only"})
	if granted {
		columns = append(columns, livetable.Column{Name: "Where"}, livetable.Column{Name: "By"}, livetable.Column{Name: "Role"}, livetable.Column{Name: "Binding"})
	}
	return columns
}

// ruleRows are rules as rows: one for each resource or path, with a tick for each verb.
func ruleRows(grants []access.Grant, granted bool) []*livetable.Row {
	var rows []*livetable.Row
	for _, g := range grants {
		for _, what := range access.Targets(g.Rule) {
			row := &livetable.Row{Name: what, Cells: texts(what)}
			for _, v := range verbs {
				mark := "·"
				if slices.Contains(g.Rule.Verbs, v) || slices.Contains(g.Rule.Verbs, rbacv1.VerbAll) {
					mark = "✓"
				}
				row.Cells = append(row.Cells, livetable.Cell{Text: mark})
			}
			var others []string
			for _, have := range g.Rule.Verbs {
				if !slices.Contains(verbs, have) {
					others = append(others, have)
				}
			}
			row.Cells = append(row.Cells, texts(strings.Join(others, " "), strings.Join(g.Rule.ResourceNames, " "))...)
			if granted {
				row.Cells = append(row.Cells, texts(where(g), g.Subject.Kind+"/"+g.Subject.Name, g.RoleKind+"/"+g.Role, g.BindingKind+"/"+g.Binding)...)
			}
			rows = append(rows, row)
		}
	}
	return rows
}
