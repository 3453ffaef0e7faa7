package tree

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/livetable"
	"github.com/podarium/podarium/cluster/related"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/screen"
)

// users are what uses an object, as rows.
type users struct {
	*livetable.Made
	of map[types.UID]related.Use

	scope          *screen.Scope
	object         screen.Object
	reading, again bool
	loaded         bool
}

// seldom is how often what uses an object is read anew where no Pod changed: an Ingress and a ServiceAccount use objects, too.
const seldom = 10 * time.Second

func (u *users) poll() {
	u.scope.After(seldom, func() {
		u.read()
		u.poll()
	})
}

// read reads what uses the object, and again after a rest where something changed meanwhile.
func (u *users) read() {
	if u.reading {
		u.again = true
		return
	}
	u.reading = true
	what := "read what uses " + u.object.Name
	if u.loaded {
		what = "" // what is shown is read anew: nobody waits for that
	}
	c := u.scope.Cluster()
	screen.Call(u.scope, what, readTimeout, func(ctx context.Context) (*related.Graph, error) {
		return related.Read(ctx, c, u.object.Namespace)
	}, func(g *related.Graph, err error) {
		if err != nil {
			u.fail(err)
		} else {
			u.take(g.UsedBy(ref(u.object)))
		}
		u.scope.After(rest, func() {
			u.reading = false
			if u.again {
				u.again = false
				u.read()
			}
		})
	})
}

// fail keeps the rows, and says why they may be old.
func (u *users) fail(err error) { u.Set(u.Snapshot().Rows, u.loaded, err) }

func openUsedBy(s *screen.Scope, r screen.UsedBy) (screen.Screen, error) {
	u := &users{Made: livetable.NewMade([]livetable.Column{{Name: "Kind"}, {Name: "Name"}, {Name: "How"}}), of: map[types.UID]related.Use{}}
	u.scope, u.object = s, r.Object
	pods := livetable.Open(s.Context(), s.Cluster(), livetable.Query{Resource: pods, Namespace: r.Namespace})
	s.Live(pods.Changed(), u.read)
	u.read()
	u.poll()
	spec := resource.Spec{
		Name: "used by", Crumbs: []string{r.Resource.Resource, r.Name}, Source: u, Namespaced: r.Namespace != "", Namespace: r.Namespace,
		Object: func(row *livetable.Row) screen.Object {
			by := u.of[row.UID].By
			return screen.Object{Resource: by.Resource, Kind: by.Kind, Namespace: by.Namespace, Name: by.Name, UID: by.UID}
		},
		Firm: []string{"Kind"}, Empty: "nothing uses it",
	}
	return resource.New(s, spec)
}

func (u *users) take(uses []related.Use) {
	u.loaded = true
	clear(u.of)
	rows := map[types.UID]*livetable.Row{}
	var all []*livetable.Row
	for _, use := range uses {
		if row := rows[use.By.UID]; row != nil {
			row.Cells[2].Text += ", " + use.How
			continue
		}
		row := &livetable.Row{UID: use.By.UID, Namespace: use.By.Namespace, Name: use.By.Name, Cells: []livetable.Cell{{Text: use.By.Kind}, {Text: use.By.Name}, {Text: use.How}}}
		rows[use.By.UID], u.of[use.By.UID] = row, use
		all = append(all, row)
	}
	u.Set(all, true, nil)
}
