package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
)

func (o *options) user() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "List etcd's users", Args: usageArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(o.access("list", "List the users with their roles", "  podarium etcd user list -o json",
		func(a *etcdview.Access) any { return a.Users },
		func(tw *tabwriter.Writer, a *etcdview.Access) {
			fmt.Fprintln(tw, "USER\tROLES")
			for _, u := range a.Users {
				fmt.Fprintf(tw, "%s\t%s\n", u.Name, strings.Join(u.Roles, ", "))
			}
		}))
	return cmd
}

func (o *options) role() *cobra.Command {
	cmd := &cobra.Command{Use: "role", Short: "List etcd's roles", Args: usageArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(o.access("list", "List the roles with their permissions", "  podarium etcd role list -o json",
		func(a *etcdview.Access) any { return a.Roles },
		func(tw *tabwriter.Writer, a *etcdview.Access) {
			fmt.Fprintln(tw, "ROLE\tMAY\tKEYS")
			for _, r := range a.Roles {
				if len(r.Permissions) == 0 {
					fmt.Fprintf(tw, "%s\tnothing\t\n", r.Name)
				}
				for _, p := range r.Permissions {
					fmt.Fprintf(tw, "%s\t%s\t%s\n", r.Name, strings.ToLower(p.Type), p.Range())
				}
			}
		}))
	return cmd
}

// access makes a command that lists a part of who may do what.
func (o *options) access(use, short, example string, part func(*etcdview.Access) any, table func(*tabwriter.Writer, *etcdview.Access)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				a, err := t.Store.Access(ctx)
				if err != nil {
					return err
				}
				return printValue(w, o.output, part(a), func(tw *tabwriter.Writer) {
					table(tw, a)
					if a.Known && !a.Enabled {
						fmt.Fprintln(tw, "\nAuthentication is off: everybody may do everything.")
					}
				})
			})
		},
	}
}
