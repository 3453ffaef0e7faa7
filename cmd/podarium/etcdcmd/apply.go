package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/restore"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/operate"
)

// destination is the cluster to change, as the flags name it.
type destination struct{ kubeconfig, context string }

func (o *options) applyCommand() *cobra.Command {
	var to destination
	var rev int64
	var deleted, dryRun, yes bool
	cmd := &cobra.Command{
		Use:   "apply KEY [--rev REVISION | --deleted]",
		Short: "Make an object what it was, through the API server and after a preview",
		Long: `Takes an object as it was at a revision (--rev), before it was deleted (--deleted), or in a --snapshot, and makes the
live one the same through the API server, with all its checks: the spec and all else but the status, and of the metadata
labels and annotations. One that is gone is created anew. Nothing is done before you have seen it as a diff.

podarium's own etcd goes to podarium's own API server; for any other, and for a file, --context names the cluster.`,
		Example: `  podarium etcd apply /registry/deployments/default/web --rev 4711
  podarium etcd apply /registry/configmaps/default/app --deleted
  podarium etcd --snapshot backup.db apply /registry/services/specs/default/web --context staging`,
		Args:              exactArgs(1, "a key"),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rev == 0 && !deleted && !o.offline() {
				return usage("apply needs a state to bring back: --rev, --deleted, or a --snapshot\nSee '%s --help'", cmd.CommandPath())
			}
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				e := extractor{t: t, rev: rev, deleted: deleted}
				kv, err := e.state(ctx, etcdview.ParseKey(args[0]))
				if err != nil {
					return notFound(err)
				}
				c, err := o.destination(cmd, to)
				if err != nil {
					return err
				}
				summary := fmt.Sprintf("bring back %s as at revision %d", etcdview.Printable(kv.Key), kv.ModRevision)
				d := t.Decode
				d.ShowSecrets = true // for the API server; the preview masks them
				v := decode.Decode(ctx, kv.Key, kv.Value, d)
				p, err := restore.Plan(ctx, c, &v, summary)
				if errors.Is(err, change.ErrNothingToDo) {
					_, err = fmt.Fprintf(w, "nothing to do: the object in %s is like that\n", c.Name())
					return err
				}
				if err != nil {
					return fmt.Errorf("%s in %s: %w", summary, c.Name(), err)
				}
				return o.bringBack(ctx, cmd, c, p, &guards{dryRun: dryRun, yes: yes})
			})
		},
	}
	fs := cmd.Flags()
	fs.Int64Var(&rev, "rev", 0, "the revision to bring back")
	fs.BoolVar(&deleted, "deleted", false, "the last state before the deletion")
	fs.StringVar(&to.kubeconfig, "kubeconfig", "", "kubeconfig file of the cluster to change")
	fs.StringVar(&to.context, "context", "", "context of the cluster to change")
	fs.BoolVar(&dryRun, "dry-run", false, "show what would be done")
	fs.BoolVarP(&yes, "yes", "y", false, "do not ask")
	_ = cmd.MarkFlagFilename("kubeconfig") // the flag exists
	return cmd
}

// destination is the cluster whose API server is asked.
func (o *options) destination(cmd *cobra.Command, to destination) (*cluster.Cluster, error) {
	if o.deps.Cluster == nil {
		return nil, usage("there is no cluster to change")
	}
	if (o.connect.Chosen() || o.offline()) && to == (destination{}) {
		return nil, usage("which cluster is to be changed? --context, --kubeconfig")
	}
	return o.deps.Cluster(cmd, to.kubeconfig, to.context)
}

func (o *options) bringBack(ctx context.Context, cmd *cobra.Command, c *cluster.Cluster, p *change.Plan, g *guards) error {
	w := cmd.OutOrStdout()
	lines := p.Diff()
	if o.showSecrets {
		lines = p.DiffWithSecrets()
	}
	fmt.Fprintf(w, "%s %s in cluster %s\n", p.Verb, p.Ref, c.Name())
	for _, l := range lines {
		fmt.Fprintln(w, diffLine(l))
	}
	var masked []string // what is recorded never has the contents of Secrets
	for _, l := range p.Diff() {
		masked = append(masked, diffLine(l))
	}
	for _, warning := range p.Warnings {
		fmt.Fprintln(w, "warning:", warning)
	}
	if g.dryRun {
		_, err := fmt.Fprintln(w, "dry run: nothing was changed")
		return err
	}
	if err := g.confirm(cmd, "yes"); err != nil {
		return err
	}
	j, err := o.openJournal()
	if err != nil {
		return err
	}
	e := operate.Entry{Etcd: c.Name(), Operation: "apply", Target: p.Ref.String(), Preview: masked}
	result, err := j.Record(e, func() (string, error) {
		r, err := change.NewDoor(c).Apply(ctx, p)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s is as it was, at resource version %s", p.Ref, r.Result.GetResourceVersion()), nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, result)
	return err
}

func diffLine(l change.Line) string {
	if l.Op == '@' {
		return "…"
	}
	return string(l.Op) + " " + l.Text
}
