package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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
  podarium up --ephemeral`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print := map[string]func(io.Writer, embedded.Info) error{"": printReady, "json": printJSON}[output]
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

func up(cmd *cobra.Command, f *flags, print func(io.Writer, embedded.Info) error) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	s, err := embedded.Start(cmd.Context(), o)
	if errors.Is(err, embedded.ErrRunning) {
		return fmt.Errorf("%w: open the UI on it with 'podarium', stop it with 'podarium down'", err)
	}
	if err != nil {
		return err
	}
	defer record(s)()
	select {
	case <-s.Ready():
		if err := print(out, s.Info()); err != nil {
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

func printJSON(w io.Writer, i embedded.Info) error { return json.NewEncoder(w).Encode(i) }

func printReady(w io.Writer, i embedded.Info) error {
	last := int64(0)
	nodes := 0
	for _, c := range i.Status.Components {
		last = max(last, c.SinceStart)
		if strings.HasPrefix(c.Name, "kubelet/") {
			nodes++
		}
	}
	fmt.Fprintf(w, "Kubernetes %s with %d nodes is ready after %s.\n\n", i.Status.KubernetesVersion, nodes, time.Duration(last)*time.Millisecond)
	fmt.Fprintf(w, "  export KUBECONFIG=%s\n  kubectl get nodes          (or: podarium kubectl get nodes)\n  podarium                   the UI, in another terminal\n  podarium down              stop it (or interrupt this)\n\n", i.Kubeconfig)
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
