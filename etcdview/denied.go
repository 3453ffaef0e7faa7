package etcdview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// ErrDenied is returned where etcd's roles do not let the user do what was asked for.
var ErrDenied = errors.New("permission denied by etcd's roles")

// isDenied recognises etcd's refusal, which watches send as text.
func isDenied(err error) bool {
	return err != nil && (errors.Is(err, ErrDenied) || errors.Is(err, rpctypes.ErrPermissionDenied) || strings.Contains(err.Error(), rpctypes.ErrPermissionDenied.Error()))
}

// refusal turns etcd's refusal into ErrDenied, with what the user may do as far as etcd tells him; other errors stay.
func (s *Store) refusal(ctx context.Context, err error) error {
	if !isDenied(err) || errors.Is(err, ErrDenied) {
		return err
	}
	user := s.client.Username
	if user == "" {
		return ErrDenied
	}
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var may []string
	if u, e := s.User(ctx, user); e == nil {
		for _, name := range u.Roles {
			r, e := s.Role(ctx, name)
			if e != nil {
				continue
			}
			for _, p := range r.Permissions {
				may = append(may, strings.ToLower(p.Type)+" "+p.Range())
			}
		}
	}
	if len(may) == 0 {
		return fmt.Errorf("%w to %s", ErrDenied, user)
	}
	return fmt.Errorf("%w: %s may %s", ErrDenied, user, strings.Join(may, ", "))
}
