package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
)

func (o *options) watch() *cobra.Command {
	var prefix, values bool
	var rev int64
	var limit int
	var file string
	cmd := &cobra.Command{
		Use:   "watch KEY...",
		Short: "Print changes as they happen, with what changed in the decoded value and who wrote it",
		Long: `Prints each change of the keys: its revision, what changed in the decoded value, and the field manager that wrote it.
Lost connections are taken up again without losing a change; where the store has compacted revisions away, the gap is
named. It ends with ctrl-C, or after --limit changes.`,
		Example: `  podarium etcd watch /registry/deployments/default/web
  podarium etcd watch /registry/pods/ /registry/events/ --prefix -o jsonl --save changes.jsonl
  podarium etcd watch /registry/ --prefix --rev 4711`,
		ValidArgsFunction: o.completeKeys,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("watch needs a key\nSee '%s --help'", cmd.CommandPath())
			}
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				p := &changePrinter{w: w, errs: cmd.ErrOrStderr(), format: o.output, decode: t.Decode, values: values, limit: limit}
				if file != "" {
					f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
					if err != nil {
						return fmt.Errorf("save changes: %w", err)
					}
					defer f.Close()
					p.save = f
				}
				for _, key := range args {
					if !prefix && strings.HasSuffix(key, "/") {
						fmt.Fprintf(cmd.ErrOrStderr(), "watching the one key %s: --prefix watches all that begin with it\n", key)
					}
				}
				return watchAll(ctx, t.Store, args, prefix, rev, p)
			})
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&prefix, "prefix", false, "watch all keys that begin with KEY")
	fs.Int64Var(&rev, "rev", 0, "first revision to report (default: what comes from now on)")
	fs.IntVar(&limit, "limit", 0, "end after so many changes (default: never)")
	fs.BoolVar(&values, "values", false, "print whole values too")
	fs.StringVar(&file, "save", "", "append the changes to this file, as JSON lines")
	return cmd
}

// errEnough ends a watch that has printed all that was asked for.
var errEnough = errors.New("limit reached")

func watchAll(ctx context.Context, s *etcdview.Store, keys []string, prefix bool, rev int64, p *changePrinter) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			o := etcdview.WatchOptions{Key: etcdview.ParseKey(key), Prefix: prefix, Revision: rev}
			err := s.Watch(ctx, o, func(b etcdview.Batch) error { return p.batch(ctx, b) })
			if err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, errEnough) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// changePrinter writes the changes of several watches.
type changePrinter struct {
	format string
	decode decode.Options
	values bool
	plain  bool // changes without times and revisions: a preview, or a comparison
	limit  int
	errs   io.Writer

	mu   sync.Mutex
	w    io.Writer
	save io.Writer
	n    int
}

func (p *changePrinter) batch(ctx context.Context, b etcdview.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case b.Interrupted != nil && !errors.Is(b.Interrupted, etcdview.ErrCompacted):
		fmt.Fprintf(p.errs, "interrupted, trying again: %v\n", b.Interrupted)
	case b.Gap != nil:
		r := etcdview.RecordOfGap(*b.Gap, time.Now())
		if err := p.keep(r); err != nil {
			return err
		}
		return p.print(r, nil)
	}
	for _, e := range b.Events {
		if err := p.event(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (p *changePrinter) event(ctx context.Context, e etcdview.Event) error {
	bytes := p.format == "raw" || p.format == "base64" || p.format == "hex"
	if bytes {
		kp := printer{w: p.w, format: p.format}
		if err := kp.kv(ctx, e.KV); err != nil {
			return err
		}
		if p.save == nil {
			return p.counted()
		}
	}
	r, v := etcdview.RecordOf(ctx, e, p.decode)
	if v != nil && p.values {
		if t, err := v.Tree(); err == nil {
			r.Value = t
		}
	}
	if err := p.keep(r); err != nil {
		return err
	}
	if !bytes {
		if err := p.print(r, v); err != nil {
			return err
		}
	}
	return p.counted()
}

func (p *changePrinter) counted() error {
	p.n++
	if p.limit > 0 && p.n >= p.limit {
		return errEnough
	}
	return nil
}

// keep appends a change to the file of --save.
func (p *changePrinter) keep(c etcdview.Record) error {
	if p.save == nil {
		return nil
	}
	b, err := marshal(c, "")
	if err != nil {
		return err
	}
	if _, err := p.save.Write(b); err != nil {
		return fmt.Errorf("save changes: %w", err)
	}
	return nil
}

func (p *changePrinter) print(c etcdview.Record, v *decode.Value) error {
	switch p.format {
	case "yaml":
		b, err := yaml.Marshal(c)
		if err != nil {
			return fmt.Errorf("write YAML: %w", err)
		}
		_, err = fmt.Fprintf(p.w, "---\n%s", b)
		return err
	case "json", "jsonl":
		b, err := marshal(c, "")
		if err != nil {
			return err
		}
		_, err = p.w.Write(b)
		return err
	}
	if c.Type == "gap" {
		_, err := fmt.Fprintf(p.w, "          revisions %d to %d are compacted away and not shown\n", c.GapFrom, c.GapTo-1)
		return err
	}
	by := ""
	if c.Writer != nil {
		by = "  by " + c.Writer.Manager
		if c.Writer.Subresource != "" {
			by += " (" + c.Writer.Subresource + ")"
		}
	}
	if p.plain {
		if _, err := fmt.Fprintf(p.w, "%-6s %s  %s\n", c.Type, c.Key, etcdview.Size(int64(c.Size))); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintf(p.w, "%s %8d %-6s %s  %s%s\n", c.Time.Format("15:04:05.000"), c.Revision, c.Type, c.Key, etcdview.Size(int64(c.Size)), by); err != nil {
		return err
	}
	for _, ch := range c.Changes {
		if _, err := fmt.Fprintf(p.w, "    %s\n", ch); err != nil {
			return err
		}
	}
	if p.values && v != nil {
		y, err := v.YAML()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.w, "%s\n", y)
		return err
	}
	return nil
}
