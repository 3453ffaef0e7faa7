package main

import (
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/controllers/node"
)

func newNode(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use:   "node",
		Short: "Add and remove nodes, switch one off or on, or cut and mend its link to the API server",
		Long: `Add nodes to the running cluster and remove them, for good. Switch a node off, as a power failure does: its containers
are gone, and after a grace time its Pods are taken for lost and replaced elsewhere. Cut its link, as a broken network
does: its Pods go on, and nobody hears of them.`,
		Example: `  podarium node add
  podarium node add big --labels disk=ssd,zone=a
  podarium node off node-2
  podarium node on node-2
  podarium node cut node-3
  podarium node remove big`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exitError{exitUsage, fmt.Errorf("nothing that can be done to a node is called %q\nSee '%s --help'", args[0], cmd.CommandPath())}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newNodeAdd(f), newNodeRemove(f))
	for _, a := range []struct{ verb, short, done string }{
		{"off", "Pull a node's plug", "switched off"},
		{"on", "Switch a node on again", "switched on"},
		{"cut", "Cut a node's link to the API server", "cut off from the API server"},
		{"mend", "Mend a node's link to the API server", "linked to the API server again"},
	} {
		c.AddCommand(&cobra.Command{
			Use: a.verb + " NAME", Short: a.short, Args: oneNode, ValidArgsFunction: f.completeNode,
			RunE: func(cmd *cobra.Command, args []string) error {
				r, err := f.attach(cmd)
				if err != nil {
					return err
				}
				defer r.Close()
				if err := r.Node(cmd.Context(), args[0], a.verb); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", args[0], a.done)
				return nil
			},
		})
	}
	return c
}

func newNodeAdd(f *flags) *cobra.Command {
	var spec embedded.NodeSpec
	c := &cobra.Command{
		Use:   "add [NAME]",
		Short: "Add a node to the running cluster, for good",
		Long: `Add a node, with a kubelet of its own, and wait until it is Ready. Without a name it gets the first free one of node-1,
node-2 and so on. It is there after a restart of the cluster too, besides those of --nodes, until it is removed.`,
		Example: `  podarium node add
  podarium node add big --labels disk=ssd,zone=a
  podarium node add bare --runtime process`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
				return exitError{exitUsage, fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				spec.Name = args[0]
			}
			r, err := f.attach(cmd)
			if err != nil {
				return err
			}
			defer r.Close()
			name, err := r.AddNode(cmd.Context(), spec)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: added\n", name)
			return nil
		},
	}
	c.Flags().StringVar(&spec.Runtime, "runtime", "", "what its containers are (default: as on the other nodes)")
	c.Flags().StringVar(&spec.CRIEndpoint, "cri-endpoint", "", "the socket of a container runtime for --runtime cri and RuntimeClass cri (default: as on the other nodes)")
	c.Flags().StringToStringVar(&spec.Labels, "labels", nil, "labels of the Node, as key=value,key=value")
	_ = c.RegisterFlagCompletionFunc("runtime", cobra.FixedCompletions(node.Runtimes, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return c
}

func oneNode(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return exitError{exitUsage, fmt.Errorf("give the name of one node: %w\nSee '%s --help'", err, cmd.CommandPath())}
	}
	return nil
}

// completeNode completes the names of the running cluster's nodes that have a kubelet.
func (f *flags) completeNode(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	r, err := f.attach(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer r.Close()
	nodes, err := r.Cluster().Kubernetes().CoreV1().Nodes().List(cmd.Context(), metav1.ListOptions{LabelSelector: "type!=kwok"})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, n := range nodes.Items {
		names = append(names, n.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
