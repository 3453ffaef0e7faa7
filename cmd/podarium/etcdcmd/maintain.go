package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
)

// maintenance makes a command that changes the cluster itself. It says what will happen, and does it with --yes.
func (o *options) maintenance(cmd *cobra.Command, what func(args []string) string, do func(context.Context, *Target, io.Writer, []string) error) *cobra.Command {
	var allow, yes bool
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
			if o.connect.Chosen() && !allow {
				return &ExitError{1, fmt.Errorf("this etcd is not podarium's own, and opened read-only: --allow-writes")}
			}
			if !yes {
				_, err := fmt.Fprintln(w, what(args)+"\nNothing was done: --yes does it.")
				return err
			}
			return do(ctx, t, w, args)
		})
	}
	cmd.Flags().BoolVar(&allow, "allow-writes", false, "change an etcd that is not podarium's own")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it, rather than say what would be done")
	return cmd
}

func (o *options) compact() *cobra.Command {
	var physical bool
	var rev int64
	cmd := &cobra.Command{
		Use:     "compact --rev REVISION",
		Short:   "Forget all revisions before one",
		Example: `  podarium etcd compact --rev 4711 --yes`,
		Args:    cobra.NoArgs,
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "the oldest revision to keep")
	cmd.Flags().BoolVar(&physical, "physical", false, "wait until the space is free within the file")
	_ = cmd.MarkFlagRequired("rev") // the flag exists
	return o.maintenance(cmd, func([]string) string {
		return fmt.Sprintf("Would forget all revisions before %d: history ends there, watches and paged lists at older revisions end.\nThe file does not shrink: defrag does that.", rev)
	}, func(ctx context.Context, t *Target, w io.Writer, _ []string) error {
		if err := operate.Compact(ctx, t.Store, rev, physical); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "compacted: the oldest revision is %d\n", rev)
		return err
	})
}

func (o *options) defrag() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "defrag",
		Short:   "Give back unused space of the files: followers first, the leader last",
		Example: `  podarium etcd defrag --yes`,
		Args:    cobra.NoArgs,
	}
	return o.maintenance(cmd, func([]string) string {
		return "Would defragment every member, one after another, the leader last. A member answers nothing meanwhile: some seconds for each GB."
	}, func(ctx context.Context, t *Target, w io.Writer, _ []string) error {
		return operate.Defragment(ctx, t.Store, func(before, after etcdview.Member, took time.Duration) {
			fmt.Fprintf(w, "%s: %s → %s in %s\n", after.Name, etcdview.Size(before.Size), etcdview.Size(after.Size), took.Round(time.Millisecond))
		})
	})
}

func (o *options) disarm() *cobra.Command {
	cmd := &cobra.Command{Use: "disarm", Short: "Take back all alarms", Args: cobra.NoArgs,
		Long: `Takes back all alarms. After NOSPACE: compact, defrag, and then this; it comes back where the space is still short.`}
	return o.maintenance(cmd, func([]string) string { return "Would take back all alarms: see 'podarium etcd status'." },
		func(ctx context.Context, t *Target, w io.Writer, _ []string) error {
			if err := operate.DisarmAlarms(ctx, t.Store); err != nil {
				return err
			}
			_, err := fmt.Fprintln(w, "alarms taken back")
			return err
		})
}

func (o *options) moveLeader() *cobra.Command {
	cmd := &cobra.Command{Use: "move-leader MEMBER", Short: "Make another member the leader", Args: exactArgs(1, "a member's name or ID"),
		Example: `  podarium etcd move-leader etcd-2 --yes`}
	return o.maintenance(cmd, func(args []string) string { return "Would make " + args[0] + " the leader." },
		func(ctx context.Context, t *Target, w io.Writer, args []string) error {
			if err := operate.MoveLeader(ctx, t.Store, args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, "%s leads\n", args[0])
			return err
		})
}
