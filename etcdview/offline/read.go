package offline

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/podarium/podarium/etcdview"
)

var _ etcdview.Reader = (*DB)(nil)

// Revision is the newest in the file.
func (d *DB) Revision(context.Context) (int64, error) { return d.latest, nil }

// Revisions is how many revisions of keys the file holds, deletions too.
func (d *DB) Revisions() int64 {
	var n int64
	for i := range d.keys {
		n += int64(len(d.keys[i].revs))
	}
	return n
}

// CompactRevision is the oldest that can be read; 0 where nothing was compacted.
func (d *DB) CompactRevision() int64 { return d.compact }

// at finds the revision to read at: 0 means the newest.
func (d *DB) at(rev int64) (int64, error) {
	switch {
	case rev == 0:
		return d.latest, nil
	case rev < d.compact:
		return 0, fmt.Errorf("revision %d: %w: the oldest in the file is %d", rev, etcdview.ErrCompacted, d.compact)
	case rev > d.latest:
		return 0, fmt.Errorf("revision %d: the newest in the file is %d", rev, d.latest)
	}
	return rev, nil
}

// find is the state of a key at a revision; false where it did not exist.
func (e *entry) find(rev int64) (revision, bool) {
	for _, r := range slices.Backward(e.revs) {
		if r.main <= rev {
			return r, !r.deleted
		}
	}
	return revision{}, false
}

func (d *DB) entry(key string) (*entry, bool) {
	i, ok := slices.BinarySearchFunc(d.keys, key, func(e entry, k string) int { return cmp.Compare(e.key, k) })
	if !ok {
		return nil, false
	}
	return &d.keys[i], true
}

// Get implements etcdview.Reader.
func (d *DB) Get(_ context.Context, key string, rev int64) (etcdview.KV, error) {
	rev, err := d.at(rev)
	if err != nil {
		return etcdview.KV{}, err
	}
	e, ok := d.entry(key)
	if ok {
		var r revision
		if r, ok = e.find(rev); ok {
			return d.read(e.key, r)
		}
	}
	return etcdview.KV{}, fmt.Errorf("%s: %w", etcdview.Printable(key), etcdview.ErrNotFound)
}

func (d *DB) read(key string, r revision) (kv etcdview.KV, err error) {
	err = guard(func() error {
		return d.db.View(func(tx *bbolt.Tx) error {
			kv, err = load(tx, key, r)
			return err
		})
	})
	return kv, err
}

func (r revision) kv(key string) etcdview.KV {
	return etcdview.KV{Key: key, CreateRevision: r.create, ModRevision: r.main, Version: r.version}
}

// load reads the value of a revision.
func load(tx *bbolt.Tx, key string, r revision) (etcdview.KV, error) {
	kv := r.kv(key)
	at := make([]byte, 8+1+8, 8+1+8+1)
	binary.BigEndian.PutUint64(at, uint64(r.main))
	at[8] = '_'
	binary.BigEndian.PutUint64(at[9:], uint64(r.sub))
	if r.deleted {
		at = append(at, 't')
	}
	b := tx.Bucket(keyBucket).Get(at)
	ok := fields(b, func(num protowire.Number, n uint64, data []byte) {
		switch num {
		case fieldValue:
			kv.Value = append([]byte{}, data...) // the file's memory ends with the transaction
		case fieldLease:
			kv.Lease = int64(n)
		}
	})
	if b == nil || !ok {
		return kv, fmt.Errorf("%w: revision %d of %s cannot be read", ErrDamaged, r.main, etcdview.Printable(key))
	}
	return kv, nil
}

// each visits the keys with a prefix that exist at a revision, from the key on, until visit returns false.
func (d *DB) each(prefix, from string, rev int64, visit func(*entry, revision) bool) {
	start := max(prefix, from)
	i, _ := slices.BinarySearchFunc(d.keys, start, func(e entry, k string) int { return cmp.Compare(e.key, k) })
	for ; i < len(d.keys) && strings.HasPrefix(d.keys[i].key, prefix); i++ {
		if r, ok := d.keys[i].find(rev); ok && !visit(&d.keys[i], r) {
			return
		}
	}
}

// Page implements etcdview.Reader.
func (d *DB) Page(ctx context.Context, o etcdview.PageOptions) (etcdview.Page, error) {
	if o.Limit <= 0 {
		o.Limit = 500
	}
	var p etcdview.Page
	rev, err := d.scan(ctx, o, func(kv etcdview.KV) error {
		p.KVs = append(p.KVs, kv)
		return nil
	})
	p.Revision = rev
	if err == nil && len(p.KVs) == o.Limit {
		p.Next = p.KVs[o.Limit-1].Key + "\x00"
	}
	return p, err
}

// Scan implements etcdview.Reader.
func (d *DB) Scan(ctx context.Context, o etcdview.PageOptions, fn func(etcdview.KV) error) (int64, error) {
	o.Limit = 0
	return d.scan(ctx, o, fn)
}

func (d *DB) scan(ctx context.Context, o etcdview.PageOptions, fn func(etcdview.KV) error) (int64, error) {
	rev, err := d.at(o.Revision)
	if err != nil {
		return 0, err
	}
	var failed error // of fn, which may panic in its own right
	err = guard(func() error {
		return d.db.View(func(tx *bbolt.Tx) error {
			n := 0
			d.each(o.Prefix, o.From, rev, func(e *entry, r revision) bool {
				kv := r.kv(e.key)
				if !o.KeysOnly {
					kv, failed = load(tx, e.key, r)
				}
				if failed == nil {
					failed = fn(kv)
				}
				if n++; failed == nil && n%1000 == 0 {
					failed = ctx.Err()
				}
				return failed == nil && (o.Limit == 0 || n < o.Limit)
			})
			return nil
		})
	})
	if failed != nil {
		return 0, failed
	}
	return rev, err
}

// Counts implements etcdview.Reader.
func (d *DB) Counts(ctx context.Context, prefixes []string, rev int64) ([]int64, error) {
	rev, err := d.at(rev)
	if err != nil {
		return nil, err
	}
	counts := make([]int64, len(prefixes))
	for i, p := range prefixes {
		d.each(p, "", rev, func(*entry, revision) bool { counts[i]++; return true })
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return counts, nil
}

// Children implements etcdview.Reader.
func (d *DB) Children(_ context.Context, o etcdview.ChildrenOptions) (etcdview.Children, error) {
	rev, err := d.at(o.Revision)
	if err != nil {
		return etcdview.Children{}, err
	}
	if o.Limit <= 0 {
		o.Limit = 500
	}
	out := etcdview.Children{Revision: rev}
	for from := o.From; ; {
		var n etcdview.Node
		d.each(o.Dir, from, rev, func(e *entry, r revision) bool {
			n = etcdview.NodeOf(o.Dir, r.kv(e.key))
			return false
		})
		if n.Path == "" {
			return out, nil
		}
		if len(out.Nodes) == o.Limit {
			out.Next = n.Path
			return out, nil
		}
		out.Nodes = append(out.Nodes, n)
		from = n.After()
	}
}

// OnlyDir implements etcdview.Reader.
func (d *DB) OnlyDir(ctx context.Context, dir string, rev int64) (string, error) {
	return etcdview.OnlyDir(ctx, d, dir, rev)
}

// History implements etcdview.Reader. It has every revision that is in the file, deletions too.
func (d *DB) History(ctx context.Context, key string, o etcdview.HistoryOptions) (etcdview.History, error) {
	if o.Limit <= 0 {
		o.Limit = 100
	}
	h := etcdview.History{Key: key, CompactRevision: d.compact}
	e, ok := d.entry(key)
	if !ok {
		return h, nil
	}
	for _, r := range slices.Backward(e.revs) {
		if o.Revision > 0 && r.main > o.Revision {
			continue
		}
		if len(h.Revisions) == o.Limit || ctx.Err() != nil {
			return h, ctx.Err()
		}
		kv, err := d.read(key, r)
		if err != nil {
			return h, err
		}
		h.Revisions = append(h.Revisions, etcdview.Revision{KV: kv, Deleted: r.deleted})
	}
	h.Complete = d.compact == 0
	return h, nil
}
