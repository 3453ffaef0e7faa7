package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
)

// PlanPurge plans to delete all keys with a prefix, however many: those of a flood that has filled the database. Unlike
// PlanDelete it keeps none of them in memory. Keys that are written after it was planned stay; a key that changes while it
// is done stays too. Each is written to the undo file before it goes. Example is a key of those that go: one of a
// Kubernetes registry, if any of them is. The registry is that of etcdPrefix, or any in common use.
func PlanPurge(ctx context.Context, s *etcdview.Store, etcdPrefix, prefix string) (op *Operation, example string, err error) {
	if prefix == "" {
		return nil, "", fmt.Errorf("%w: that would delete every key", ErrRefused)
	}
	rev, err := s.Revision(ctx)
	if err != nil {
		return nil, "", err
	}
	n, err := s.Counts(ctx, []string{prefix}, rev)
	if err != nil {
		return nil, "", err
	}
	const some = 3
	page, err := s.Page(ctx, etcdview.PageOptions{Prefix: prefix, Revision: rev, Limit: some, KeysOnly: true})
	if err != nil {
		return nil, "", err
	}
	if len(page.KVs) == 0 {
		return nil, "", fmt.Errorf("%s: %w", etcdview.Printable(prefix), etcdview.ErrNotFound)
	}
	if example, err = exampleOf(ctx, s, etcdPrefix, prefix, rev); err != nil {
		return nil, "", err
	}
	if example == "" {
		example = page.KVs[0].Key
	}
	op = &Operation{Name: "del --prefix", Target: etcdview.Printable(prefix), Confirm: strconv.FormatInt(n[0], 10), Undoes: true}
	op.Preview = []string{fmt.Sprintf("delete the %s that begin with %s, as they are at revision %d; those written later stay", count(n[0], "key"), etcdview.Printable(prefix), rev)}
	for _, kv := range page.KVs {
		op.Preview = append(op.Preview, "- "+etcdview.Printable(kv.Key))
	}
	if more := n[0] - int64(len(page.KVs)); more > 0 {
		op.Preview = append(op.Preview, fmt.Sprintf("… and %d more", more))
	}
	op.Preview = append(op.Preview, "their values go into the undo file first, which is as large as they are", "the file of the database does not shrink by it: compact and defrag do that")
	op.purge = func(ctx context.Context, undoFile string, report func(string)) (string, error) {
		return purge(ctx, s, prefix, rev, n[0], undoFile, report)
	}
	return op, example, nil
}

// exampleOf is a key of a registry, among those that begin with a prefix that is shorter than the registry's own; empty
// where there is none.
func exampleOf(ctx context.Context, s *etcdview.Store, etcdPrefix, prefix string, rev int64) (string, error) {
	for _, root := range append(registry.Roots(etcdPrefix), registry.CompactKey) {
		if !strings.HasPrefix(root, prefix) {
			continue
		}
		page, err := s.Page(ctx, etcdview.PageOptions{Prefix: root, Revision: rev, Limit: 1, KeysOnly: true})
		if err != nil {
			return "", err
		}
		if len(page.KVs) > 0 {
			return page.KVs[0].Key, nil
		}
	}
	return "", nil
}

// purge deletes page by page.
func purge(ctx context.Context, s *etcdview.Store, prefix string, rev, all int64, undoFile string, report func(string)) (result string, err error) {
	u, err := newUndo(undoFile)
	if err != nil {
		return "", fmt.Errorf("nothing was changed: the undo file cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, u.close()) }()
	deleted, stay, told := int64(0), int64(0), time.Now()
	for page := (etcdview.PageOptions{Prefix: prefix, Limit: changesPerTxn}); ; {
		p, err := s.Page(ctx, page)
		if err != nil {
			return "", fmt.Errorf("%d of %d deleted: %w", deleted, all, err)
		}
		old := slices.DeleteFunc(slices.Clone(p.KVs), func(kv etcdview.KV) bool { return kv.ModRevision > rev })
		switch done, err := deleteAll(ctx, s, old, u); {
		case err != nil:
			return "", fmt.Errorf("%d of %d deleted: %w", deleted, all, err)
		case !done:
			continue // one was written meanwhile: read again, it is newer and stays
		}
		deleted, stay = deleted+int64(len(old)), stay+int64(len(p.KVs)-len(old))
		const often = time.Second
		if now := time.Now(); now.Sub(told) > often {
			told = now
			report(fmt.Sprintf("%d of %d deleted", deleted, all))
		}
		if p.Next == "" {
			break
		}
		page.From = p.Next
	}
	result = "deleted " + count(deleted, "key")
	if stay > 0 {
		result += fmt.Sprintf("; %s written meanwhile stay", count(stay, "key"))
	}
	return result, nil
}

// deleteAll deletes keys if none of them has changed, after writing them to the undo file.
func deleteAll(ctx context.Context, s *etcdview.Store, kvs []etcdview.KV, u *undoFile) (done bool, err error) {
	if len(kvs) == 0 {
		return true, nil
	}
	begin, err := u.place()
	if err != nil {
		return false, err
	}
	var compare []clientv3.Cmp
	var ops []clientv3.Op
	for i := range kvs {
		kv := &kvs[i]
		if err := u.add(kv.Key, kv); err != nil {
			return false, fmt.Errorf("the undo file cannot be written: %w", err)
		}
		compare = append(compare, clientv3.Compare(clientv3.ModRevision(kv.Key), "=", kv.ModRevision))
		ops = append(ops, clientv3.OpDelete(kv.Key))
	}
	if err := u.flush(); err != nil {
		return false, fmt.Errorf("the undo file cannot be written: %w", err)
	}
	var r *clientv3.TxnResponse
	err = s.Request(ctx, func(ctx context.Context) (err error) {
		r, err = s.Client().Txn(ctx).If(compare...).Then(ops...).Commit()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("etcd: delete: %w", err)
	}
	if !r.Succeeded {
		return false, u.back(begin)
	}
	return true, nil
}

// undoFile is a file of what was there before, written as it goes.
type undoFile struct {
	f *os.File
	e *json.Encoder
}

// newUndo makes an undo file, which must not exist yet.
func newUndo(file string) (*undoFile, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &undoFile{f, json.NewEncoder(f)}, nil
}

// add writes what a key was; nil for one that did not exist.
func (u *undoFile) add(key string, old *etcdview.KV) error {
	line := undo{Key: []byte(key), Time: time.Now().UTC()}
	if old != nil {
		line.Existed, line.Value, line.Lease = true, old.Value, old.Lease
	}
	return u.e.Encode(line)
}

// place is where the file ends, back cuts it off there again.
func (u *undoFile) place() (int64, error) { return u.f.Seek(0, io.SeekCurrent) }

func (u *undoFile) back(to int64) error {
	_, err := u.f.Seek(to, io.SeekStart)
	return errors.Join(u.f.Truncate(to), err)
}

func (u *undoFile) flush() error { return u.f.Sync() }

func (u *undoFile) close() error { return u.f.Close() }
