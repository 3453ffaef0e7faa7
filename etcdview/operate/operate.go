// Package operate changes an etcd: the only part of etcdview that does. Each operation is planned first, so that it can
// be shown, and refuses what is known to destroy.
//
// Guarantees: a write is a compare-and-swap on the revision that the plan showed, so nothing that changed since is
// overwritten; a key keeps its lease; what is overwritten or deleted is written to an undo file first, and if that
// cannot be done nothing is changed. Under a Kubernetes registry values are decoded anew before they are written: they
// must be an object of the kind and name that the key says, in the form that is stored there.
package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/registry"
)

// ErrChanged is returned when a key is no longer as the plan showed it. Nothing was written: plan again.
var ErrChanged = errors.New("the key has changed meanwhile")

// ErrRefused is wrapped by errors that say why something must not be done.
var ErrRefused = errors.New("refused")

// Change is what a plan does to one key.
type Change struct {
	Key string
	// Old is nil where the key does not exist, New nil where it is deleted.
	Old *etcdview.KV
	New []byte
	// Lease is what the key is put on; 0 for the lease that it is on, if any.
	Lease clientv3.LeaseID
}

// Plan is a list of changes that have been checked.
type Plan struct{ Changes []Change }

// PlanPut plans to write a value. In a registry (o.Prefix, or any in common use) it is refused where the value is not
// an object of the key's kind and name, or is of another form than what is stored.
func PlanPut(ctx context.Context, s *etcdview.Store, key string, value []byte, o decode.Options) (*Plan, error) {
	if key == "" {
		return nil, fmt.Errorf("%w: the key is empty", ErrRefused)
	}
	c := Change{Key: key, New: value}
	old, err := s.Get(ctx, key, 0)
	switch {
	case err == nil:
		c.Old = &old
	case !errors.Is(err, etcdview.ErrNotFound):
		return nil, err
	}
	if err := checkObject(ctx, &c, o); err != nil {
		return nil, err
	}
	return &Plan{[]Change{c}}, nil
}

// OnLease puts what is written on a lease, which must exist. Under a Kubernetes registry it is refused: the objects there
// would be gone, without a word to anybody, when it ends.
func (p *Plan) OnLease(ctx context.Context, s *etcdview.Store, id string) error {
	l, n, err := lease(ctx, s, id)
	if err != nil {
		return err
	}
	for i := range p.Changes {
		if key := p.Changes[i].Key; registry.Within("", key) {
			return fmt.Errorf("%w: %s would be gone when lease %s ends, in %d s", ErrRefused, etcdview.Printable(key), l.ID, l.Remaining)
		}
		p.Changes[i].Lease = n
	}
	return nil
}

// checkObject refuses values that an API server could not read back.
func checkObject(ctx context.Context, c *Change, o decode.Options) error {
	v := decode.Decode(ctx, c.Key, c.New, o)
	if !v.IsObject {
		if registry.Within(o.Prefix, c.Key) {
			return fmt.Errorf("%w: %s lies in a Kubernetes registry, and names no object: an API server would not find it", ErrRefused, etcdview.Printable(c.Key))
		}
		return nil
	}
	if v.Encryption != nil {
		return fmt.Errorf("%w: encrypted values cannot be written: they are bound to their key", ErrRefused)
	}
	if v.Err != nil {
		return fmt.Errorf("%w: one value that cannot be decoded makes every list of %s fail: %w", ErrRefused, v.Object.GroupResource, v.Err)
	}
	if !v.Object.Served() {
		return fmt.Errorf("%w: %s is Kubernetes' own bookkeeping", ErrRefused, etcdview.Printable(c.Key))
	}
	m := v.Metadata()
	if m == nil {
		return fmt.Errorf("%w: the value is no Kubernetes object", ErrRefused)
	}
	if m.Name != v.Object.Name || m.Namespace != v.Object.Namespace {
		return fmt.Errorf("%w: the value is %s/%s, the key %s", ErrRefused, m.Namespace, m.Name, v.Object)
	}
	if v.Object.Kind != "" && v.StoredAs.Kind != v.Object.Kind {
		return fmt.Errorf("%w: the value is a %s, the key is of a %s", ErrRefused, v.StoredAs.Kind, v.Object.Kind)
	}
	if c.Old == nil {
		return nil
	}
	old := decode.Decode(ctx, c.Key, c.Old.Value, o)
	if old.Encryption != nil {
		return fmt.Errorf("%w: what is stored there is encrypted, and the API server would not read it back otherwise", ErrRefused)
	}
	if old.Err == nil && old.Form != v.Form {
		return fmt.Errorf("%w: stored is %s, the value is %s", ErrRefused, old.Form, v.Form)
	}
	return nil
}

// MaxDelete bounds one plan to delete.
const MaxDelete = 10_000

// ErrMany is returned for more than MaxDelete keys: see PlanPurge.
var ErrMany = errors.New("too many keys to be shown")

// PlanDelete plans to delete a key, or with prefix set all keys that begin with it. An empty prefix is refused: it
// means the whole store.
func PlanDelete(ctx context.Context, s *etcdview.Store, key string, prefix bool) (*Plan, error) {
	if key == "" {
		return nil, fmt.Errorf("%w: that would delete every key", ErrRefused)
	}
	if !prefix {
		kv, err := s.Get(ctx, key, 0)
		if err != nil {
			return nil, err
		}
		return &Plan{[]Change{{Key: key, Old: &kv}}}, nil
	}
	n, err := s.Counts(ctx, []string{key}, 0)
	if err != nil {
		return nil, err
	}
	if n[0] > MaxDelete {
		return nil, fmt.Errorf("%w: %d begin with %s", ErrMany, n[0], etcdview.Printable(key))
	}
	p := &Plan{}
	_, err = s.Scan(ctx, etcdview.PageOptions{Prefix: key}, func(kv etcdview.KV) error {
		p.Changes = append(p.Changes, Change{Key: kv.Key, Old: &kv})
		return nil
	})
	if err == nil && len(p.Changes) == 0 {
		err = fmt.Errorf("%s: %w", etcdview.Printable(key), etcdview.ErrNotFound)
	}
	return p, err
}

// undo is one line of an undo file.
type undo struct {
	Key     []byte    `json:"key"`
	Existed bool      `json:"existed"`
	Value   []byte    `json:"value,omitempty"`
	Lease   int64     `json:"lease,omitempty"`
	Time    time.Time `json:"time"`
}

// changesPerTxn leaves room for the comparisons of a transaction: etcd allows 128 of each.
const changesPerTxn = 100

// Apply does what a plan says, after writing what was there to the undo file, which must not exist yet. Changes are
// atomic in groups of 100. It returns the revision that it made.
func Apply(ctx context.Context, s *etcdview.Store, p *Plan, undoFile string) (int64, error) {
	if err := writeUndo(p, undoFile); err != nil {
		return 0, fmt.Errorf("nothing was changed: the undo file cannot be written: %w", err)
	}
	var rev int64
	for done := 0; done < len(p.Changes); done += changesPerTxn {
		part := p.Changes[done:min(len(p.Changes), done+changesPerTxn)]
		var compare []clientv3.Cmp
		var ops []clientv3.Op
		for _, c := range part {
			was, opts := int64(0), []clientv3.OpOption(nil)
			if c.Old != nil {
				was, opts = c.Old.ModRevision, []clientv3.OpOption{clientv3.WithIgnoreLease()}
			}
			compare = append(compare, clientv3.Compare(clientv3.ModRevision(c.Key), "=", was))
			if c.Lease != 0 {
				opts = []clientv3.OpOption{clientv3.WithLease(c.Lease)}
			}
			if c.New == nil {
				ops = append(ops, clientv3.OpDelete(c.Key))
			} else {
				ops = append(ops, clientv3.OpPut(c.Key, string(c.New), opts...))
			}
		}
		var r *clientv3.TxnResponse
		err := s.Request(ctx, func(ctx context.Context) (err error) {
			r, err = s.Client().Txn(ctx).If(compare...).Then(ops...).Commit()
			return err
		})
		if errors.Is(err, etcdview.ErrNoAnswer) {
			err = fmt.Errorf("%w; look at %s: the write may have been done or not", err, etcdview.Printable(part[0].Key))
		}
		if err != nil {
			return rev, fmt.Errorf("etcd: write (%d of %d done): %w", done, len(p.Changes), err)
		}
		if !r.Succeeded {
			return rev, fmt.Errorf("%s (%d of %d done): %w", etcdview.Printable(part[0].Key), done, len(p.Changes), ErrChanged)
		}
		rev = r.Header.Revision
	}
	return rev, nil
}

func writeUndo(p *Plan, file string) error {
	u, err := newUndo(file)
	if err != nil {
		return err
	}
	for _, c := range p.Changes {
		if err := u.add(c.Key, c.Old); err != nil {
			return errors.Join(err, u.close())
		}
	}
	return errors.Join(u.flush(), u.close())
}

// PlanUndo plans to bring back what an undo file holds. A key that is gone comes back on the lease that it was on, where
// that has not ended.
func PlanUndo(ctx context.Context, s *etcdview.Store, file string) (*Plan, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("undo file: %w", err)
	}
	defer f.Close()
	p := &Plan{}
	leases := map[int64]bool{}
	for d := json.NewDecoder(f); d.More(); {
		var u undo
		if err := d.Decode(&u); err != nil {
			return nil, fmt.Errorf("undo file %s: %w", file, err)
		}
		c := Change{Key: string(u.Key)}
		if u.Existed {
			c.New = append([]byte{}, u.Value...)
		}
		now, err := s.Get(ctx, c.Key, 0)
		switch {
		case err == nil:
			c.Old = &now
		case !errors.Is(err, etcdview.ErrNotFound):
			return nil, err
		case !u.Existed:
			continue // it is gone already
		default:
			if c.Lease, err = stillThere(ctx, s, u.Lease, leases); err != nil {
				return nil, err
			}
		}
		p.Changes = append(p.Changes, c)
	}
	return p, nil
}

// stillThere is a lease, or 0 where it has ended. Known is what earlier calls found out.
func stillThere(ctx context.Context, s *etcdview.Store, id int64, known map[int64]bool) (clientv3.LeaseID, error) {
	if id == 0 {
		return 0, nil
	}
	there, ok := known[id]
	if !ok {
		_, err := s.Lease(ctx, id)
		if err != nil && !errors.Is(err, etcdview.ErrNotFound) {
			return 0, err
		}
		there = err == nil
		known[id] = there
	}
	if !there {
		return 0, nil
	}
	return clientv3.LeaseID(id), nil
}
