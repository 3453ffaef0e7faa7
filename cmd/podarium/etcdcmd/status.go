package etcdcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
)

// health is what status prints, as programs read it.
type health struct {
	*etcdview.Overview
	Consistency *etcdview.Consistency `json:"consistency,omitempty"`
}

func (o *options) status() *cobra.Command {
	var hash bool
	var rev int64
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the cluster at a glance: members, space, revisions, alarms",
		Long: `Shows members, space, revisions and alarms, and exits 1 where a member does not answer or an alarm is raised. With
--hash every member hashes all it holds up to one revision, and it exits 1 where they differ.`,
		Example: `  podarium etcd status
  podarium etcd status --hash
  podarium etcd status -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				h := health{}
				var err error
				if h.Overview, err = t.Store.Overview(ctx); err != nil {
					return err
				}
				if hash || rev > 0 {
					if h.Consistency, err = t.Store.Consistency(ctx, rev); err != nil {
						return err
					}
				}
				err = printValue(w, o.output, h, func(tw *tabwriter.Writer) {
					printStatus(tw, h.Overview)
					if h.Consistency != nil {
						printConsistency(tw, h.Consistency)
					}
				})
				if err != nil {
					return err
				}
				if c := h.Consistency; c != nil && (c.Differing || c.Unknown) {
					return &ExitError{1, errors.New("etcd: " + c.Verdict())}
				}
				return ill(h.Overview)
			})
		},
	}
	cmd.Flags().BoolVar(&hash, "hash", false, "compare the members by a hash of their data: each reads all it has, some seconds for each GB")
	cmd.Flags().Int64Var(&rev, "rev", 0, "hash up to this revision (default: the newest)")
	return cmd
}

func printConsistency(tw *tabwriter.Writer, c *etcdview.Consistency) {
	fmt.Fprintf(tw, "\nMEMBER\tHASH\tCOMPACTED BEFORE\n")
	for _, h := range c.Members {
		if h.Err != "" {
			fmt.Fprintf(tw, "%s\tnot known: %s\n", h.Member, h.Err)
			continue
		}
		fmt.Fprintf(tw, "%s\t%08x\t%d\n", h.Member, h.Hash, max(0, h.CompactRevision))
	}
	fmt.Fprintf(tw, "%s\n", c.Verdict())
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
				if err := printValue(w, o.output, ov.Members, func(tw *tabwriter.Writer) {
					printMembers(tw, ov)
					printAddresses(tw, ov)
				}); err != nil {
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
	if o.Err != "" {
		faults = append(faults, o.Err)
	}
	for _, m := range o.Members {
		if m.Err != "" {
			faults = append(faults, fmt.Sprintf("member %s does not answer", m.Name))
		}
	}
	for _, a := range o.Alarms {
		faults = append(faults, fmt.Sprintf("member %s has raised %s", o.NameOf(a.Member), a.Type))
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
	if o.Err != "" {
		alarms = "not known: " + o.Err
	}
	if len(o.Alarms) > 0 {
		var list []string
		for _, a := range o.Alarms {
			list = append(list, a.Type+" ("+o.NameOf(a.Member)+")")
		}
		alarms = strings.Join(list, ", ")
	}
	fmt.Fprintf(tw, "alarms\t%s\n\n", alarms)
	printMembers(tw, o)
}

func printAddresses(tw *tabwriter.Writer, o *etcdview.Overview) {
	fmt.Fprintln(tw, "\nMEMBER\tPEER URLS\tCLIENT URLS")
	for i := range o.Members {
		m := &o.Members[i]
		fmt.Fprintf(tw, "%s\t%s\t%s\n", cmp.Or(m.Name, m.ID), strings.Join(m.PeerURLs, ","), strings.Join(m.ClientURLs, ","))
	}
}

func printMembers(tw *tabwriter.Writer, o *etcdview.Overview) {
	fmt.Fprintln(tw, "MEMBER\tID\tROLE\tVERSION\tSTORAGE\tSIZE\tIN USE\tQUOTA\tTERM\tINDEX\tAPPLIED\tLAG\tLATENCY")
	for i := range o.Members {
		m := &o.Members[i]
		if m.Err != "" {
			fmt.Fprintf(tw, "%s\t%s\tno answer%s\n", m.Name, m.ID, strings.Repeat("\t-", 10))
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
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", m.Name, m.ID, role, m.Version, cmp.Or(m.StorageVersion, "-"), etcdview.Size(m.Size),
			fmt.Sprintf("%s (%.0f%%)", etcdview.Size(m.InUse), 100*(1-m.Fragmentation())), quota, m.Term, m.Index, m.Applied, o.Lag(m), m.Latency.Round(10*time.Microsecond))
	}
	for i := range o.Members {
		if m := &o.Members[i]; m.Err != "" {
			fmt.Fprintf(tw, "\n%s does not answer: %s\n", cmp.Or(m.Name, m.ID), m.Err)
		}
	}
}
