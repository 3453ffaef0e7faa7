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
	print := func(tw *tabwriter.Writer, list []etcdview.User) {
		fmt.Fprintln(tw, "USER\tROLES")
		for _, u := range list {
			fmt.Fprintf(tw, "%s\t%s\n", u.Name, strings.Join(u.Roles, ", "))
		}
	}
	users := func(a *etcdview.Access) []etcdview.User { return a.Users }
	return group("user", "List etcd's users",
		listAccess(o, "List the users with their roles", "  podarium etcd user list -o json", users, print),
		getAccess(o, "user", "Show the roles of one user", (*etcdview.Store).User, print))
}

func (o *options) role() *cobra.Command {
	print := func(tw *tabwriter.Writer, list []etcdview.Role) {
		fmt.Fprintln(tw, "ROLE\tMAY\tKEYS")
		for _, r := range list {
			if len(r.Permissions) == 0 {
				fmt.Fprintf(tw, "%s\tnothing\t\n", r.Name)
			}
			for _, p := range r.Permissions {
				fmt.Fprintf(tw, "%s\t%s\t%s\n", r.Name, strings.ToLower(p.Type), p.Range())
			}
		}
	}
	roles := func(a *etcdview.Access) []etcdview.Role { return a.Roles }
	return group("role", "List etcd's roles",
		listAccess(o, "List the roles with their permissions", "  podarium etcd role list -o json", roles, print),
		getAccess(o, "role", "Show what one role may do", (*etcdview.Store).Role, print))
}

// listAccess makes a command that lists a part of who may do what.
func listAccess[T any](o *options, short, example string, part func(*etcdview.Access) []T, table func(*tabwriter.Writer, []T)) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				a, err := t.Store.Access(ctx)
				if err != nil {
					return err
				}
				return printValue(w, o.output, part(a), func(tw *tabwriter.Writer) {
					table(tw, part(a))
					if a.Known && !a.Enabled {
						fmt.Fprintln(tw, "\nAuthentication is off: everybody may do everything.")
					}
				})
			})
		},
	}
}

// getAccess makes a command that shows one of them.
func getAccess[T any](o *options, what, short string, get func(*etcdview.Store, context.Context, string) (T, error), table func(*tabwriter.Writer, []T)) *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Short: short, Args: exactArgs(1, "the name of a "+what),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				one, err := get(t.Store, ctx, args[0])
				if err != nil {
					return notFound(err)
				}
				return printValue(w, o.output, one, func(tw *tabwriter.Writer) { table(tw, []T{one}) })
			})
		},
	}
}
