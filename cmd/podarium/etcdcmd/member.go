package etcdcmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview/operate"
)

func (o *options) member() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member",
		Short: "Add, promote, remove and update members",
		Long: `Changes who belongs to the cluster. What would leave it without a quorum is refused. 'podarium etcd members' lists the
members.`,
		Args: usageArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := o.members()
	list.Use, list.Example = "list", "  podarium etcd member list -o json"
	cmd.AddCommand(list, o.memberAdd(), o.memberPromote(), o.memberRemove(), o.memberUpdate())
	return cmd
}

func (o *options) memberAdd() *cobra.Command {
	var learner bool
	var peers []string
	cmd := &cobra.Command{
		Use:   "add NAME --peer-urls URL",
		Short: "Add a member, and say how to start it",
		Long: `Adds a member, which is then to be started with the settings that are printed. A voting member counts for the quorum
before it has joined; a learner does not, and 'member promote' makes it vote when it has caught up.`,
		Example: `  podarium etcd member add etcd-4 --peer-urls https://10.0.0.4:2380 --learner`,
		Args:    exactArgs(1, "the name of the new member"),
	}
	peerFlag(cmd, &peers)
	cmd.Flags().BoolVar(&learner, "learner", false, "add it as a learner, which does not vote")
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanMemberAdd(ctx, t.Store, args[0], peers, learner)
	})
}

func peerFlag(cmd *cobra.Command, peers *[]string) {
	cmd.Flags().StringSliceVar(peers, "peer-urls", nil, "where the other members reach it")
	require(cmd, "peer-urls")
}

func (o *options) memberPromote() *cobra.Command {
	cmd := &cobra.Command{
		Use: "promote MEMBER", Short: "Let a learner vote", Args: exactArgs(1, "a member's name or ID"),
		Example:           `  podarium etcd member promote etcd-4`,
		ValidArgsFunction: o.completeMembers,
	}
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanMemberPromote(ctx, t.Store, args[0])
	})
}

func (o *options) memberRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove MEMBER", Short: "Remove a member for good", Args: exactArgs(1, "a member's name or ID"),
		Example:           `  podarium etcd member remove etcd-1 --dry-run`,
		ValidArgsFunction: o.completeMembers,
	}
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanMemberRemove(ctx, t.Store, args[0])
	})
}

func (o *options) memberUpdate() *cobra.Command {
	var peers []string
	cmd := &cobra.Command{
		Use: "update MEMBER --peer-urls URL", Short: "Tell the others another address of a member", Args: exactArgs(1, "a member's name or ID"),
		Example:           `  podarium etcd member update etcd-2 --peer-urls https://10.0.0.12:2380`,
		ValidArgsFunction: o.completeMembers,
	}
	peerFlag(cmd, &peers)
	return o.operation(cmd, func(ctx context.Context, t *Target, args []string) (*operate.Operation, error) {
		return operate.PlanMemberUpdate(ctx, t.Store, args[0], peers)
	})
}
