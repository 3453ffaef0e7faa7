package tree

import (
	"context"

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
}

func openUsedBy(s *screen.Scope, r screen.UsedBy) (screen.Screen, error) {
	u := &users{Made: livetable.NewMade([]livetable.Column{{Name: "Kind"}, {Name: "Name"}, {Name: "How"}}), of: map[types.UID]related.Use{}}
	c := s.Cluster()
	screen.Call(s, "read what uses "+r.Name, readTimeout, func(ctx context.Context) (*related.Graph, error) {
		return related.Read(ctx, c, r.Namespace)
	}, func(g *related.Graph, err error) {
		if err != nil {
			u.Set(nil, false, err)
			return
		}
		u.take(g.UsedBy(ref(r.Object)))
	})
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
