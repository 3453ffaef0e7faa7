package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded"
)

func newUp(f *flags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the cluster without UI, until interrupted",
		Example: `  podarium up
  podarium up --data-dir /tmp/demo --nodes 5 --api-port 6443
  podarium up --simulated-nodes 1000
  podarium up --ephemeral`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print := map[string]func(io.Writer, embedded.Info, string) error{"": printReady, "json": printJSON}[output]
			if print == nil {
				return exitError{exitUsage, fmt.Errorf("--output: %q is not json", output)}
			}
			return up(cmd, f, print)
		},
	}
	addRunFlags(cmd, f)
	cmd.Flags().StringVarP(&output, "output", "o", "", "json: one line when it is ready, as 'podarium status -o json'")
	return cmd
}

func up(cmd *cobra.Command, f *flags, print func(w io.Writer, i embedded.Info, self string) error) error {
	o, err := f.options(cmd)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	s, err := embedded.Start(cmd.Context(), o)
	if errors.Is(err, embedded.ErrRunning) {
		return fmt.Errorf("%w: open the UI on it with '%s', stop it with '%[2]s down'", err, f.self())
	}
	if err != nil {
		return err
	}
	defer record(s)()
	select {
	case <-s.Ready():
		if f.ephemeral {
			f.dataDir = s.Info().DataDir // what the commands that it names are to be given
		}
		if err := print(out, s.Info(), f.self()); err != nil {
			return errors.Join(err, s.Stop())
		}
	case <-s.Done():
		return failure(s)
	case <-cmd.Context().Done():
		return s.Stop()
	}
	select {
	case <-s.Done():
		return failure(s)
	case <-cmd.Context().Done():
		return s.Stop()
	}
}

func failure(s *embedded.Server) error {
	if s.Err() == nil {
		return nil // another process asked it to stop
	}
	return fmt.Errorf("the cluster stopped: %w\nThe log is %s", s.Err(), s.LogFile())
}

func printJSON(w io.Writer, i embedded.Info, _ string) error { return json.NewEncoder(w).Encode(i) }

func printReady(w io.Writer, i embedded.Info, self string) error {
	last := int64(0)
	nodes, simulated := 0, ""
	for _, c := range i.Status.Components {
		last = max(last, c.SinceStart)
		if strings.HasPrefix(c.Name, "kubelet/") {
			nodes++
		}
		if c.Name == embedded.SimulatedNodes {
			simulated = " and " + c.Message
		}
	}
	fmt.Fprintf(w, "Kubernetes %s with %d nodes%s is ready after %s.\n\n", i.Status.KubernetesVersion, nodes, simulated, time.Duration(last)*time.Millisecond)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "  export KUBECONFIG=%s\n  %s kubectl get nodes\tkubectl, built in\n  %[2]s\tthe UI, in another terminal\n  %[2]s down\tstop it (or interrupt this)\n\n", i.Kubeconfig, self)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "API %s, data %s, log %s\n", i.Server, i.DataDir, i.LogFile)
	return err
}

// stateWord is a component's state for people.
func stateWord(c cluster.Component) string {
	if c.Message == "" {
		return string(c.State)
	}
	return string(c.State) + ": " + c.Message
}
