package etcdcmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
	"github.com/podarium/podarium/etcdview/registry"
)

// guards are the flags of commands that write.
type guards struct {
	allow    bool
	registry bool
	dryRun   bool
	yes      bool
	undo     string
}

func (g *guards) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&g.allow, "allow-writes", false, "write to an etcd that is not podarium's own")
	fs.BoolVar(&g.registry, "allow-registry-writes", false, "write under a Kubernetes registry, past admission, validation and audit")
	fs.BoolVar(&g.dryRun, "dry-run", false, "show what would be done")
	fs.BoolVarP(&g.yes, "yes", "y", false, "do not ask")
	fs.StringVar(&g.undo, "undo-file", "", "where to write what was there before (default: a new file in the user's cache directory)")
}

// permit refuses what the flags do not allow.
func (o *options) permit(g *guards, keys ...string) error {
	if g.dryRun {
		return nil
	}
	if o.connect.Chosen() && !g.allow {
		return &ExitError{1, fmt.Errorf("this etcd is not podarium's own, and opened read-only: --allow-writes")}
	}
	for _, key := range keys {
		if g.registry || !registry.Within(o.prefix, key) {
			continue
		}
		hint := ""
		if obj, ok := registry.Parse(o.prefix, key); ok && obj.Served() {
			hint = "\nThe API does it with all its checks: kubectl apply, edit or delete " + kubectlName(obj)
		}
		return &ExitError{1, fmt.Errorf("%s belongs to a Kubernetes registry: a write there passes by admission, validation, finalizers and audit: --allow-registry-writes%s",
			etcdview.Printable(key), hint)}
	}
	return nil
}

func kubectlName(o registry.Object) string {
	s := o.GroupResource.String() + "/" + o.Name
	if o.Namespace != "" {
		s += " -n " + o.Namespace
	}
	return s
}

// apply shows a plan, asks, and does it.
func (o *options) apply(ctx context.Context, cmd *cobra.Command, t *Target, g *guards, p *operate.Plan) error {
	var keys []string
	for _, c := range p.Changes {
		keys = append(keys, c.Key)
	}
	if err := o.permit(g, keys...); err != nil {
		return err
	}
	var shown bytes.Buffer
	if err := o.preview(ctx, io.MultiWriter(&shown, cmd.OutOrStdout()), t, p); err != nil {
		return err
	}
	if g.dryRun {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "dry run: nothing was changed")
		return err
	}
	want := "yes" // in proportion: yes for one key, their number for several
	if len(keys) > 1 {
		want = strconv.Itoa(len(keys))
	}
	if err := g.confirm(cmd, want); err != nil {
		return err
	}
	undo, err := g.undoFile()
	if err != nil {
		return err
	}
	j, err := o.openJournal()
	if err != nil {
		return err
	}
	e := operate.Entry{Etcd: t.Name, Operation: cmd.Name(), Target: etcdview.Printable(keys[0]), Preview: strings.Split(strings.TrimSuffix(shown.String(), "\n"), "\n"), UndoFile: undo}
	if len(keys) > 1 {
		e.Target += fmt.Sprintf(" and %d more", len(keys)-1)
	}
	result, err := j.Record(e, func() (string, error) {
		rev, err := operate.Apply(ctx, t.Store, p, undo)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("done at revision %d", rev), nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s; podarium etcd undo %s takes it back\n", result, undo)
	return err
}

// undoFile is where what was there before goes.
func (g *guards) undoFile() (string, error) {
	if g.undo != "" {
		return g.undo, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("where should the undo file go? --undo-file: %w", err)
	}
	return filepath.Join(dir, "podarium", "undo", time.Now().UTC().Format("20060102T150405.000000000")+".jsonl"), nil
}

func (o *options) preview(ctx context.Context, w io.Writer, t *Target, p *operate.Plan) error {
	const most = 20
	cp := &changePrinter{w: w, errs: io.Discard, decode: t.Decode, plain: true}
	for i, c := range p.Changes {
		if i == most {
			_, err := fmt.Fprintf(w, "… and %d more keys\n", len(p.Changes)-most)
			return err
		}
		e := etcdview.Event{Type: etcdview.Put, KV: etcdview.KV{Key: c.Key, Value: c.New}, Prev: c.Old}
		switch {
		case c.New == nil:
			e.Type = etcdview.Delete
		case c.Old == nil:
			e.Type = etcdview.Create
		}
		if err := cp.event(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks, unless --yes was given or there is nothing to ask.
func (g *guards) confirm(cmd *cobra.Command, want string) error {
	if g.yes || want == "" {
		return nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Type %s to do it: ", want)
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != want {
		return &ExitError{1, errors.New("not confirmed: nothing was changed (--yes does not ask)")}
	}
	return nil
}

func (o *options) put() *cobra.Command {
	var g guards
	var file, lease string
	cmd := &cobra.Command{
		Use:   "put KEY [VALUE]",
		Short: "Write a value, as stored, after a preview",
		Long: `Writes the bytes given as VALUE, in a file or on standard input. The key keeps its lease; nothing that changed since the
preview is overwritten; what was there goes into an undo file. Under a Kubernetes registry the value must decode as an
object of the kind and name that the key says, in the form that is stored there.`,
		Example: `  podarium etcd put /config/greeting hello
  podarium etcd get /registry/configmaps/default/app --rev 4711 -o raw | podarium etcd put /registry/configmaps/default/app --file - --allow-registry-writes --yes`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 2) == (file != "") {
				return usage("put needs either a value or --file")
			}
			var value []byte
			var err error
			switch {
			case len(args) == 2:
				value = []byte(args[1])
			case file == "-":
				if !g.yes && !g.dryRun {
					return usage("--file - takes the value from standard input, so the question cannot be answered there: --yes or --dry-run")
				}
				value, err = io.ReadAll(cmd.InOrStdin())
			default:
				value, err = os.ReadFile(file)
			}
			if err != nil {
				return fmt.Errorf("read the value: %w", err)
			}
			return o.withLive(cmd, func(ctx context.Context, t *Target, _ io.Writer) error {
				p, err := operate.PlanPut(ctx, t.Store, etcdview.ParseKey(args[0]), value, t.Decode)
				if err == nil && lease != "" {
					err = p.OnLease(ctx, t.Store, lease)
				}
				if err != nil {
					return err
				}
				return o.apply(ctx, cmd, t, &g, p)
			})
		},
	}
	g.addFlags(cmd)
	cmd.Flags().StringVarP(&file, "file", "f", "", "file with the value; - for standard input")
	cmd.Flags().StringVar(&lease, "lease", "", "put the key on this lease (default: the one that it is on)")
	always(cmd.Flags(), "prev-kv", "ignore-lease")
	_ = cmd.RegisterFlagCompletionFunc("lease", o.completeLeases) // the flag exists
	return cmd
}

func (o *options) del() *cobra.Command {
	var g guards
	var prefix bool
	cmd := &cobra.Command{
		Use:   "del KEY",
		Short: "Delete a key, or with --prefix all that begin with it, after a preview",
		Example: `  podarium etcd del /config/greeting
  podarium etcd del /config/old/ --prefix --dry-run`,
		Args:              exactArgs(1, "a key"),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				key := etcdview.ParseKey(args[0])
				p, err := operate.PlanDelete(ctx, t.Store, key, prefix)
				if errors.Is(err, operate.ErrMany) {
					return o.purge(ctx, cmd, t, w, &g, key)
				}
				if err != nil {
					return notFound(err)
				}
				return o.apply(ctx, cmd, t, &g, p)
			})
		},
	}
	g.addFlags(cmd)
	cmd.Flags().BoolVar(&prefix, "prefix", false, "delete all keys that begin with KEY")
	return cmd
}

// purge deletes more keys than are shown and held in memory.
func (o *options) purge(ctx context.Context, cmd *cobra.Command, t *Target, w io.Writer, g *guards, prefix string) error {
	op, example, err := operate.PlanPurge(ctx, t.Store, o.prefix, prefix)
	if err != nil {
		return notFound(err)
	}
	if err := o.permit(g, example); err != nil {
		return err
	}
	return o.operate(ctx, cmd, t, w, g, op)
}

func (o *options) undo() *cobra.Command {
	var g guards
	cmd := &cobra.Command{
		Use:     "undo FILE",
		Short:   "Take back what put, del or undo did, from its undo file",
		Example: `  podarium etcd undo ~/.cache/podarium/undo/20261123T170000.jsonl`,
		Args:    exactArgs(1, "an undo file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				p, err := operate.PlanUndo(ctx, t.Store, args[0])
				if err != nil {
					return err
				}
				if len(p.Changes) == 0 {
					_, err := fmt.Fprintln(w, "nothing to do: all keys are as they were")
					return err
				}
				return o.apply(ctx, cmd, t, &g, p)
			})
		},
	}
	g.addFlags(cmd)
	return cmd
}
