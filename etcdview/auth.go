package etcdview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Access is who may do what: etcd's users and roles.
type Access struct {
	// Enabled says whether etcd asks for users at all; Known is false where the server does not tell (before 3.5).
	Enabled bool `json:"enabled"`
	Known   bool `json:"known"`
	// Users and Roles are sorted by name.
	Users []User `json:"users"`
	Roles []Role `json:"roles"`
}

// User is one of etcd's users.
type User struct {
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
}

// Role is a set of permissions.
type Role struct {
	Name        string       `json:"name"`
	Permissions []Permission `json:"permissions"`
}

// Permission lets users read, write or both in a range of keys.
type Permission struct {
	// Type is READ, WRITE or READWRITE.
	Type string `json:"type"`
	// Key is the first key, End the first one behind the range; End is empty for a single key.
	Key string `json:"key"`
	End string `json:"rangeEnd,omitempty"`
}

// Range says in words which keys a permission is for.
func (p Permission) Range() string {
	switch {
	case p.End == "":
		return Printable(p.Key)
	case p.Key == "\x00" && p.End == "\x00":
		return "all keys"
	case p.End == "\x00":
		return Printable(p.Key) + " and all keys behind it"
	case p.End == clientv3.GetPrefixRangeEnd(p.Key):
		return Printable(p.Key) + "*"
	}
	return fmt.Sprintf("from %s to before %s", Printable(p.Key), Printable(p.End))
}

// Access lists users and roles, with one request for each.
func (s *Store) Access(ctx context.Context) (a *Access, err error) {
	err = s.Request(ctx, func(ctx context.Context) (err error) {
		a, err = s.access(ctx)
		return err
	})
	return a, err
}

func (s *Store) access(ctx context.Context) (*Access, error) {
	a := &Access{Users: []User{}, Roles: []Role{}}
	if r, err := s.client.AuthStatus(ctx); err == nil {
		a.Enabled, a.Known = r.Enabled, true
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	users, err := s.client.UserList(ctx)
	if err != nil {
		return nil, readError("list the users", "", err)
	}
	for _, name := range users.Users {
		u, err := s.User(ctx, name)
		if err != nil {
			return nil, err
		}
		a.Users = append(a.Users, u)
	}
	roles, err := s.client.RoleList(ctx)
	if err != nil {
		return nil, readError("list the roles", "", err)
	}
	for _, name := range roles.Roles {
		r, err := s.Role(ctx, name)
		if err != nil {
			return nil, err
		}
		a.Roles = append(a.Roles, r)
	}
	slices.SortFunc(a.Users, func(x, y User) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(a.Roles, func(x, y Role) int { return cmp.Compare(x.Name, y.Name) })
	return a, nil
}

// User asks for one user, which everybody may do for himself. It returns ErrNotFound for one that does not exist.
func (s *Store) User(ctx context.Context, name string) (User, error) {
	u, err := s.client.UserGet(ctx, name)
	if errors.Is(err, rpctypes.ErrUserNotFound) {
		return User{}, fmt.Errorf("user %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return User{}, readError("ask for user", name, err)
	}
	slices.Sort(u.Roles)
	return User{name, append([]string{}, u.Roles...)}, nil
}

// Role asks for one role, which everybody may do for his own. It returns ErrNotFound for one that does not exist.
func (s *Store) Role(ctx context.Context, name string) (Role, error) {
	r, err := s.client.RoleGet(ctx, name)
	if errors.Is(err, rpctypes.ErrRoleNotFound) {
		return Role{}, fmt.Errorf("role %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return Role{}, readError("ask for role", name, err)
	}
	role := Role{Name: name, Permissions: []Permission{}}
	for _, p := range r.Perm {
		role.Permissions = append(role.Permissions, Permission{authpb.Permission_Type_name[int32(p.PermType)], string(p.Key), string(p.RangeEnd)})
	}
	return role, nil
}
