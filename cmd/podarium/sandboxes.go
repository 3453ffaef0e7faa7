package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded"
)

// showSandboxes lists the sandboxes of all nodes, each with its containers below it.
func showSandboxes(cmd *cobra.Command, r *embedded.Remote, output string) error {
	list, err := r.Sandboxes(cmd.Context())
	if err != nil {
		return err
	}
	if output != "" {
		return printAs(cmd.OutOrStdout(), output, list)
	}
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "NODE\tNAMESPACE\tPOD\tCONTAINER\tID\tSTATE\tRESTARTS\tNETWORK")
	for _, s := range list {
		state := "ready"
		if !s.Ready {
			state = "not ready"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s %s\t\t%s\n", s.Node, s.Namespace, s.Pod, "(pause)", short(s.ID), state, age(s.Created), network(s))
		for i, c := range s.Containers {
			branch := "├─ "
			if i == len(s.Containers)-1 {
				branch = "└─ "
			}
			fmt.Fprintf(t, "\t\t\t%s%s\t%s\t%s\t%d\t\n", branch, c.Name, short(c.ID), containerState(c), c.Restarts)
		}
	}
	return t.Flush()
}

func network(s cluster.Sandbox) string {
	if s.Network == "node" {
		return s.Address + " (the node's)"
	}
	return s.Address
}

func containerState(c cluster.SandboxContainer) string {
	switch {
	case c.ExitCode != nil && c.Finished != nil:
		return fmt.Sprintf("%s %s, code %d", c.State, age(*c.Finished), *c.ExitCode)
	case c.Started != nil:
		return c.State + " " + age(*c.Started)
	}
	return c.State
}

func age(t time.Time) string { return duration.HumanDuration(time.Since(t)) }

// short is the beginning of an identifier, as container runtimes show it.
func short(id string) string { return id[:min(12, len(id))] }
