package manage

import (
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/etcd/access"
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// users is the screen of who may do what.
type users struct {
	scope   *screen.Scope
	store   *etcdview.Store
	access  *etcdview.Access
	err     error
	users   grid.Grid
	roles   grid.Grid
	onRoles bool
}

func openUsers(s *screen.Scope, _ access.Users) (screen.Screen, error) {
	store, err := access.Store(s)
	if err != nil {
		return nil, err
	}
	v := &users{scope: s, store: store}
	v.users.Columns = []grid.Column{{Head: "USER"}, {Head: "ROLES", Wide: true}}
	v.roles.Columns = []grid.Column{{Head: "ROLE"}, {Head: "MAY"}, {Head: "KEYS", Wide: true}}
	v.ask()
	return v, nil
}

func (v *users) ask() {
	screen.Call(v.scope, "ask for users and roles", askTimeout, v.store.Access, func(a *etcdview.Access, err error) {
		if v.err = err; err == nil {
			v.access = a
		}
		access.Again(v.scope, err, func() bool { return true }, v.ask)
	})
}

// permissions are the lines of the roles: one for each permission.
func (v *users) permissions() [][]grid.Cell {
	var rows [][]grid.Cell
	for _, r := range v.access.Roles {
		if len(r.Permissions) == 0 {
			rows = append(rows, grid.Plain(r.Name, "nothing", ""))
		}
		for i, p := range r.Permissions {
			name := r.Name
			if i > 0 {
				name = ""
			}
			rows = append(rows, grid.Plain(name, strings.ToLower(strings.ReplaceAll(p.Type, "READWRITE", "read, write")), p.Range()))
		}
	}
	return rows
}

// Place implements screen.Screen.
func (v *users) Place() screen.Place {
	p := screen.Place{Crumbs: []string{"etcd", "users and roles"}}
	switch {
	case v.err != nil:
		p.State = screen.Failure(v.err)
	case v.access == nil:
		p.State = screen.State{Health: screen.Unknown, Text: "asking"}
	case v.access.Enabled:
		p.State = screen.State{Health: screen.Good, Text: "authentication is on"}
	case v.access.Known:
		p.State = screen.State{Health: screen.Idle, Text: "authentication is off"}
	default:
		p.State = screen.State{Health: screen.Unknown, Text: "this etcd does not tell whether authentication is on"}
	}
	return p
}

// Keys implements screen.Screen.
func (v *users) Keys() key.Table { return userKeys() }

// Do implements screen.Screen.
func (v *users) Do(a key.Action) {
	switch {
	case a == actReload:
		v.ask()
	case a == actNext:
		v.onRoles = !v.onRoles
	case v.access == nil:
	case v.onRoles:
		v.roles.Cursor.Move(a, len(v.permissions()))
	default:
		v.users.Cursor.Move(a, len(v.access.Users))
	}
}

// Draw implements screen.Screen.
func (v *users) Draw(full *canvas.Canvas) {
	s := v.scope.Styles()
	c := full.Cut(1, 0, full.Width()-2, full.Height())
	if v.access == nil {
		text := "asking etcd …"
		if v.err != nil {
			text = "✗ " + screen.Reason(v.err)
		}
		c.Clip(0, 0, c.Width(), s.Muted, text)
		return
	}
	half := c.Width() / 2
	left, right := c.Cut(0, 0, half-2, c.Height()), c.Cut(half, 0, c.Width()-half, c.Height())
	if c.Width() < 100 {
		up := c.Height() / 2
		left, right = c.Cut(0, 0, c.Width(), up-1), c.Cut(0, up, c.Width(), c.Height()-up)
	}
	v.users.Draw(left, s, len(v.access.Users), func(i int) []grid.Cell {
		u := v.access.Users[i]
		return grid.Plain(u.Name, strings.Join(u.Roles, ", "))
	}, !v.onRoles)
	if len(v.access.Users) == 0 {
		left.Text(0, 1, s.Muted, "no users")
	}
	rows := v.permissions()
	v.roles.Draw(right, s, len(rows), func(i int) []grid.Cell { return rows[i] }, v.onRoles)
	if len(rows) == 0 {
		right.Text(0, 1, s.Muted, "no roles")
	}
}
