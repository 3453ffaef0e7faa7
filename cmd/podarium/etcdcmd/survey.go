package etcdcmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/survey"
)

func (o *options) space() *cobra.Command {
	var prefix string
	var top int
	var rev int64
	var namespaces, objects, keysOnly bool
	cmd := &cobra.Command{
		Use:   "space",
		Short: "Show what fills the database: keys, bytes and writes by resource, namespace and object",
		Long: `Reads every key once and sums up keys, bytes and writes (since each key was created) by resource; with --namespaces by
namespace too, with --objects the largest and the most often written keys. With --keys-only it counts keys by directory
and reads none of them: etcd has that in memory, so that it takes no time even where the database is full.`,
		Example: `  podarium etcd space
  podarium etcd space --namespaces --objects
  podarium etcd space --keys-only
  podarium etcd --snapshot backup.db space -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				if keysOnly {
					return o.spaceByKeys(ctx, t, w, etcdview.ParseKey(prefix))
				}
				so := survey.Options{Prefix: etcdview.ParseKey(prefix), EtcdPrefix: o.prefix, Revision: rev, Top: top, Progress: progress(cmd.ErrOrStderr())}
				r, err := survey.Run(ctx, t.Reader, so)
				clearProgress(cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				return printValue(w, o.output, r, func(tw *tabwriter.Writer) {
					printSpace(tw, r, namespaces, objects)
				})
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&prefix, "prefix", "", "only keys that begin with this")
	fs.IntVar(&top, "top", 20, "how many single keys to list")
	fs.Int64Var(&rev, "rev", 0, "revision to read at (default: now)")
	fs.BoolVar(&keysOnly, "keys-only", false, "count keys by directory and read none of them")
	cmd.MarkFlagsMutuallyExclusive("keys-only", "rev")
	fs.BoolVar(&namespaces, "namespaces", false, "list each resource in each namespace")
	fs.BoolVar(&objects, "objects", false, "list the largest and the most often written keys")
	return cmd
}

// spaceByKeys counts the keys of each directory.
func (o *options) spaceByKeys(ctx context.Context, t *Target, w io.Writer, prefix string) error {
	dirs, err := survey.Count(ctx, t.Reader, cmp.Or(prefix, o.prefix))
	if err != nil {
		return err
	}
	total := int64(0)
	for _, d := range dirs {
		total += d.Keys
	}
	return printValue(w, o.output, dirs, func(tw *tabwriter.Writer) {
		fmt.Fprintln(tw, "DIRECTORY\tKEYS\tSHARE")
		for _, d := range dirs {
			fmt.Fprintf(tw, "%s\t%d\t%s\n", etcdview.Printable(d.Path), d.Keys, share(d.Keys, total))
		}
		fmt.Fprintf(tw, "total\t%d\t\n", total)
	})
}

func printSpace(tw *tabwriter.Writer, r *survey.Result, namespaces, objects bool) {
	fmt.Fprintln(tw, "RESOURCE\tKEYS\tBYTES\tSHARE\tWRITES")
	for _, g := range r.Resources {
		fmt.Fprintf(tw, "%s\t%d\t%s\t%s\t%d\n", g.Resource, g.Keys, etcdview.Size(g.Bytes), share(g.Bytes, r.Total.Bytes), g.Writes)
	}
	fmt.Fprintf(tw, "total at revision %d\t%d\t%s\t\t%d\n", r.Revision, r.Total.Keys, etcdview.Size(r.Total.Bytes), r.Total.Writes)
	if namespaces {
		fmt.Fprintln(tw, "\nRESOURCE\tNAMESPACE\tKEYS\tBYTES\tWRITES")
		for _, g := range r.Namespaces {
			fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%d\n", g.Resource, g.Namespace, g.Keys, etcdview.Size(g.Bytes), g.Writes)
		}
	}
	if objects {
		fmt.Fprintln(tw, "\nLARGEST KEYS\tBYTES\tWRITES")
		for _, k := range r.Largest {
			fmt.Fprintf(tw, "%s\t%s\t%d\n", k.Key, etcdview.Size(k.Bytes), k.Writes)
		}
		fmt.Fprintln(tw, "\nMOST OFTEN WRITTEN\tBYTES\tWRITES")
		for _, k := range r.MostWritten {
			fmt.Fprintf(tw, "%s\t%s\t%d\n", k.Key, etcdview.Size(k.Bytes), k.Writes)
		}
	}
}

func share(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

func (o *options) audit() *cobra.Command {
	var prefix string
	var rev int64
	var versions bool
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Decode every value and list what is wrong",
		Long: `Decodes every value and lists those that cannot be decoded, keys that disagree with the name in their value, custom
resources without a definition, and values encrypted with an old key; with --versions also in which version the objects
of each resource are stored, which only etcd can tell. It ends with one line for each audit, and exits 1 where a count
is not 0.`,
		Example: `  podarium etcd audit
  podarium etcd audit --versions -o json
  podarium etcd --snapshot backup.db --encryption-config enc.yaml audit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				so := survey.Options{Prefix: etcdview.ParseKey(prefix), EtcdPrefix: o.prefix, Revision: rev, Progress: progress(cmd.ErrOrStderr())}
				a, err := survey.Inspect(ctx, t.Reader, so, t.Decode)
				clearProgress(cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if err := printValue(w, o.output, a, func(tw *tabwriter.Writer) { printAudit(tw, a, versions) }); err != nil {
					return err
				}
				if a.Faults() > 0 {
					return &ExitError{Code: 1}
				}
				return nil
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&prefix, "prefix", "", "only keys that begin with this")
	fs.Int64Var(&rev, "rev", 0, "revision to read at (default: now)")
	fs.BoolVar(&versions, "versions", false, "list the stored versions of each resource")
	return cmd
}

func printAudit(tw *tabwriter.Writer, a *survey.Audit, versions bool) {
	if versions {
		fmt.Fprintln(tw, "RESOURCE\tSTORED AS\tKIND\tFORM\tENCRYPTION\tOBJECTS")
		for _, v := range a.StoredVersions {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%d\n", v.Resource, v.APIVersion, v.Kind, v.Form, v.Encryption, v.Count)
		}
		fmt.Fprintln(tw)
	}
	for _, c := range a.Checks {
		for _, f := range c.Findings {
			fmt.Fprintf(tw, "%s\t%s\n", f.Key, f.Why)
		}
	}
	fmt.Fprintf(tw, "%d keys read at revision %d\n", a.Keys, a.Revision)
	if a.Encrypted > 0 {
		fmt.Fprintf(tw, "%d values are encrypted and were not looked into: --encryption-config\n", a.Encrypted)
	}
	for _, c := range a.Checks {
		fmt.Fprintf(tw, "%s: %d\n", c.Name, c.Count)
	}
}
