package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/podarium/podarium/etcdview"
)

var errLimit = errors.New("limit reached")

// selection is which keys to get, by etcdctl's flags.
type selection struct {
	prefix, fromKey bool
	rev, limit      int64
	// Bounds of the revisions at which keys were written last, and made; 0 for none.
	minMod, maxMod, minCreate, maxCreate int64
}

func (s *selection) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&s.prefix, "prefix", false, "get all keys that begin with KEY")
	fs.BoolVar(&s.fromKey, "from-key", false, "get all keys from KEY on, in the order of keys")
	fs.Int64Var(&s.rev, "rev", 0, "revision to read at (default: now)")
	fs.Int64Var(&s.limit, "limit", 0, "print at most so many keys (default: all)")
	fs.Int64Var(&s.minMod, "min-mod-rev", 0, "only keys that were last written at this revision or later")
	fs.Int64Var(&s.maxMod, "max-mod-rev", 0, "only keys that were last written at this revision or before")
	fs.Int64Var(&s.minCreate, "min-create-rev", 0, "only keys that were made at this revision or later")
	fs.Int64Var(&s.maxCreate, "max-create-rev", 0, "only keys that were made at this revision or before")
}

func (s *selection) validate() error {
	if s.prefix && s.fromKey {
		return usage("--prefix and --from-key exclude each other")
	}
	return nil
}

// many says that a key stands for several.
func (s *selection) many() bool { return s.prefix || s.fromKey }

func (s *selection) page(key string) etcdview.PageOptions {
	if s.fromKey {
		return etcdview.PageOptions{From: key, Revision: s.rev}
	}
	return etcdview.PageOptions{Prefix: key, Revision: s.rev}
}

// bounded says that not all keys in the range are meant.
func (s *selection) bounded() bool {
	return s.minMod != 0 || s.maxMod != 0 || s.minCreate != 0 || s.maxCreate != 0
}

func (s *selection) has(kv etcdview.KV) bool {
	within := func(rev, low, high int64) bool { return rev >= low && (high == 0 || rev <= high) }
	return within(kv.ModRevision, s.minMod, s.maxMod) && within(kv.CreateRevision, s.minCreate, s.maxCreate)
}

// get prints a key, or those that it stands for.
func (s *selection) get(ctx context.Context, t *Target, p *printer, key string) error {
	if !s.many() {
		kv, err := t.Reader.Get(ctx, key, s.rev)
		if err != nil || !s.has(kv) {
			return err
		}
		return p.kv(ctx, kv)
	}
	page := s.page(key)
	page.KeysOnly = p.keysOnly
	n := int64(0)
	_, err := t.Reader.Scan(ctx, page, func(kv etcdview.KV) error {
		if !s.has(kv) {
			return nil
		}
		if s.limit > 0 && n == s.limit {
			return errLimit
		}
		n++
		return p.kv(ctx, kv)
	})
	if errors.Is(err, errLimit) {
		return nil
	}
	return err
}

// count prints how many keys each of the arguments stands for.
func (s *selection) count(ctx context.Context, t *Target, w io.Writer, keys []string) error {
	for _, k := range keys {
		n, err := s.countOf(ctx, t, etcdview.ParseKey(k))
		if err != nil {
			return err
		}
		fmt.Fprintln(w, n)
	}
	return nil
}

func (s *selection) countOf(ctx context.Context, t *Target, key string) (n int64, err error) {
	switch {
	case s.prefix && !s.bounded(): // the server counts in its index
		n, err := t.Reader.Counts(ctx, []string{key}, s.rev)
		if err != nil {
			return 0, err
		}
		return n[0], nil
	case s.many():
		page := s.page(key)
		page.KeysOnly = true
		_, err = t.Reader.Scan(ctx, page, func(kv etcdview.KV) error {
			if s.has(kv) {
				n++
			}
			return nil
		})
		return n, err
	}
	kv, err := t.Reader.Get(ctx, key, s.rev)
	switch {
	case errors.Is(err, etcdview.ErrNotFound):
		return 0, nil
	case err != nil || !s.has(kv):
		return 0, err
	}
	return 1, nil
}
