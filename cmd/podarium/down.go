package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster"
)

// stopLimit is how long a running cluster is given to stop: it promises five seconds.
const stopLimit = 10 * time.Second

func newDown(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Stop the cluster that runs on the data directory; its state stays",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.attach(cmd)
			if err != nil {
				return err
			}
			defer r.Close()
			ctx, cancel := context.WithTimeout(cmd.Context(), stopLimit)
			defer cancel()
			if err := r.Stop(ctx); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "stopped")
			return nil
		},
	}
}

func newStatus(f *flags) *cobra.Command {
	var output string
	var services, pods bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the running cluster and each of its components",
		Example: `  podarium status
  podarium status --output json
  podarium status --services     # how the connections of each Service were spread over its endpoints
  podarium status --pods         # the sandbox of each Pod, and the containers that share it`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.attach(cmd)
			if err != nil {
				return err
			}
			defer r.Close()
			if services {
				return showServices(cmd, r, output)
			}
			if pods {
				return showSandboxes(cmd, r, output)
			}
			info, err := r.Info(cmd.Context())
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if output != "" {
				return printAs(w, output, info)
			}
			fmt.Fprintf(w, "Kubernetes %s, etcd %s, process %d, up %s\nAPI         %s\nkubeconfig  %s\ndata        %s\nlog         %s\n\n",
				info.Status.KubernetesVersion, info.Status.EtcdVersion, info.PID, time.Since(info.Started).Round(time.Second),
				info.Server, info.Kubeconfig, info.DataDir, info.LogFile)
			t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
			fmt.Fprintln(t, "COMPONENT\tSTATE\tREADY AFTER")
			for _, c := range info.Status.Components {
				after := ""
				if c.SinceStart > 0 {
					after = (time.Duration(c.SinceStart) * time.Millisecond).String()
				}
				fmt.Fprintf(t, "%s\t%s\t%s\n", c.Name, stateWord(c), after)
			}
			if err := t.Flush(); err != nil {
				return err
			}
			showRuntimes(w, info.Status.Runtimes)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json or yaml")
	cmd.Flags().BoolVar(&services, "services", false, "show how the connections of each Service were spread over its endpoints")
	cmd.Flags().BoolVar(&pods, "pods", false, "show the sandbox (pause) of each Pod, its network, and the containers that share it")
	cmd.MarkFlagsMutuallyExclusive("services", "pods")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json", "yaml"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return cmd
}

// showRuntimes says what containers are on the nodes, and what does not hold for them.
func showRuntimes(w io.Writer, runtimes []cluster.Runtime) {
	for _, r := range runtimes {
		what := r.Name
		if r.Endpoint != "" {
			what += " at " + r.Endpoint
		}
		fmt.Fprintf(w, "\nRUNTIME %s on %s\n", what, strings.Join(r.Nodes, ", "))
		for _, l := range r.Limits {
			fmt.Fprintf(w, "  %s\n", l)
		}
	}
}

// printAs writes a value as json or yaml.
func printAs(w io.Writer, output string, v any) error {
	switch output {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	case "yaml":
		b, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
	return exitError{exitUsage, fmt.Errorf("--output: %q is neither json nor yaml", output)}
}
