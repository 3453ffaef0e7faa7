package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/offline"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/etcdview/survey"
)

func (o *options) snapshotCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "snapshot", Short: "Save, check and restore snapshots"}
	cmd.AddCommand(o.snapshotSave(), o.snapshotStatus(), o.snapshotRestore(), o.snapshotDiff())
	return cmd
}

func (o *options) snapshotSave() *cobra.Command {
	var stall time.Duration
	cmd := &cobra.Command{
		Use:   "save FILE",
		Short: "Save a snapshot and check it",
		Long: `Saves a snapshot of the member that answers, and checks it against the checksum that etcd sends with it. The file appears
under its name only when it is whole; where the connection is lost, or the disk full, nothing is left behind.`,
		Example: `  podarium etcd snapshot save backup.db`,
		Args:    exactArgs(1, "a file name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				errs := cmd.ErrOrStderr()
				j, err := o.openJournal()
				if err != nil {
					return err
				}
				result, err := j.Record(operate.Entry{Etcd: t.Name, Operation: "snapshot save", Target: args[0]}, func() (string, error) {
					n, err := operate.SaveSnapshot(ctx, t.Store, args[0], operate.SnapshotOptions{Stall: stall, Progress: func(n int64) {
						if terminal(errs) {
							fmt.Fprintf(errs, "\r\x1b[K%s …", etcdview.Size(n))
						}
					}})
					clearProgress(errs)
					if err != nil {
						return "", err
					}
					return checkSnapshot(ctx, args[0], n)
				})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(w, result)
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&stall, "stall-timeout", 30*time.Second, "give up when nothing has come for so long")
	return cmd
}

// checkSnapshot reads the index of a snapshot and says what is in it.
func checkSnapshot(ctx context.Context, file string, size int64) (string, error) {
	db, err := offline.Open(ctx, file)
	if err != nil {
		return "", fmt.Errorf("the snapshot was saved, but cannot be read: %w", err)
	}
	defer db.Close()
	keys, err := db.Counts(ctx, []string{""}, 0)
	if err != nil {
		return "", err
	}
	rev, err := db.Revision(ctx)
	return fmt.Sprintf("%s: %s, %d keys at revision %d, checksum and index checked", file, etcdview.Size(size), keys[0], rev), err
}

func (o *options) snapshotStatus() *cobra.Command {
	return &cobra.Command{
		Use:     "status FILE",
		Short:   "Say what a snapshot holds",
		Example: `  podarium etcd snapshot status backup.db -o json`,
		Args:    exactArgs(1, "a file name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := offline.OpenSnapshot(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer db.Close()
			s, err := snapshot.NewV3(zap.NewNop()).Status(args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			r, err := survey.Run(cmd.Context(), db, survey.Options{EtcdPrefix: o.prefix, Top: 5})
			if err != nil {
				return err
			}
			out := struct {
				Hash            string `json:"hash"`
				Revision        int64  `json:"revision"`
				CompactRevision int64  `json:"compactRevision"`
				Keys            int64  `json:"keys"`
				Revisions       int64  `json:"revisions"`
				Size            int64  `json:"size"`
				Version         string `json:"version,omitempty"`
			}{fmt.Sprintf("%x", s.Hash), r.Revision, db.CompactRevision(), r.Total.Keys, db.Revisions(), s.TotalSize, s.Version}
			return printValue(cmd.OutOrStdout(), o.output, out, func(tw *tabwriter.Writer) {
				fmt.Fprintln(tw, "HASH\tREVISION\tCOMPACTED BEFORE\tKEYS\tREVISIONS KEPT\tSIZE\tVERSION")
				fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", out.Hash, out.Revision, out.CompactRevision, out.Keys, out.Revisions, etcdview.Size(out.Size), out.Version)
			})
		},
	}
}

// revisionBump is what etcd's own documentation takes: more than any cluster writes between backup and restore.
const revisionBump = 1_000_000_000

func (o *options) snapshotRestore() *cobra.Command {
	c := snapshot.RestoreConfig{}
	var bump uint64
	var dryRun bool
	var peers []string
	cmd := &cobra.Command{
		Use:   "restore FILE --data-dir-out DIR",
		Short: "Restore a snapshot into a new data directory of etcd",
		Long: `Restores a snapshot into a new data directory. Revisions are raised and what was before is marked as compacted
(--bump-revision), so that API servers and controllers, which believe that revisions never go back, read everything anew;
--bump-revision 0 leaves them as they were.`,
		Example: `  podarium etcd snapshot restore backup.db --data-dir-out /var/lib/etcd-restored`,
		Args:    exactArgs(1, "a file name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.OutputDataDir == "" {
				return usage("restore needs --data-dir-out, a directory that does not exist yet")
			}
			if _, err := os.Stat(c.OutputDataDir); !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("%s exists: restore makes a new directory", c.OutputDataDir)
			}
			db, err := offline.OpenSnapshot(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			rev, err := db.Revision(cmd.Context())
			if err := errors.Join(err, db.Close()); err != nil {
				return err
			}
			c.SnapshotPath, c.RevisionBump, c.MarkCompacted, c.PeerURLs = args[0], bump, bump > 0, peers
			if c.InitialCluster == "" {
				c.InitialCluster = c.Name + "=" + peers[0]
			}
			w := cmd.OutOrStdout()
			preview := fmt.Sprintf("restore %s into the new directory %s, for member %s of %s; revision %d → %d", args[0], c.OutputDataDir, c.Name, c.InitialCluster, rev, rev+int64(bump))
			fmt.Fprintln(w, preview)
			if dryRun {
				_, err := fmt.Fprintln(w, "dry run: nothing was written")
				return err
			}
			j, err := o.openJournal()
			if err != nil {
				return err
			}
			result, err := j.Record(operate.Entry{Operation: "snapshot restore", Target: c.OutputDataDir, Preview: []string{preview}}, func() (string, error) {
				if err := snapshot.NewV3(zap.NewNop()).Restore(c); err != nil {
					return "", fmt.Errorf("restore %s: %w", args[0], err)
				}
				return fmt.Sprintf("%s: restored, revision %d → %d", c.OutputDataDir, rev, rev+int64(bump)), nil
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(w, result)
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&c.OutputDataDir, "data-dir-out", "", "the new data directory")
	fs.StringVar(&c.Name, "name", "default", "name of the member")
	fs.StringSliceVar(&peers, "initial-advertise-peer-urls", []string{"http://localhost:2380"}, "the member's peer URLs")
	fs.StringVar(&c.InitialCluster, "initial-cluster", "", "the members of the new cluster (default: this one alone)")
	fs.StringVar(&c.InitialClusterToken, "initial-cluster-token", "etcd-cluster", "token of the new cluster")
	fs.BoolVar(&c.SkipHashCheck, "skip-hash-check", false, "for a database file that was copied rather than saved")
	fs.Uint64Var(&bump, "bump-revision", revisionBump, "how much to raise revisions by")
	fs.BoolVar(&dryRun, "dry-run", false, "show what would be done")
	_ = cmd.MarkFlagDirname("data-dir-out") // the flag exists
	return cmd
}

func (o *options) snapshotDiff() *cobra.Command {
	var prefix string
	cmd := &cobra.Command{
		Use:   "diff FILE [FILE]",
		Short: "Compare a snapshot with the running etcd, or with another snapshot",
		Long: `Lists the keys that were added, removed and changed between a snapshot and now, or between two snapshots, with what
changed in the decoded values. Exits 1 where there is a difference.`,
		Example: `  podarium etcd snapshot diff backup.db --prefix /registry/deployments/
  podarium etcd snapshot diff monday.db tuesday.db -o jsonl`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			old, err := offline.OpenSnapshot(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer old.Close()
			compare := func(ctx context.Context, t *Target, w io.Writer) error {
				return o.compareStores(ctx, w, old, t, etcdview.ParseKey(prefix))
			}
			if len(args) == 2 {
				o.snapshot = args[1]
				return o.with(cmd, compare)
			}
			return o.withLive(cmd, compare)
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin with this")
	return cmd
}

// compareStores prints what turns one store into another, as changes.
func (o *options) compareStores(ctx context.Context, w io.Writer, old etcdview.Reader, t *Target, prefix string) error {
	p := &changePrinter{w: w, errs: io.Discard, format: o.output, decode: t.Decode, plain: true}
	if o.output == "json" {
		p.format = "jsonl"
	}
	err := etcdview.CompareReaders(ctx, old, t.Reader, prefix, func(e etcdview.Event) error { return p.event(ctx, e) })
	if err == nil && p.n > 0 {
		return &ExitError{Code: 1}
	}
	return err
}
