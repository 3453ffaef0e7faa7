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
	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/diff"
)

// state is one revision of a key as programs read it.
type state struct {
	Revision int64          `json:"revision"`
	Time     time.Time      `json:"time,omitzero"` // when the recorder saw it
	Version  int64          `json:"version,omitempty"`
	Deleted  bool           `json:"deleted,omitempty"`
	Recorded bool           `json:"recorded,omitempty"` // from the recorder: the store does not have it any more
	Size     int            `json:"size"`
	Writer   *decode.Writer `json:"writer,omitempty"`
	Changes  []diff.Change  `json:"changes,omitempty"`
	Value    any            `json:"value,omitempty"`
}

// past is the history of a key as programs read it.
type past struct {
	Key string `json:"key"`
	// CompactRevision is the oldest that the store has.
	CompactRevision int64   `json:"compactRevision,omitempty"`
	Revisions       []state `json:"revisions"`
	// Gaps are spans of revisions that neither the store nor its recorder has.
	Gaps []etcdview.Gap `json:"gaps,omitempty"`
}

func (o *options) history() *cobra.Command {
	var limit int
	var values bool
	cmd := &cobra.Command{
		Use:   "history KEY",
		Short: "List the revisions of a key that the store still has, with what each changed",
		Example: `  podarium etcd history /registry/deployments/default/web
  podarium etcd history /registry/pods/default/gone --values -o yaml    # of a deleted object too`,
		Args:              exactArgs(1, "a key"),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				h, err := t.Reader.History(ctx, etcdview.ParseKey(args[0]), etcdview.HistoryOptions{Limit: limit})
				if err != nil {
					return err
				}
				if len(h.Revisions) == 0 {
					return &ExitError{exitNotFound, fmt.Errorf("%s: no revision of it is left", args[0])}
				}
				p := describePast(ctx, h, t.Decode, values)
				if o.output == "jsonl" {
					return printValue(w, o.output, p.Revisions, nil)
				}
				return printValue(w, o.output, p, func(tw *tabwriter.Writer) {
					printPast(tw, p)
				})
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "the most revisions to list")
	cmd.Flags().BoolVar(&values, "values", false, "include the whole value of each revision")
	return cmd
}

func describePast(ctx context.Context, h etcdview.History, d decode.Options, values bool) past {
	p := past{Key: etcdview.Printable(h.Key), CompactRevision: h.CompactRevision, Gaps: h.Gaps}
	for i, r := range h.Revisions {
		s := state{Revision: r.ModRevision, Time: r.Time, Recorded: r.Recorded, Version: r.Version, Deleted: r.Deleted, Size: len(r.Value)}
		if !r.Deleted {
			e := etcdview.Event{Type: etcdview.Put, KV: r.KV}
			if i+1 < len(h.Revisions) && !h.Revisions[i+1].Deleted {
				e.Prev = &h.Revisions[i+1].KV
			}
			desc := etcdview.Describe(ctx, e, d)
			s.Writer, s.Changes = desc.Writer, desc.Changes
			if values && desc.Value != nil {
				if t, err := desc.Value.Tree(); err == nil {
					s.Value = t
				}
			}
		}
		p.Revisions = append(p.Revisions, s)
	}
	return p
}

func printPast(tw *tabwriter.Writer, p past) {
	fmt.Fprintln(tw, "REVISION\tVERSION\tSIZE\tWRITTEN BY\tCHANGES")
	for _, s := range p.Revisions {
		by := ""
		if s.Writer != nil {
			by = s.Writer.Manager
		}
		what := ""
		switch {
		case s.Deleted:
			what = "deleted"
		case s.Version == 1:
			what = "created"
		}
		for i, c := range s.Changes {
			if i > 0 {
				what += "\n\t\t\t\t"
			}
			what += c.String()
		}
		fmt.Fprintf(tw, "%d\t%d\t%d\t%s\t%s\n", s.Revision, s.Version, s.Size, by, what)
	}
	if p.CompactRevision > 1 {
		older := 0
		for _, s := range p.Revisions {
			if s.Recorded {
				older++
			}
		}
		fmt.Fprintf(tw, "\t\t\t\tthe store keeps nothing before revision %d; %d older ones are from the recorder\n", p.CompactRevision, older)
	}
	for _, g := range p.Gaps {
		fmt.Fprintf(tw, "\t\t\t\trevisions %d to %d were not recorded\n", g.From, g.To-1)
	}
}

func (o *options) diff() *cobra.Command {
	var managed bool
	cmd := &cobra.Command{
		Use:   "diff KEY [REVISION [REVISION]]",
		Short: "Compare two revisions of a key by the fields of the decoded value",
		Long: `Compares two revisions of a key: the two that are named; one and the present; or, with none, the last two. Exits 1
where they differ, as diff does.`,
		Example: `  podarium etcd diff /registry/deployments/default/web
  podarium etcd diff /registry/deployments/default/web 4711 4802 -o json`,
		Args:              cobra.RangeArgs(1, 3),
		ValidArgsFunction: o.completeKey,
		RunE: func(cmd *cobra.Command, args []string) error {
			revs, err := revisions(args[1:])
			if err != nil {
				return err
			}
			return o.with(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				a, b, err := pair(ctx, t.Reader, etcdview.ParseKey(args[0]), revs)
				if err != nil {
					return notFound(err)
				}
				changes, err := etcdview.Compare(decode.Decode(ctx, a.Key, a.Value, t.Decode), decode.Decode(ctx, b.Key, b.Value, t.Decode),
					diff.Options{ManagedFields: managed})
				if err != nil {
					return err
				}
				err = printValue(w, o.output, map[string]any{"key": etcdview.Printable(a.Key), "from": a.ModRevision, "to": b.ModRevision, "changes": changes},
					func(tw *tabwriter.Writer) {
						fmt.Fprintf(tw, "%s  revision %d → %d\n", etcdview.Printable(a.Key), a.ModRevision, b.ModRevision)
						for _, c := range changes {
							fmt.Fprintln(tw, c)
						}
					})
				if err == nil && len(changes) > 0 {
					return &ExitError{Code: 1}
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&managed, "managed-fields", false, "compare metadata.managedFields too")
	return cmd
}

func revisions(args []string) ([]int64, error) {
	var revs []int64
	for _, a := range args {
		r, err := strconv.ParseInt(a, 10, 64)
		if err != nil || r < 1 {
			return nil, usage("%q is no revision: give a number", a)
		}
		revs = append(revs, r)
	}
	return revs, nil
}

// pair reads the two states to compare, the older first.
func pair(ctx context.Context, r etcdview.Reader, key string, revs []int64) (a, b etcdview.KV, err error) {
	if len(revs) == 2 {
		if a, err = r.Get(ctx, key, revs[0]); err != nil {
			return a, b, err
		}
		b, err = r.Get(ctx, key, revs[1])
		return a, b, err
	}
	if b, err = r.Get(ctx, key, 0); err != nil {
		return a, b, err
	}
	if len(revs) == 1 {
		a, err = r.Get(ctx, key, revs[0])
		return a, b, err
	}
	if b.Version == 1 {
		return a, b, fmt.Errorf("%s has had only one revision, %d", etcdview.Printable(key), b.ModRevision)
	}
	a, err = r.Get(ctx, key, b.ModRevision-1)
	return a, b, err
}
