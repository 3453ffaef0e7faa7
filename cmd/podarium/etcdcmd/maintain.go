package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview/operate"
)

// outcome is an operation and what came of it, as programs read it.
type outcome struct {
	*operate.Operation
	Steps  []string `json:"steps,omitempty"`
	Result string   `json:"result,omitempty"`
}

// operation makes a command that changes the cluster itself: it shows what will happen, asks in proportion, records it
// and does it.
func (o *options) operation(cmd *cobra.Command, plan func(ctx context.Context, t *Target, args []string) (*operate.Operation, error)) *cobra.Command {
	var g guards
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
			if err := o.permit(&g); err != nil {
				return err
			}
			op, err := plan(ctx, t, args)
			if err != nil {
				return notFound(err)
			}
			return o.operate(ctx, cmd, t, w, &g, op)
		})
	}
	g.addFlags(cmd)
	return cmd
}

func (o *options) operate(ctx context.Context, cmd *cobra.Command, t *Target, w io.Writer, g *guards, op *operate.Operation) error {
	p := &operate.Plan{}
	var keys []string
	for i, kv := range op.Deletes {
		keys = append(keys, kv.Key)
		p.Changes = append(p.Changes, operate.Change{Key: kv.Key, Old: &op.Deletes[i]})
	}
	if err := o.permit(g, keys...); err != nil {
		return err
	}
	programs := o.output != "" && o.output != "table"
	people := w
	if programs {
		people = cmd.ErrOrStderr()
	}
	for _, line := range op.Preview {
		fmt.Fprintln(people, line)
	}
	if err := o.preview(ctx, people, t, p); err != nil {
		return err
	}
	out := outcome{Operation: op}
	if g.dryRun {
		fmt.Fprintln(people, "dry run: nothing was changed")
		return out.print(w, o.output, programs)
	}
	if err := g.confirm(cmd, op.Confirm); err != nil {
		return err
	}
	undo := ""
	var err error
	if len(keys) > 0 || op.Undoes {
		if undo, err = g.undoFile(); err != nil {
			return err
		}
	}
	j, err := o.openJournal()
	if err != nil {
		return err
	}
	e := operate.Entry{Etcd: t.Name, Operation: op.Name, Target: op.Target, Preview: op.Preview, UndoFile: undo}
	out.Result, err = j.Record(e, func() (string, error) {
		return op.Do(ctx, undo, func(line string) {
			out.Steps = append(out.Steps, line)
			fmt.Fprintln(people, line)
		})
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(people, out.Result)
	if undo != "" {
		fmt.Fprintf(people, "podarium etcd undo %s puts the keys back, without the lease\n", undo)
	}
	return out.print(w, o.output, programs)
}

func (x outcome) print(w io.Writer, format string, programs bool) error {
	if !programs {
		return nil
	}
	return printValue(w, format, x, nil)
}

// openJournal is where operations are recorded.
func (o *options) openJournal() (*operate.Journal, error) {
	dir, err := o.dataDir()
	return &operate.Journal{File: filepath.Join(dir, operate.JournalName)}, err
}

// dataDir is the data directory, or one in the user's cache directory where the program has none.
func (o *options) dataDir() (string, error) {
	if o.deps.DataDir != nil {
		return o.deps.DataDir()
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no directory to record in: %w", err)
	}
	return filepath.Join(dir, "podarium"), nil
}

func (o *options) journal() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "List what was written and operated with podarium, by whom and when",
		Long: `Lists what put, del, undo and the operations did to any etcd, from the record in the data directory. One that stays
"begun" was interrupted: what it did is not known.`,
		Example: `  podarium etcd journal
  podarium etcd journal -o jsonl --limit 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j, err := o.openJournal()
			if err != nil {
				return err
			}
			list, err := j.Entries()
			if err != nil {
				return err
			}
			if limit > 0 && len(list) > limit {
				list = list[len(list)-limit:]
			}
			return printValue(cmd.OutOrStdout(), o.output, list, func(tw *tabwriter.Writer) {
				fmt.Fprintln(tw, "TIME\tUSER\tETCD\tOPERATION\tTARGET\tSTATE\tRESULT")
				for _, e := range list {
					fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Local().Format(time.DateTime), e.User, e.Etcd, e.Operation, e.Target, e.State, e.Result+e.Error)
				}
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "the newest so many (0: all)")
	return cmd
}

func (o *options) compact() *cobra.Command {
	var physical bool
	var rev int64
	cmd := &cobra.Command{
		Use:     "compact [REVISION]",
		Aliases: []string{"compaction"},
		Short:   "Forget all revisions before one, or with none given all but the newest",
		Example: `  podarium etcd compact 4711
  podarium etcd compact --physical`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "the oldest revision to keep (default: the newest there is)")
	cmd.Flags().BoolVar(&physical, "physical", false, "wait until the space is free within the file")
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		if len(args) == 1 {
			n, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || rev != 0 {
				return nil, usage("compact takes one revision, a number: not %q", strings.TrimSpace(args[0]+" "+cmd.Flag("rev").Value.String()))
			}
			rev = n
		}
		if rev == 0 && !cmd.Flags().Changed("rev") {
			var err error
			if rev, err = t.Store.Revision(ctx); err != nil {
				return nil, err
			}
		}
		return operate.PlanCompact(ctx, t.Store, rev, physical)
	})
}

func (o *options) defrag() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "defrag",
		Short:   "Give back unused space of the files: followers first, the leader last",
		Example: `  podarium etcd defrag --dry-run`,
		Args:    cobra.NoArgs,
	}
	always(cmd.Flags(), "cluster")
	return o.operation(cmd, func(ctx context.Context, t *Target, _ []string) (*operate.Operation, error) {
		return operate.PlanDefragment(ctx, t.Store)
	})
}

func (o *options) reclaim() *cobra.Command {
	return o.operation(&cobra.Command{
		Use: "reclaim", Short: "Free the space of a full etcd: compact, defrag, and take NOSPACE back", Args: cobra.NoArgs,
		Long: `Does what "database space exceeded" asks for, in the one order in which it helps: forgets all revisions but the newest,
defragments every member, the leader last, and takes NOSPACE back if every member is below 95 % of its quota then. What
fills the database stays: 'podarium etcd space' says what it is, 'podarium etcd del PREFIX --prefix' deletes it.`,
		Example: `  podarium etcd reclaim --dry-run`,
	}, func(ctx context.Context, t *Target, _ []string) (*operate.Operation, error) {
		return operate.PlanReclaim(ctx, t.Store)
	})
}

func (o *options) disarm() *cobra.Command {
	return o.operation(&cobra.Command{
		Use: "disarm", Short: "Take back all alarms", Args: cobra.NoArgs,
		Long:    `Takes back all alarms. After NOSPACE: compact, defrag, and then this; it comes back where the space is still short.`,
		Example: `  podarium etcd disarm`,
	}, func(ctx context.Context, t *Target, _ []string) (*operate.Operation, error) {
		return operate.PlanDisarm(ctx, t.Store)
	})
}

func (o *options) moveLeader() *cobra.Command {
	cmd := &cobra.Command{
		Use: "move-leader MEMBER", Short: "Make another member the leader", Args: exactArgs(1, "a member's name or ID"),
		Example:           `  podarium etcd move-leader etcd-2`,
		ValidArgsFunction: o.completeMembers,
	}
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanMoveLeader(ctx, t.Store, args[0])
	})
}
