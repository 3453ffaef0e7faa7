package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster/embedded"
)

func newNode(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "node off|on|cut|mend NAME",
		Short: "Switch a node off or on, or cut and mend its link to the API server",
		Long: `Switch a node off, as a power failure does: its containers are gone, and after a grace time its Pods are taken for lost and
replaced elsewhere. Cut its link, as a broken network does: its Pods go on, and nobody hears of them.`,
		Example: `  podarium node off node-2
  podarium node on node-2
  podarium node cut node-3`,
		Args:      cobra.ExactArgs(2),
		ValidArgs: embedded.NodeActions,
		RunE: func(c *cobra.Command, args []string) error {
			r, err := f.attach(c)
			if err != nil {
				return err
			}
			defer r.Close()
			if err := r.Node(c.Context(), args[1], args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", args[1], map[string]string{
				"off": "switched off", "on": "switched on", "cut": "cut off from the API server", "mend": "linked to the API server again",
			}[args[0]])
			return nil
		},
	}
}
