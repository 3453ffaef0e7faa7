package etcdcmd

import (
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
}

func (s *sorting) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.by, "sort-by", "", "with --prefix: key, create, modify, version or size")
	cmd.Flags().StringVar(&s.order, "order", "", "with --prefix: ascend or descend")
	complete(cmd, "sort-by", "key", "create", "modify", "version", "size")
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
		return usage("--sort-by %s: not one of key, create, modify, version, size", s.by)
	}
	if s.order != "" && s.order != "ascend" && s.order != "descend" {
		return usage("--order %s: not one of ascend, descend", s.order)
	}
	return nil
}

// get prints the keys with a prefix in their order. It keeps no values while it sorts: those that are printed are read
// one by one, at the same revision.
func (s *sorting) get(ctx context.Context, t *Target, p *printer, prefix string, _ bool, rev, limit int64) error {
	measure := sortings[s.by]
	type entry struct {
		kv etcdview.KV
		n  int64
	}
	var list []entry
	rev, err := t.Reader.Scan(ctx, etcdview.PageOptions{Prefix: prefix, Revision: rev, KeysOnly: s.by != "size"}, func(kv etcdview.KV) error {
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
		c := cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.kv.Key, b.kv.Key))
		if s.order == "descend" {
			return -c
		}
		return c
	})
	if limit > 0 && int64(len(list)) > limit {
		list = list[:limit]
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
