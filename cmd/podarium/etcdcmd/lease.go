package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/operate"
)

func (o *options) lease() *cobra.Command {
	list := o.leases()
	list.Use = "list"
	return group("lease", "List, grant, renew and revoke leases", list, o.leaseTimeToLive(), o.leaseGrant(), o.leaseKeepAlive(), o.leaseRevoke())
}

func (o *options) leaseTimeToLive() *cobra.Command {
	cmd := &cobra.Command{
		Use: "timetolive LEASE", Short: "Say what is left of a lease, and which keys are on it", Args: exactArgs(1, "the ID of a lease"),
		Example:           `  podarium etcd lease timetolive 32695410dcc0ca06`,
		ValidArgsFunction: o.completeLeases,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				id, err := operate.LeaseID(args[0])
				if err != nil {
					return usage("%w", err)
				}
				l, err := t.Store.Lease(ctx, int64(id))
				if err != nil {
					return notFound(err)
				}
				return printValue(w, o.output, l, func(tw *tabwriter.Writer) { printLeases(tw, []etcdview.Lease{*l}, 1, true) })
			})
		},
	}
	always(cmd.Flags(), "keys")
	return cmd
}

func (o *options) leaseGrant() *cobra.Command {
	cmd := &cobra.Command{
		Use: "grant TTL", Short: "Grant a lease", Args: exactArgs(1, "a time in seconds, or such as 5m"),
		Example: `  podarium etcd lease grant 300`,
	}
	return o.operation(cmd, func(_ context.Context, t *Target, args []string) (*operate.Operation, error) {
		ttl, err := time.ParseDuration(args[0])
		if n, e := strconv.ParseInt(args[0], 10, 32); e == nil {
			ttl, err = time.Duration(n)*time.Second, nil
		}
		if err != nil {
			return nil, usage("%q is no time: give seconds, or such as 5m", args[0])
		}
		return operate.PlanLeaseGrant(t.Store, ttl)
	})
}

func (o *options) leaseKeepAlive() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use: "keep-alive LEASE", Short: "Renew a lease until interrupted, or once", Args: exactArgs(1, "the ID of a lease"),
		Example:           `  podarium etcd lease keep-alive 32695410dcc0ca06 --once`,
		ValidArgsFunction: o.completeLeases,
	}
	cmd.Flags().BoolVar(&once, "once", false, "renew it once")
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanLeaseKeepAlive(ctx, t.Store, args[0], once)
	})
}

func (o *options) leaseRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke LEASE", Short: "End a lease now, and delete the keys on it", Args: exactArgs(1, "the ID of a lease"),
		Example:           `  podarium etcd lease revoke 32695410dcc0ca06 --dry-run`,
		ValidArgsFunction: o.completeLeases,
	}
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanLeaseRevoke(ctx, t.Store, args[0])
	})
}

func (o *options) leases() *cobra.Command {
	var limit int
	var keys bool
	cmd := &cobra.Command{
		Use:   "leases",
		Short: "List etcd's leases with the time that is left and the keys on them",
		Long: `Lists etcd's leases: the keys on one go when it ends. Under Kubernetes only events and the addresses of API servers
have them; a Kubernetes Lease is an ordinary object under /registry/leases/.`,
		Example: `  podarium etcd leases --keys`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				leases, all, err := t.Store.Leases(ctx, limit)
				if err != nil {
					return err
				}
				if leases == nil {
					leases = []etcdview.Lease{}
				}
				return printValue(w, o.output, leases, func(tw *tabwriter.Writer) { printLeases(tw, leases, all, keys) })
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 1000, "the most leases to ask for: each takes one request")
	cmd.Flags().BoolVar(&keys, "keys", false, "list all keys of each lease, not the first alone")
	return cmd
}

func printLeases(tw *tabwriter.Writer, leases []etcdview.Lease, all int, keys bool) {
	column := "FIRST KEY"
	if keys {
		column = "KEY"
	}
	fmt.Fprintln(tw, "LEASE\tTTL\tREMAINING\tKEYS\t"+column)
	for _, l := range leases {
		first := ""
		if len(l.Keys) > 0 {
			first = l.Keys[0]
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%s\n", l.ID, seconds(l.TTL), seconds(l.Remaining), len(l.Keys), first)
		for i := 1; keys && i < len(l.Keys); i++ {
			fmt.Fprintf(tw, "\t\t\t\t%s\n", l.Keys[i])
		}
	}
	if all > len(leases) {
		fmt.Fprintf(tw, "%d leases, %d not shown: --limit\n", all, all-len(leases))
	}
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }
