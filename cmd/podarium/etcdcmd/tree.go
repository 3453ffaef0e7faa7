package etcdcmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/registry"
)

func (o *options) tree() *cobra.Command {
	var rev int64
	var depth int
	cmd := &cobra.Command{
		Use:   "tree [DIRECTORY]",
		Short: "Print keys as a tree",
		Example: `  podarium etcd tree /registry/ --depth 1
  podarium etcd tree /registry/deployments/`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				dir, err := directory(ctx, t, args, rev)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintln(w, etcdview.Printable(dir)); err != nil {
					return err
				}
				return o.branch(ctx, t, w, dir, "", rev, depth)
			})
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "revision to read at (default: now)")
	cmd.Flags().IntVar(&depth, "depth", 3, "how many levels to open")
	return cmd
}

func (o *options) branch(ctx context.Context, t *Target, w io.Writer, dir, indent string, rev int64, depth int) error {
	list, err := o.list(ctx, t, dir, rev)
	if err != nil {
		return err
	}
	for i, e := range list {
		knot, next := "├── ", "│   "
		if i == len(list)-1 {
			knot, next = "└── ", "    "
		}
		if !e.Dir {
			if _, err := fmt.Fprintf(w, "%s%s%s\n", indent, knot, e.Name); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%s%s%s/  (%d)\n", indent, knot, e.Name, e.Keys); err != nil {
			return err
		}
		if depth > 1 {
			if err := o.branch(ctx, t, w, etcdview.ParseKey(e.Path), indent+next, rev, depth-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// resource names what a node of the tree stands for in Kubernetes, empty where it is nothing of it.
func (o *options) resource(n etcdview.Node) string {
	if n.Dir {
		if gr, ns, ok := registry.Resource(o.prefix, n.Path); ok && ns == "" && gr.Group != "" {
			return gr.String()
		}
		return ""
	}
	if obj, ok := registry.Parse(o.prefix, n.Path); ok && obj.Served() {
		return obj.String()
	}
	return ""
}
