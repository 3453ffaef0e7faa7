package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/churn"
)

func (o *options) top() *cobra.Command {
	var span time.Duration
	var rows int
	cmd := &cobra.Command{
		Use:   "top [PREFIX]",
		Short: "Watch for a while, and say who writes what how often",
		Long: `Watches the keys with a prefix, or all, for a while and counts the writes by resource, namespace, key and writer (the
manager in managedFields).`,
		Example: `  podarium etcd top
  podarium etcd top /registry/leases/ --for 1m -o json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			if span <= 0 {
				return usage("--for %s: it must be more than 0", span)
			}
			prefix := ""
			if len(args) == 1 {
				prefix = etcdview.ParseKey(args[0])
			}
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				c, err := o.count(ctx, t.Store, prefix, span, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				counts := c.Counts(rows)
				return printValue(w, o.output, counts, func(tw *tabwriter.Writer) { printTop(tw, counts) })
			})
		},
	}
	cmd.Flags().DurationVar(&span, "for", 10*time.Second, "how long to watch (ctrl-C ends it earlier)")
	cmd.Flags().IntVar(&rows, "top", 10, "how many rows to list of each (0: all)")
	return cmd
}

// count watches until the time is over, or somebody interrupts it.
func (o *options) count(ctx context.Context, s *etcdview.Store, prefix string, span time.Duration, errs io.Writer) (*churn.Counter, error) {
	var c *churn.Counter
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	started := func(int64) {
		c = churn.New(o.prefix)
		time.AfterFunc(span, cancel)
		if terminal(errs) {
			fmt.Fprintf(errs, "counting for %s …", span)
		}
	}
	err := s.Watch(bounded, etcdview.WatchOptions{Key: prefix, Prefix: true, Started: started}, func(b etcdview.Batch) error {
		for _, e := range b.Events {
			c.Add(ctx, e)
		}
		if c == nil && b.Interrupted != nil {
			return b.Interrupted
		}
		return nil
	})
	clearProgress(errs)
	if c != nil && errors.Is(err, context.Canceled) {
		return c, nil
	}
	return nil, err
}

func printTop(tw *tabwriter.Writer, c churn.Counts) {
	fmt.Fprintf(tw, "%d writes in %.1f s: %.1f/s, %s\n", c.Total.Writes, c.Seconds, c.Total.PerSecond, etcdview.Size(c.Total.Bytes))
	for _, part := range []struct {
		name string
		rows []churn.Row
	}{{"RESOURCE", c.Resources}, {"NAMESPACE", c.Namespaces}, {"WRITER", c.Writers}, {"KEY", c.Keys}} {
		if len(part.rows) == 0 {
			continue
		}
		fmt.Fprintf(tw, "\n%s\tWRITES\tPER SECOND\tBYTES\n", part.name)
		for _, r := range part.rows {
			fmt.Fprintf(tw, "%s\t%d\t%.1f\t%s\n", r.Name, r.Writes, r.PerSecond, etcdview.Size(r.Bytes))
		}
	}
	if c.Sampled {
		fmt.Fprintln(tw, "\nSo much was written that writers were looked up for a part of it.")
	}
}
