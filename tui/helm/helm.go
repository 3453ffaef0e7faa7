// Package helm shows the releases that Helm keeps in the cluster: the newest revision of each, their history, values,
// manifest and notes, and what one revision changed against another. It only reads.
package helm

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/helm"
	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

type (
	// Releases asks for the releases of a namespace, or of all where it is empty.
	Releases struct{ Namespace string }
	// History asks for the revisions of one release.
	History struct{ Namespace, Name string }
	// Text asks for a text of a revision. From is the revision that a diff compares with; 0 for the one before.
	Text struct {
		Namespace, Name string
		Version, From   int
		What            string
	}
)

// The texts of a revision.
const (
	values    = "values"
	allValues = "all values"
	manifest  = "manifest"
	notes     = "notes"
	diff      = "diff"
)

// Module registers the screens.
func Module() screen.Module {
	return screen.Module{
		Name:   "Helm",
		Routes: []screen.Route{screen.To(openReleases), screen.To(openHistory), screen.To(openText)},
		Commands: []screen.Command{{
			Names: []string{"helm", "charts", "hm", "releases"}, Help: "the releases of Helm, decoded: helm NAMESPACE, helm all",
			Complete: session.Complete, Run: func(s *screen.Scope, argument string) (screen.Request, error) {
				ns, err := session.Of(s).UseArgument(argument)
				return Releases{Namespace: ns}, err
			},
		}},
		Keys: map[string]key.Table{"Helm releases": keys(true), "Helm history": keys(false), "Helm text": textKeys()},
	}
}

const (
	actValues   key.Action = "values"
	actAll      key.Action = "values.all"
	actManifest key.Action = "manifest"
	actNotes    key.Action = "notes"
	actHistory  key.Action = "history"
	actDiff     key.Action = "diff"
)

func keys(releases bool) key.Table {
	t := key.Table{
		{Action: actValues, Keys: []string{"v"}, Hint: "values", Help: "the values that were given", Group: "Open"},
		{Action: actAll, Keys: []string{"a"}, Help: "all values, the chart's own too", Group: "Open"},
		{Action: actManifest, Keys: []string{"m", "y"}, Hint: "manifest", Help: "the manifest", Group: "Open"},
		{Action: actNotes, Keys: []string{"t"}, Hint: "notes", Help: "the notes", Group: "Open"},
		{Action: actDiff, Keys: []string{"x"}, Hint: "diff", Help: "what the revision changed; with a marked one, what changed since that", Group: "Open"},
	}
	if releases {
		t = append(t, key.Binding{Action: actHistory, Keys: []string{"r"}, Hint: "history", Help: "the revisions of the release", Group: "Open"})
	}
	return t
}

const readTimeout = 20 * time.Second

// The columns of both tables.
const (
	nameAt = iota
	revisionAt
	statusAt
	chartAt
	appAt
	descriptionAt
	updatedAt
)

func columns() []livetable.Column {
	return []livetable.Column{
		nameAt: {Name: "Name"}, revisionAt: {Name: "Revision", Type: "integer"}, statusAt: {Name: "Status"}, chartAt: {Name: "Chart"},
		appAt: {Name: "App version"}, descriptionAt: {Name: "Description"}, updatedAt: {Name: "Age", Age: true},
	}
}

// list is releases as rows. The Secrets' labels say which there are; what else is shown is decoded, once a Secret.
type list struct {
	*livetable.Made
	scope   *screen.Scope
	secrets resource.Source
	newest  bool // only the newest revision of each
	decoded map[types.UID]*helm.Release
	wrong   map[types.UID]error
	asked   map[types.UID]bool
}

var secretsGVR = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

func follow(s *screen.Scope, namespace, name string) *list {
	q := livetable.Query{Resource: secretsGVR, Namespace: namespace, LabelSelector: helm.Selector, FieldSelector: "type=" + helm.SecretType}
	if name != "" {
		q.LabelSelector += ",name=" + name
	}
	return newList(s, livetable.Open(s.Context(), s.Cluster(), q), name == "")
}

func newList(s *screen.Scope, secrets resource.Source, newest bool) *list {
	l := &list{
		Made: livetable.NewMade(columns()), scope: s, secrets: secrets, newest: newest,
		decoded: map[types.UID]*helm.Release{}, wrong: map[types.UID]error{}, asked: map[types.UID]bool{},
	}
	s.Live(l.secrets.Changed(), l.refresh)
	l.refresh()
	return l
}

// Close implements resource.Source.
func (l *list) Close() { l.secrets.Close() }

func (l *list) refresh() {
	s := l.secrets.Snapshot()
	type release struct{ namespace, name string }
	newest := map[release]*livetable.Row{}
	for _, r := range s.Rows {
		key := release{r.Namespace, r.Labels["name"]}
		if old := newest[key]; old == nil || helm.Revision(r.Labels) > helm.Revision(old.Labels) {
			newest[key] = r
		}
	}
	var rows []*livetable.Row
	for _, r := range s.Rows {
		if l.newest && newest[release{r.Namespace, r.Labels["name"]}] != r {
			continue
		}
		rows = append(rows, l.row(r))
		l.decode(r)
	}
	l.Set(rows, s.Synced, s.Err)
}

func (l *list) row(r *livetable.Row) *livetable.Row {
	version := helm.Revision(r.Labels)
	out := &livetable.Row{UID: r.UID, Namespace: r.Namespace, Name: r.Labels["name"], Created: r.Created, Labels: r.Labels, Cells: make([]livetable.Cell, updatedAt+1)}
	out.Cells[nameAt].Text, out.Cells[statusAt].Text = r.Labels["name"], r.Labels["status"]
	out.Cells[revisionAt] = livetable.Cell{Text: fmt.Sprint(version), Value: int64(version)}
	if d := l.decoded[r.UID]; d != nil {
		out.Cells[chartAt].Text, out.Cells[appAt].Text, out.Cells[descriptionAt].Text = d.ChartName(), d.Chart.Metadata.AppVersion, d.Info.Description
		if !d.Info.LastDeployed.IsZero() {
			out.Created = d.Info.LastDeployed
		}
	} else if err := l.wrong[r.UID]; err != nil {
		out.Cells[descriptionAt].Text = err.Error()
	}
	return out
}

// decode reads the Secret of a row, once.
func (l *list) decode(r *livetable.Row) {
	if l.asked[r.UID] {
		return
	}
	l.asked[r.UID] = true
	c := l.scope.Cluster()
	screen.Call(l.scope, "release "+r.Labels["name"], readTimeout, func(ctx context.Context) (*helm.Release, error) {
		return helm.Read(ctx, c, r.Namespace, r.Name)
	}, func(d *helm.Release, err error) {
		if err != nil {
			l.wrong[r.UID] = err
		} else {
			d.Manifest, d.Hooks, d.Chart.Values, d.Config = "", nil, nil, nil // the screens read them again
			l.decoded[r.UID] = d
		}
		l.refresh()
	})
}

func openReleases(s *screen.Scope, r Releases) (screen.Screen, error) {
	return newReleases(s, r, follow(s, r.Namespace, ""))
}

func newReleases(s *screen.Scope, r Releases, l *list) (screen.Screen, error) {
	return resource.New(s, l.spec(resource.Spec{
		Name: "helm releases", Namespaced: true, Namespace: r.Namespace,
		In:    func(ns string) screen.Request { return Releases{Namespace: ns} },
		Enter: func(row *livetable.Row) screen.Request { return History{Namespace: row.Namespace, Name: row.Name} },
		Keys:  keys(true), Empty: "Helm has installed nothing here",
	}))
}

func openHistory(s *screen.Scope, r History) (screen.Screen, error) {
	l := follow(s, r.Namespace, r.Name)
	return resource.New(s, l.spec(resource.Spec{
		Name: "history", Crumbs: []string{r.Namespace, "helm releases", r.Name}, Keys: keys(false), Order: "Revision", Down: true,
		Enter: func(row *livetable.Row) screen.Request { return textOf(row, diff) },
		Empty: "no revision of it is kept",
	}))
}

func (l *list) spec(s resource.Spec) resource.Spec {
	s.Source, s.Firm, s.Do = l, []string{"Revision", "Status"}, l.do
	s.Health = func(row *livetable.Row) screen.Health { return health(row.Labels["status"]) }
	return s
}

// health is what a status of Helm's means.
func health(status string) screen.Health {
	switch {
	case status == "deployed":
		return screen.Good
	case status == "superseded" || status == "uninstalled":
		return screen.Idle
	case status == "failed":
		return screen.Bad
	case strings.HasPrefix(status, "pending") || status == "uninstalling":
		return screen.Busy
	}
	return screen.Poor
}

func textOf(row *livetable.Row, what string) Text {
	return Text{Namespace: row.Namespace, Name: row.Name, Version: helm.Revision(row.Labels), What: what}
}

func (l *list) do(a key.Action, rows []*livetable.Row) bool {
	what, ok := map[key.Action]string{actValues: values, actAll: allValues, actManifest: manifest, actNotes: notes, actDiff: diff}[a]
	switch {
	case a == actHistory:
		l.scope.Open(History{Namespace: rows[0].Namespace, Name: rows[0].Name})
	case !ok:
		return false
	case a == actDiff && len(rows) == 2 && rows[0].Name == rows[1].Name:
		from, to := textOf(rows[0], what), textOf(rows[1], what)
		if from.Version > to.Version {
			from, to = to, from
		}
		to.From = from.Version
		l.scope.Open(to)
	case a == actDiff && len(rows) > 1:
		l.scope.Say(screen.Poor, "mark two revisions of one release to compare them")
	default:
		l.scope.Open(textOf(rows[0], what))
	}
	return true
}
