// Package offline reads an etcd snapshot, or a copy of a member's database file, without an etcd: with the same methods
// as a running one, and with every revision that the file still holds.
//
// The file is opened read-only and never changed. Opening makes one pass to index keys and revisions in memory, some
// 120 bytes for each key; values stay in the file until they are asked for. Files that are damaged give errors, not
// panics, whatever they hold. A database that a running etcd has open is refused: copy it, or save a snapshot.
package offline

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

// ErrDamaged is returned for files that are no database of etcd, or not a whole one.
var ErrDamaged = errors.New("the file is damaged, or no database of etcd")

// ErrInUse is returned for a database that another process has open.
var ErrInUse = errors.New("the database is in use: copy the file, or save a snapshot, and open that")

// DB is an open file. It is safe for use by several goroutines. Close it when done.
type DB struct {
	path    string
	size    int64
	db      *bbolt.DB
	keys    []entry // sorted by key
	latest  int64   // newest revision
	compact int64   // oldest that can be read; 0 where nothing was compacted
}

// entry is a key with its revisions, oldest first.
type entry struct {
	key  string
	revs []revision
}

// revision is one state of a key.
type revision struct {
	main, sub       int64
	create, version int64
	deleted         bool
}

// lockTimeout is how long to wait for a database that another process has open.
const lockTimeout = 200 * time.Millisecond

// OpenSnapshot opens a file that was saved as a snapshot: where it ends in a checksum, as those that etcd sends do, the
// whole of it is read once and checked. ErrDamaged says that it is not right.
func OpenSnapshot(ctx context.Context, path string) (*DB, error) {
	if err := verify(ctx, path); err != nil {
		return nil, fmt.Errorf("open snapshot: %w", err)
	}
	return Open(ctx, path)
}

// verify compares the checksum at the end of a snapshot. A copy of a database has none: it is made of whole pages.
func verify(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	const page = 512 // the least that a database is made of
	if st.Size()%page != sha256.Size {
		return nil
	}
	sum := sha256.New()
	for rest := st.Size() - sha256.Size; rest > 0; {
		n, err := io.CopyN(sum, f, min(rest, 64<<20))
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rest -= n
	}
	var want [sha256.Size]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want[:]) {
		return fmt.Errorf("%s: %w: its checksum is not right. Opened as a database (--db), it shows what can still be read", path, ErrDamaged)
	}
	return nil
}

// Open opens a file and indexes it. It returns ErrDamaged or ErrInUse where they apply.
func Open(ctx context.Context, path string) (*DB, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if st.IsDir() {
		return nil, fmt.Errorf("open database: %s is a directory; the file of a member is member/snap/db in it", path)
	}
	if st.Size() == 0 {
		return nil, fmt.Errorf("%s: %w: it is empty", path, ErrDamaged)
	}
	d := &DB{path: path, size: st.Size()}
	err = guard(func() error {
		d.db, err = bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("open database: %w", err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	if err := guard(func() error { return d.index(ctx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), d.Close())
	}
	return d, nil
}

// Close closes the file.
func (d *DB) Close() error { return guard(d.db.Close) }

// Path is the file.
func (d *DB) Path() string { return d.path }

// guard turns what a damaged file does to the database library, panics and memory faults, into an error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return f()
}

var (
	keyBucket  = []byte("key")
	metaBucket = []byte("meta")
)

// index reads which keys and revisions there are.
func (d *DB) index(ctx context.Context) error {
	return d.db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > d.size { // what is in use may all stand in what is left; more was written all the same
			return fmt.Errorf("%w: it is cut off after %d of %d bytes", ErrDamaged, d.size, tx.Size())
		}
		b := tx.Bucket(keyBucket)
		if b == nil {
			return fmt.Errorf("%w: it has no bucket of keys", ErrDamaged)
		}
		if m := tx.Bucket(metaBucket); m != nil {
			d.compact = max(revisionIn(m.Get([]byte("finishedCompactRev"))), revisionIn(m.Get([]byte("scheduledCompactRev"))))
		}
		at := map[string]int{}
		n := 0
		err := b.ForEach(func(k, v []byte) error {
			if n++; n%10_000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			r, ok := parseRevision(k)
			if !ok {
				return fmt.Errorf("%w: %x is no revision", ErrDamaged, k)
			}
			if len(v) == 0 { // a restore that raised the revisions leaves this mark
				d.latest = max(d.latest, r.main)
				return nil
			}
			key, ok := parseKeyValue(v, &r)
			if !ok {
				return fmt.Errorf("%w: revision %d holds no key", ErrDamaged, r.main)
			}
			d.latest = max(d.latest, r.main)
			i, known := at[string(key)]
			if !known {
				i = len(d.keys)
				s := string(key)
				at[s] = i
				d.keys = append(d.keys, entry{key: s})
			}
			d.keys[i].revs = append(d.keys[i].revs, r)
			return nil
		})
		if err != nil {
			return err
		}
		d.latest = max(d.latest, 1, d.compact)
		slices.SortFunc(d.keys, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
		return nil
	})
}

// revisionIn reads the revision that the meta bucket keeps in the form of a key.
func revisionIn(b []byte) int64 {
	r, _ := parseRevision(b)
	return r.main
}

// parseRevision reads a key of the bucket: 8 bytes, an underscore, 8 bytes, and a t for a deletion.
func parseRevision(b []byte) (revision, bool) {
	const plain = 8 + 1 + 8
	if len(b) != plain && len(b) != plain+1 || b[8] != '_' {
		return revision{}, false
	}
	r := revision{main: int64(binary.BigEndian.Uint64(b)), sub: int64(binary.BigEndian.Uint64(b[9:])), deleted: len(b) > plain && b[plain] == 't'}
	return r, r.main >= 0 && r.sub >= 0
}

// Fields of mvccpb.KeyValue.
const (
	fieldKey     = 1
	fieldCreate  = 2
	fieldVersion = 4
	fieldValue   = 5
	fieldLease   = 6
)

// parseKeyValue reads the key of a stored mvccpb.KeyValue, and its revisions into r, without touching the value.
func parseKeyValue(b []byte, r *revision) (key []byte, ok bool) {
	ok = fields(b, func(num protowire.Number, n uint64, data []byte) {
		switch num {
		case fieldKey:
			key = data
		case fieldCreate:
			r.create = int64(n)
		case fieldVersion:
			r.version = int64(n)
		}
	})
	return key, ok && len(key) > 0
}

// fields visits the fields of a message: numbers in n, bytes in data. It is false for what is no message.
func fields(b []byte, visit func(num protowire.Number, n uint64, data []byte)) bool {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return false
		}
		b = b[n:]
		switch typ {
		case protowire.VarintType:
			x, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return false
			}
			visit(num, x, nil)
			b = b[n:]
		case protowire.BytesType:
			x, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return false
			}
			visit(num, 0, x)
			b = b[n:]
		default:
			n := protowire.ConsumeFieldValue(num, typ, b)
			if n < 0 {
				return false
			}
			b = b[n:]
		}
	}
	return true
}
