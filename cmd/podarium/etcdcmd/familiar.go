package etcdcmd

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podarium/podarium/etcdview"
)

// familiar makes etcdctl's words for what has another name here. They stand beside ours, and print what ours print.
func (o *options) familiar() []*cobra.Command {
	endpoint := group("endpoint", "etcdctl's words for status", o.named(o.status(), "status"), o.endpointHealth(), o.endpointHash())
	alarm := group("alarm", "List and take back alarms", o.alarmList(), o.named(o.disarm(), "disarm"))
	return []*cobra.Command{endpoint, alarm, group("auth", "Say whether etcd asks for users", o.authStatus())}
}

// group is a command that has only others below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: usageArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(below...)
	return cmd
}

// named is a command under etcdctl's name for it.
func (o *options) named(cmd *cobra.Command, use string) *cobra.Command {
	cmd.Use = use
	cmd.Example = ""
	always(cmd.Flags(), "cluster")
	return cmd
}

// always takes flags of etcdctl's for what is done here in any case.
func always(fs *pflag.FlagSet, names ...string) {
	for _, name := range names {
		fs.Bool(name, true, "")
		_ = fs.MarkHidden(name) // the flag exists
	}
}

func (o *options) endpointHash() *cobra.Command {
	cmd := o.named(o.status(), "hashkv")
	cmd.Short = "Compare the members by a hash of all they hold: status --hash"
	_ = cmd.Flags().Set("hash", "true") // the flag exists
	return cmd
}

// verdict is how a member is, as programs read it.
type verdict struct {
	Endpoint string `json:"endpoint"`
	Member   string `json:"member"`
	Healthy  bool   `json:"health"`
	Took     string `json:"took,omitempty"`
	Error    string `json:"error,omitempty"`
}

func (o *options) endpointHealth() *cobra.Command {
	cmd := &cobra.Command{
		Use: "health", Short: "Say of each member whether it answers, and exit 1 where one does not or an alarm is raised", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				ov, err := t.Store.Overview(ctx)
				if err != nil {
					return err
				}
				list := verdicts(ov)
				if err := printValue(w, o.output, list, func(tw *tabwriter.Writer) {
					fmt.Fprintln(tw, "MEMBER\tENDPOINT\tHEALTHY\tTOOK\tERROR")
					for _, v := range list {
						fmt.Fprintf(tw, "%s\t%s\t%t\t%s\t%s\n", v.Member, v.Endpoint, v.Healthy, v.Took, v.Error)
					}
				}); err != nil {
					return err
				}
				return ill(ov)
			})
		},
	}
	always(cmd.Flags(), "cluster")
	return cmd
}

func verdicts(ov *etcdview.Overview) []verdict {
	list := []verdict{}
	for i := range ov.Members {
		m := &ov.Members[i]
		v := verdict{Endpoint: m.Endpoint, Member: m.Name, Healthy: m.Err == "" && ov.Err == "", Error: m.Err}
		if m.Err == "" {
			v.Took, v.Error = m.Latency.String(), ov.Err
		} else if len(m.ClientURLs) > 0 {
			v.Endpoint = m.ClientURLs[0]
		}
		for _, a := range ov.Alarms {
			if a.Member == m.ID {
				v.Healthy, v.Error = false, a.Type
			}
		}
		list = append(list, v)
	}
	return list
}

func (o *options) authStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say whether etcd asks for users", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				a, err := t.Store.Access(ctx)
				if err != nil {
					return err
				}
				return printValue(w, o.output, a, func(tw *tabwriter.Writer) {
					switch {
					case !a.Known:
						fmt.Fprintln(tw, "this etcd does not tell: those before 3.5 do not")
					case a.Enabled:
						fmt.Fprintf(tw, "authentication is on: %d users, %d roles\n", len(a.Users), len(a.Roles))
					default:
						fmt.Fprintln(tw, "authentication is off: everybody may do everything")
					}
				})
			})
		},
	}
}

func (o *options) alarmList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the alarms that are raised", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				alarms, err := t.Store.Alarms(ctx)
				if err != nil {
					return err
				}
				if alarms == nil {
					alarms = []etcdview.Alarm{}
				}
				return printValue(w, o.output, alarms, func(tw *tabwriter.Writer) {
					if len(alarms) == 0 {
						fmt.Fprintln(tw, "no alarm is raised")
						return
					}
					fmt.Fprintln(tw, "MEMBER\tALARM")
					for _, a := range alarms {
						fmt.Fprintf(tw, "%s\t%s\n", a.Member, a.Type)
					}
				})
			})
		},
	}
}
