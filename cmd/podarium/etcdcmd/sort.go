package etcdcmd

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
)

// sorting is by what keys are sorted: etcdctl's flags, and the size.
type sorting struct{ by, order string }

var sortings = map[string]func(kv etcdview.KV) int64{
	"key":     nil,
	"create":  func(kv etcdview.KV) int64 { return kv.CreateRevision },
	"modify":  func(kv etcdview.KV) int64 { return kv.ModRevision },
	"version": func(kv etcdview.KV) int64 { return kv.Version },
	"size":    nil, // known only where values are read
	"value":   nil,
}

func (s *sorting) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.by, "sort-by", "", "with --prefix or --from-key: key, create, modify, version, value or size")
	cmd.Flags().StringVar(&s.order, "order", "", "with --prefix or --from-key: ascend or descend")
	complete(cmd, "sort-by", "key", "create", "modify", "version", "value", "size")
	complete(cmd, "order", "ascend", "descend")
}

func (s *sorting) asked() bool { return s.by != "" || s.order != "" }

func (s *sorting) validate() error {
	s.by, s.order = strings.ToLower(s.by), strings.ToLower(s.order) // etcdctl writes them in capitals
	if s.by == "" {
		s.by = "key"
		if s.order == "" {
			s.by = ""
		}
	}
	if _, ok := sortings[s.by]; !ok && s.by != "" {
		return usage("--sort-by %s: not one of key, create, modify, version, value, size", s.by)
	}
	if s.order != "" && s.order != "ascend" && s.order != "descend" {
		return usage("--order %s: not one of ascend, descend", s.order)
	}
	return nil
}

// get prints the keys that one stands for, in their order. It keeps no values while it sorts, but to sort by these: those
// that are printed are read one by one, at the same revision.
func (s *sorting) get(ctx context.Context, t *Target, p *printer, key string, some *selection) error {
	measure := sortings[s.by]
	type entry struct {
		kv etcdview.KV
		n  int64
	}
	var list []entry
	page := some.page(key)
	page.KeysOnly = s.by != "size" && s.by != "value"
	rev, err := t.Reader.Scan(ctx, page, func(kv etcdview.KV) error {
		if !some.has(kv) {
			return nil
		}
		e := entry{kv: kv}
		switch {
		case s.by == "size":
			e.n, e.kv.Value = int64(len(kv.Value)), nil
		case measure != nil:
			e.n = measure(kv)
		}
		list = append(list, e)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b entry) int {
		c := cmp.Or(cmp.Compare(a.n, b.n), bytes.Compare(a.kv.Value, b.kv.Value), cmp.Compare(a.kv.Key, b.kv.Key))
		if s.order == "descend" {
			return -c
		}
		return c
	})
	if some.limit > 0 && int64(len(list)) > some.limit {
		list = list[:some.limit]
	}
	for _, e := range list {
		kv := e.kv
		if !p.keysOnly {
			if kv, err = t.Reader.Get(ctx, kv.Key, rev); err != nil {
				return err
			}
		}
		if err := p.kv(ctx, kv); err != nil {
			return err
		}
	}
	return nil
}
