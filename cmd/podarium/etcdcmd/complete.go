package etcdcmd

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
)

// completionTimeout bounds what a press of the tab key may take.
const completionTimeout = 3 * time.Second

// complete opens the etcd that the command line names so far and asks it. Completion never says what went wrong.
func (o *options) complete(cmd *cobra.Command, ask func(context.Context, *Target) ([]string, cobra.ShellCompDirective)) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	cmd.SetContext(ctx)
	if !o.offline() && o.fromEnvironment(cmd) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	t, err := o.open(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer func() { _ = t.Close() }()
	return ask(ctx, t)
}

// completeKeys completes a key, one directory at a time.
func (o *options) completeKeys(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return o.complete(cmd, func(ctx context.Context, t *Target) ([]string, cobra.ShellCompDirective) {
		dir := typed[:strings.LastIndexByte(typed, '/')+1]
		const most = 500
		c, err := t.Reader.Children(ctx, etcdview.ChildrenOptions{Dir: etcdview.ParseKey(dir), Limit: most})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		directive := cobra.ShellCompDirectiveNoFileComp
		for _, n := range c.Nodes {
			path := etcdview.Printable(n.Path)
			if !strings.HasPrefix(path, typed) {
				continue
			}
			if n.Dir {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			out = append(out, path)
		}
		return out, directive
	})
}

// completeKey is completeKeys for commands that take one key.
func (o *options) completeKey(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o.completeKeys(cmd, args, typed)
}

func (o *options) completeMembers(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o.complete(cmd, func(ctx context.Context, t *Target) ([]string, cobra.ShellCompDirective) {
		if t.Store == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		list, err := t.Store.Client().MemberList(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, m := range list.Members {
			if m.Name != "" {
				out = append(out, m.Name)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

func (o *options) completeLeases(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o.complete(cmd, func(ctx context.Context, t *Target) ([]string, cobra.ShellCompDirective) {
		if t.Store == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		leases, _, err := t.Store.Leases(ctx, 100)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, l := range leases {
			desc := seconds(l.Remaining) + " left"
			if len(l.Keys) > 0 {
				desc += ", " + l.Keys[0]
			}
			out = append(out, cobra.CompletionWithDesc(l.ID, desc))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

// complete names the values that a flag can have.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}
