package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
)

func (o *options) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the cluster at a glance: members, space, revisions, alarms",
		Example: `  podarium etcd status
  podarium etcd status -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				ov, err := t.Store.Overview(ctx)
				if err != nil {
					return err
				}
				if err := printValue(w, o.output, ov, func(tw *tabwriter.Writer) { printStatus(tw, ov) }); err != nil {
					return err
				}
				return ill(ov)
			})
		},
	}
}

func (o *options) members() *cobra.Command {
	return &cobra.Command{
		Use:     "members",
		Short:   "List the members with leader, versions, Raft position, space and latency",
		Example: `  podarium etcd members -o json`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				ov, err := t.Store.Overview(ctx)
				if err != nil {
					return err
				}
				if err := printValue(w, o.output, ov.Members, func(tw *tabwriter.Writer) { printMembers(tw, ov) }); err != nil {
					return err
				}
				return ill(ov)
			})
		},
	}
}

// ill is an error where a member does not answer or an alarm is raised, so that a script sees it.
func ill(o *etcdview.Overview) error {
	var faults []string
	for _, m := range o.Members {
		if m.Err != "" {
			faults = append(faults, fmt.Sprintf("member %s does not answer", m.Name))
		}
	}
	for _, a := range o.Alarms {
		faults = append(faults, fmt.Sprintf("member %s has raised %s", a.Member, a.Type))
	}
	if len(faults) > 0 {
		return &ExitError{1, fmt.Errorf("etcd: %s", strings.Join(faults, "; "))}
	}
	return nil
}

func printStatus(tw *tabwriter.Writer, o *etcdview.Overview) {
	fmt.Fprintf(tw, "revision\t%d\n", o.Revision)
	if o.CompactRevision > 0 {
		fmt.Fprintf(tw, "compacted before\t%d\n", o.CompactRevision)
	}
	alarms := "none"
	if len(o.Alarms) > 0 {
		var list []string
		for _, a := range o.Alarms {
			list = append(list, a.Type+" ("+a.Member+")")
		}
		alarms = strings.Join(list, ", ")
	}
	fmt.Fprintf(tw, "alarms\t%s\n\n", alarms)
	printMembers(tw, o)
}

func printMembers(tw *tabwriter.Writer, o *etcdview.Overview) {
	fmt.Fprintln(tw, "MEMBER\tID\tROLE\tVERSION\tSIZE\tIN USE\tQUOTA\tTERM\tAPPLIED\tLAG\tLATENCY")
	for i := range o.Members {
		m := &o.Members[i]
		if m.Err != "" {
			fmt.Fprintf(tw, "%s\t%s\tdoes not answer: %s\n", m.Name, m.ID, m.Err)
			continue
		}
		role := "follower"
		switch {
		case m.Leader:
			role = "leader"
		case m.Learner:
			role = "learner"
		}
		quota := "-"
		if m.Quota > 0 {
			quota = etcdview.Size(m.Quota)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", m.Name, m.ID, role, m.Version, etcdview.Size(m.Size),
			fmt.Sprintf("%s (%.0f%%)", etcdview.Size(m.InUse), 100*(1-m.Fragmentation())), quota, m.Term, m.Applied, o.Lag(m), m.Latency.Round(10*time.Microsecond))
	}
}

func (o *options) leases() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "leases",
		Short: "List etcd's leases with the time that is left and the keys on them",
		Long: `Lists etcd's leases: the keys on one go when it ends. Under Kubernetes only events and the addresses of API servers
have them; a Kubernetes Lease is an ordinary object under /registry/leases/.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				leases, all, err := t.Store.Leases(ctx, limit)
				if err != nil {
					return err
				}
				return printValue(w, o.output, leases, func(tw *tabwriter.Writer) {
					fmt.Fprintln(tw, "LEASE\tTTL\tREMAINING\tKEYS\tFIRST KEY")
					for _, l := range leases {
						first := ""
						if len(l.Keys) > 0 {
							first = l.Keys[0]
						}
						fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%s\n", l.ID, seconds(l.TTL), seconds(l.Remaining), len(l.Keys), first)
					}
					if all > len(leases) {
						fmt.Fprintf(tw, "%d leases, %d not shown: --limit\n", all, all-len(leases))
					}
				})
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 1000, "the most leases to ask for: each takes one request")
	return cmd
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }
