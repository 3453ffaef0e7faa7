package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/manifest"
	"github.com/podarium/podarium/etcdview/registry"
)

func (o *options) extract() *cobra.Command {
	var rev int64
	var owners, deleted bool
	cmd := &cobra.Command{
		Use:   "extract (KEY | RESOURCE[.GROUP] [[NAMESPACE/]NAME])...",
		Short: "Write stored objects as manifests that kubectl apply accepts",
		Long: `Writes objects as YAML without what the API server sets (uid, resourceVersion, status, managedFields, …), so that a
deleted or earlier object can be brought back: from a snapshot, from an earlier revision (--rev), or, with --deleted, as
it was before it was deleted, as long as the store or its recorder remembers. A resource without a name, or a NAMESPACE/,
extracts all of its objects. Secrets need --show-secrets.`,
		Example: `  podarium etcd --snapshot backup.db extract deployments.apps default/web | kubectl apply -f -
  podarium etcd extract /registry/configmaps/default/app --deleted
  podarium etcd extract secrets default/ --show-secrets`,
		ValidArgsFunction: o.completeKeys,
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := o.keysOf(args)
			if err != nil {
				return err
			}
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				e := extractor{t: t, w: w, rev: rev, deleted: deleted, o: manifest.Options{Owners: owners}}
				for _, key := range targets {
					if err := e.extract(ctx, key); err != nil {
						return notFound(err)
					}
				}
				return nil
			})
		},
	}
	fs := cmd.Flags()
	fs.Int64Var(&rev, "rev", 0, "revision to read at (default: now)")
	fs.BoolVar(&deleted, "deleted", false, "take the last value before the deletion")
	fs.BoolVar(&owners, "owners", false, "keep ownerReferences (an object whose owner is gone is deleted again)")
	return cmd
}

// keysOf turns arguments into keys, or into prefixes that end in a slash.
func (o *options) keysOf(args []string) ([]string, error) {
	var keys []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if strings.HasPrefix(a, "/") {
			keys = append(keys, etcdview.ParseKey(a))
			continue
		}
		gr, ok := registry.Resolve(a)
		if !ok {
			return nil, usage("there is no built-in resource %q: custom resources need their group, as RESOURCE.GROUP", a)
		}
		if i+1 == len(args) || strings.HasPrefix(args[i+1], "/") {
			keys = append(keys, registry.Dir(o.prefix, gr, ""))
			continue
		}
		i++
		ns, name, namespaced := strings.Cut(args[i], "/")
		if !namespaced {
			ns, name = "", args[i]
		}
		keys = append(keys, registry.Key(o.prefix, gr, ns, name))
	}
	if len(keys) == 0 {
		return nil, usage("extract needs a key or a resource")
	}
	return keys, nil
}

type extractor struct {
	t       *Target
	w       io.Writer
	rev     int64
	deleted bool
	o       manifest.Options
	n       int
}

func (e *extractor) extract(ctx context.Context, key string) error {
	if !strings.HasSuffix(key, "/") {
		kv, err := e.state(ctx, key)
		if err != nil {
			return err
		}
		return e.write(ctx, kv)
	}
	n := 0
	_, err := e.t.Reader.Scan(ctx, etcdview.PageOptions{Prefix: key, Revision: e.rev}, func(kv etcdview.KV) error {
		n++
		return e.write(ctx, kv)
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: no keys there: %w", etcdview.Printable(key), etcdview.ErrNotFound)
	}
	return err
}

// state is a key at the revision asked for, or as it was before it was deleted.
func (e *extractor) state(ctx context.Context, key string) (etcdview.KV, error) {
	kv, err := e.t.Reader.Get(ctx, key, e.rev)
	if errors.Is(err, etcdview.ErrNotFound) && e.deleted {
		return last(ctx, e.t.Reader, key)
	}
	return kv, err
}

// last is the newest value that a deleted key had.
func last(ctx context.Context, r etcdview.Reader, key string) (etcdview.KV, error) {
	h, err := r.History(ctx, key, etcdview.HistoryOptions{Limit: 10})
	if err != nil {
		return etcdview.KV{}, err
	}
	for _, s := range h.Revisions {
		if !s.Deleted {
			return s.KV, nil
		}
	}
	return etcdview.KV{}, fmt.Errorf("%s: %w, and no revision of it is left", etcdview.Printable(key), etcdview.ErrNotFound)
}

func (e *extractor) write(ctx context.Context, kv etcdview.KV) error {
	v := decode.Decode(ctx, kv.Key, kv.Value, e.t.Decode)
	b, err := manifest.Of(&v, e.o)
	if errors.Is(err, manifest.ErrMasked) {
		err = fmt.Errorf("%w: --show-secrets", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", etcdview.Printable(kv.Key), err)
	}
	if e.n++; e.n > 1 {
		b = append([]byte("---\n"), b...)
	}
	_, err = e.w.Write(b)
	return err
}
