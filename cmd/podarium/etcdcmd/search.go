package etcdcmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/search"
)

func (o *options) search() *cobra.Command {
	var q search.Query
	var mode string
	var limit int
	cmd := &cobra.Command{
		Use:   "search [KEY-PATTERN]",
		Short: "Find keys by name, by what their values say, or by a field",
		Long: `Finds keys whose name matches a pattern, whose decoded value has a line that matches --value, or of which one --field
does. Patterns are substrings unless --mode says otherwise; none but exact mind the case. Exits 4 where nothing is found.`,
		Example: `  podarium etcd search '/registry/*/kube-system/**' --mode glob
  podarium etcd search --value nginx:1.25
  podarium etcd search --prefix /registry/pods/ --field spec.nodeName --value node-1 -o jsonl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				q.Key = args[0]
			}
			if q.Key == "" && q.Value == "" && q.Field == "" {
				return usage("search needs a pattern, --value or --field\nSee '%s --help'", cmd.CommandPath())
			}
			q.Mode, q.Prefix = search.Mode(mode), etcdview.ParseKey(q.Prefix)
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				return o.runSearch(ctx, cmd, t, w, q, limit)
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&q.Value, "value", "", "pattern for a line of the decoded value, or for the field")
	fs.StringVar(&q.Field, "field", "", "path of a field: spec.nodeName, spec.containers.image, metadata.labels[app.kubernetes.io/name]")
	fs.StringVar(&mode, "mode", "substring", "substring, glob, regexp, fuzzy or exact")
	complete(cmd, "mode", "substring", "glob", "regexp", "fuzzy", "exact")
	fs.StringVar(&q.Prefix, "prefix", "", "only keys that begin with this")
	fs.Int64Var(&q.Revision, "rev", 0, "revision to search (default: now)")
	fs.IntVar(&limit, "limit", 0, "end after so many matches (default: all)")
	return cmd
}

func (o *options) runSearch(ctx context.Context, cmd *cobra.Command, t *Target, w io.Writer, q search.Query, limit int) error {
	p := &printer{w: w, format: o.output, decode: t.Decode, keysOnly: o.output == "table" && q.Value == "" && q.Field == ""}
	var failed error
	progress := func(seen int64) {
		if terminal(cmd.ErrOrStderr()) {
			fmt.Fprintf(cmd.ErrOrStderr(), "\r\x1b[K%d keys searched …", seen)
		}
	}
	err := search.Run(ctx, t.Reader, q, t.Decode, func(m search.Match) bool {
		clearProgress(cmd.ErrOrStderr())
		if o.output == "" {
			p.n++
			if failed = p.line(etcdview.Printable(m.Key)); failed == nil && m.Line != "" {
				failed = p.line("    " + m.Line)
			}
		} else {
			kv := m.KV
			if q.Value == "" && q.Field == "" && !p.keysOnly { // only keys were read
				kv, failed = t.Reader.Get(ctx, m.Key, q.Revision)
			}
			if errors.Is(failed, etcdview.ErrNotFound) { // deleted meanwhile
				failed = nil
				return true
			}
			if failed == nil {
				failed = p.kv(ctx, kv)
			}
		}
		return failed == nil && (limit == 0 || p.n < limit)
	}, progress)
	clearProgress(cmd.ErrOrStderr())
	switch {
	case err != nil:
		return err
	case failed != nil:
		return failed
	}
	if err := p.end(); err != nil {
		return err
	}
	if p.n == 0 {
		return &ExitError{Code: exitNotFound, Err: fmt.Errorf("nothing found")}
	}
	return nil
}
