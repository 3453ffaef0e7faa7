package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
)

// LeaseID reads the ID of a lease as etcd prints it, in hexadecimal.
func LeaseID(id string) (clientv3.LeaseID, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(id, "0x"), 16, 63)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no lease: give its ID in hexadecimal, as 'leases' prints it", id)
	}
	return clientv3.LeaseID(n), nil
}

// PlanLeaseGrant plans a new lease, of whole seconds.
func PlanLeaseGrant(s *etcdview.Store, ttl time.Duration) (*Operation, error) {
	if ttl < time.Second {
		return nil, fmt.Errorf("%w: a lease lasts a second at least", ErrRefused)
	}
	return &Operation{
		Name: "lease grant", Preview: []string{fmt.Sprintf("grant a lease of %s: keys that are put on it go when it ends", ttl.Truncate(time.Second))},
		do: func(ctx context.Context, _ func(string)) (string, error) {
			var r *clientv3.LeaseGrantResponse
			err := s.Request(ctx, func(ctx context.Context) (err error) {
				r, err = s.Client().Grant(ctx, int64(ttl/time.Second))
				return err
			})
			if err != nil {
				return "", fmt.Errorf("etcd: grant a lease: %w", err)
			}
			return fmt.Sprintf("lease %x granted for %d s", r.ID, r.TTL), nil
		},
	}, nil
}

// PlanLeaseKeepAlive plans to renew a lease once, or with once unset again and again until the context ends, which is
// then no error.
func PlanLeaseKeepAlive(ctx context.Context, s *etcdview.Store, id string, once bool) (*Operation, error) {
	l, n, err := lease(ctx, s, id)
	if err != nil {
		return nil, err
	}
	op := &Operation{Name: "lease keep-alive", Target: l.ID}
	op.Preview = []string{fmt.Sprintf("renew lease %s, which ends in %d s, for %d s", l.ID, l.Remaining, l.TTL)}
	if !once {
		op.Preview[0] += ", again and again until interrupted"
	}
	op.do = func(ctx context.Context, report func(string)) (string, error) {
		renewed := 0
		result := func() string { return fmt.Sprintf("lease %s renewed %s", l.ID, times(renewed)) }
		if once {
			if err := s.Request(ctx, func(ctx context.Context) error { return second(s.Client().KeepAliveOnce(ctx, n)) }); err != nil {
				return "", fmt.Errorf("etcd: renew lease %s: %w", l.ID, err)
			}
			renewed++
			return result(), nil
		}
		answers, err := s.Client().KeepAlive(ctx, n)
		if err != nil {
			return "", fmt.Errorf("etcd: renew lease %s: %w", l.ID, err)
		}
		for a := range answers {
			renewed++
			report(fmt.Sprintf("lease %s renewed for %d s", l.ID, a.TTL))
		}
		if ctx.Err() != nil {
			return result(), nil
		}
		return result(), fmt.Errorf("lease %s has ended, or etcd does not answer any more", l.ID)
	}
	return op, nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// PlanLeaseRevoke plans to end a lease now. All keys on it are deleted: they are in the plan with their values, up to
// MaxDelete of them.
func PlanLeaseRevoke(ctx context.Context, s *etcdview.Store, id string) (*Operation, error) {
	l, n, err := lease(ctx, s, id)
	if err != nil {
		return nil, err
	}
	if len(l.Keys) > MaxDelete {
		return nil, fmt.Errorf("%w: %d keys hang on lease %s, and no more than %d are deleted at once", ErrRefused, len(l.Keys), l.ID, MaxDelete)
	}
	op := &Operation{Name: "lease revoke", Target: l.ID, Confirm: "yes"}
	for _, k := range l.Keys {
		kv, err := s.Get(ctx, etcdview.ParseKey(k), 0)
		if errors.Is(err, etcdview.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		op.Deletes = append(op.Deletes, kv)
	}
	op.Preview = []string{fmt.Sprintf("end lease %s, which would end in %d s, and delete what hangs on it: %s", l.ID, l.Remaining, count(len(op.Deletes), "key"))}
	if len(op.Deletes) > 1 {
		op.Confirm = strconv.Itoa(len(op.Deletes))
	}
	op.do = func(ctx context.Context, _ func(string)) (string, error) {
		now, err := s.Lease(ctx, int64(n))
		if err != nil {
			return "", err
		}
		if !slices.Equal(now.Keys, l.Keys) { // etcd has no condition for this: it is looked at once more, and then done
			return "", fmt.Errorf("lease %s: other keys hang on it now: %w", l.ID, ErrChanged)
		}
		if err := s.Request(ctx, func(ctx context.Context) error { return second(s.Client().Revoke(ctx, n)) }); err != nil {
			return "", fmt.Errorf("etcd: revoke lease %s: %w", l.ID, err)
		}
		return fmt.Sprintf("lease %s has ended, with %s", l.ID, count(len(op.Deletes), "key")), nil
	}
	return op, nil
}

func lease(ctx context.Context, s *etcdview.Store, id string) (*etcdview.Lease, clientv3.LeaseID, error) {
	n, err := LeaseID(id)
	if err != nil {
		return nil, 0, err
	}
	l, err := s.Lease(ctx, int64(n))
	return l, n, err
}
