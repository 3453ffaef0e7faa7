package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
)

func (o *options) watch() *cobra.Command {
	var prefix, values, progress bool
	var rev int64
	var limit int
	var file string
	cmd := &cobra.Command{
		Use:   "watch KEY...",
		Short: "Print changes as they happen, with what changed in the decoded value and who wrote it",
		Long: `Prints each change of the keys: its revision, what changed in the decoded value, and the field manager that wrote it.
Lost connections are taken up again without losing a change; where the store has compacted revisions away, the gap is
named. A change that several of the KEYs watch for is printed once. It ends with ctrl-C, or after --limit changes.`,
		Example: `  podarium etcd watch /registry/deployments/default/web
  podarium etcd watch /registry/pods/ /registry/events/ --prefix -o jsonl --save changes.jsonl
  podarium etcd watch /registry/ --prefix --rev 4711
  podarium etcd watch /registry/configmaps/ --prefix --progress-notify`,
		ValidArgsFunction: o.completeKeys,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("watch needs a key\nSee '%s --help'", cmd.CommandPath())
			}
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				p := &changePrinter{w: w, errs: cmd.ErrOrStderr(), format: o.output, decode: t.Decode, values: values, limit: limit, progress: progress}
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
	always(fs, "prev-kv")
	fs.Int64Var(&rev, "rev", 0, "first revision to report (default: what comes from now on)")
	fs.IntVar(&limit, "limit", 0, "end after so many changes (default: never)")
	fs.BoolVar(&values, "values", false, "print whole values too")
	fs.BoolVar(&progress, "progress-notify", false, "print how far the watch is when etcd says so: every ten minutes without changes, or its --experimental-watch-progress-notify-interval")
	fs.StringVar(&file, "save", "", "append the changes to this file, as JSON lines")
	return cmd
}

// errEnough ends a watch that has printed all that was asked for.
var errEnough = errors.New("limit reached")

func watchAll(ctx context.Context, s *etcdview.Store, keys []string, prefix bool, rev int64, p *changePrinter) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watches := make([]etcdview.WatchOptions, len(keys))
	for i, key := range keys {
		watches[i] = etcdview.WatchOptions{Key: etcdview.ParseKey(key), Prefix: prefix, Revision: rev}
	}
	watches = etcdview.Distinct(watches)
	p.reached = make([]int64, len(watches))
	var wg sync.WaitGroup
	for i, o := range watches {
		wg.Go(func() {
			err := s.Watch(ctx, o, func(b etcdview.Batch) error { return p.batch(ctx, i, b) })
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

	progress bool

	mu      sync.Mutex
	w       io.Writer
	save    io.Writer
	n       int
	reached []int64 // the newest revision of each watch
	told    int64   // as progress
}

func (p *changePrinter) batch(ctx context.Context, watch int, b etcdview.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reached[watch] = max(p.reached[watch], b.Revision)
	switch {
	case b.Progress && p.progress:
		return p.tell(slices.Min(p.reached))
	case b.Interrupted != nil && !errors.Is(b.Interrupted, etcdview.ErrCompacted):
		fmt.Fprintf(p.errs, "interrupted, trying again: %v\n", b.Interrupted)
	case b.Gap != nil:
		return p.note(etcdview.RecordOfGap(*b.Gap, time.Now()))
	}
	for _, e := range b.Events {
		if err := p.event(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// tell prints that all watches are as far as a revision.
func (p *changePrinter) tell(revision int64) error {
	if revision <= p.told {
		return nil
	}
	p.told = revision
	return p.note(etcdview.RecordOfProgress(revision, time.Now()))
}

// note prints what is no change. Where stored bytes are printed it must not stand among them.
func (p *changePrinter) note(r etcdview.Record) error {
	if err := p.keep(r); err != nil {
		return err
	}
	if p.bytes() {
		return noteLine(p.errs, r)
	}
	return p.print(r, nil)
}

func noteLine(w io.Writer, r etcdview.Record) error {
	if r.Type == "gap" {
		_, err := fmt.Fprintf(w, "          revisions %d to %d are compacted away and not shown\n", r.GapFrom, r.GapTo-1)
		return err
	}
	_, err := fmt.Fprintf(w, "progress notify: %d\n", r.Revision)
	return err
}

// bytes says that the stored bytes are printed, and nothing else.
func (p *changePrinter) bytes() bool {
	return p.format == "raw" || p.format == "base64" || p.format == "hex"
}

func (p *changePrinter) event(ctx context.Context, e etcdview.Event) error {
	if p.bytes() {
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
	if !p.bytes() {
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
	if c.Type == "gap" || c.Type == "progress" {
		return noteLine(p.w, c)
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
