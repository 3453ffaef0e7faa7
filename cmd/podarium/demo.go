package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/examples"
)

func newDemo(f *flags) *cobra.Command {
	var show, remove bool
	c := &cobra.Command{
		Use:   "demo [NAME]",
		Short: "Apply one of the examples to the running cluster, or list them",
		Long: `Apply one of the examples to the running cluster and say what to try there; without a name, list them.

An example that is there already is put back as it was. --delete takes away the objects that it has made, and what
belongs to them; what its commands have done to nodes (labels, taints) the last of its commands take back.`,
		Example: `  podarium demo
  podarium demo shop
  podarium demo shop --show
  podarium demo shop --delete`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			all, _ := examples.All() // embedded
			var names []string
			for _, e := range all {
				names = append(names, e.Name+"\t"+e.Summary)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listDemos(c)
			}
			e, err := examples.Find(args[0])
			if err != nil {
				return exitError{exitUsage, err}
			}
			if show {
				_, err := c.OutOrStdout().Write(e.Manifest)
				return err
			}
			r, err := f.attach(c)
			if err != nil {
				return err
			}
			info, err := r.Info(c.Context())
			if err = errors.Join(err, r.Close()); err != nil {
				return err
			}
			// By the server: it leaves no annotation behind, of which kubectl rollout undo would warn. What has been changed since is taken back.
			verb := []string{"kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager", "podarium-demo", "-f", "-"}
			if remove {
				verb = []string{"kubectl", "delete", "--ignore-not-found", "-f", "-"}
			}
			if err := pipeToSelf(c, e.Manifest, append([]string{"--data-dir", info.DataDir}, verb...)...); err != nil {
				return err
			}
			if !remove {
				explainDemo(c.OutOrStdout(), e)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&show, "show", false, "print the manifest and apply nothing")
	c.Flags().BoolVar(&remove, "delete", false, "delete what the example has made")
	return c
}

// explainDemo says what there is to see, with the commands that show it.
func explainDemo(w io.Writer, e examples.Example) {
	fmt.Fprintf(w, "\n%s\n", e.Summary)
	if e.About != "" {
		fmt.Fprintf(w, "\n%s\n", e.About)
	}
	fmt.Fprint(w, "\nTry:\n")
	for _, c := range e.Try {
		if c.Shows != "" {
			fmt.Fprintf(w, "  # %s\n", c.Shows)
		}
		fmt.Fprintf(w, "  %s\n", c.Line)
	}
	fmt.Fprintf(w, "\nGone again: podarium demo %s --delete\n", e.Name)
}

func listDemos(c *cobra.Command) error {
	all, err := examples.All()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, e := range all {
		fmt.Fprintf(w, "%s\t%s\n", e.Name, e.Summary)
	}
	fmt.Fprint(w, "\npodarium demo NAME applies one and says what to try; --show prints its manifest, --delete takes it away\n")
	return w.Flush()
}

// pipeToSelf runs this program with input: kubectl's commands end the process that they run in.
func pipeToSelf(c *cobra.Command, input []byte, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(c.Context(), self, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = c.OutOrStdout(), c.ErrOrStderr()
	if err := cmd.Start(); err != nil {
		return err
	}
	_, werr := in.Write(input)
	cerr := in.Close()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("kubectl: %w", err)
	}
	return errors.Join(werr, cerr)
}
