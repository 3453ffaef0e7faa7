package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

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
  podarium etcd tree /registry/deployments/
  podarium etcd tree /registry/pods/ -o json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				dir, err := directory(ctx, t, args, rev)
				if err != nil {
					return err
				}
				list, err := o.branch(ctx, t, dir, rev, depth)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					return &ExitError{exitNotFound, fmt.Errorf("%s: no keys there", etcdview.Printable(dir))}
				}
				return printValue(w, o.output, list, func(tw *tabwriter.Writer) {
					fmt.Fprintln(tw, etcdview.Printable(dir))
					printBranch(tw, list, "")
				})
			})
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "revision to read at (default: now)")
	cmd.Flags().IntVar(&depth, "depth", 3, "how many levels to open")
	return cmd
}

// branch lists a directory, and so many levels below it.
func (o *options) branch(ctx context.Context, t *Target, dir string, rev int64, depth int) ([]entry, error) {
	list, err := o.list(ctx, t, dir, rev)
	for i := range list {
		if e := &list[i]; err == nil && e.Dir && depth > 1 {
			e.Children, err = o.branch(ctx, t, etcdview.ParseKey(e.Path), rev, depth-1)
		}
	}
	return list, err
}

func printBranch(w io.Writer, list []entry, indent string) {
	for i, e := range list {
		knot, next := "├── ", "│   "
		if i == len(list)-1 {
			knot, next = "└── ", "    "
		}
		if !e.Dir {
			fmt.Fprintf(w, "%s%s%s\n", indent, knot, e.Name)
			continue
		}
		fmt.Fprintf(w, "%s%s%s/  (%d)\n", indent, knot, e.Name, e.Keys)
		printBranch(w, e.Children, indent+next)
	}
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
