package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/config/k9s"
)

func newImportK9s() *cobra.Command {
	var dryRun bool
	c := &cobra.Command{
		Use:   "import-k9s [DIR]",
		Short: "Take over your configuration of k9s: aliases, hot keys, plugins, views, skin and favourites",
		Long: `import-k9s adds to podarium's configuration what k9s's has: aliases.yaml, hotkeys.yaml, plugins.yaml and plugins/,
views.yaml, jumps.yaml, the skin in force as a theme, favourite namespaces and read-only. It says line by line what was taken and what
was not, and why. What you have in podarium already stays as it is; a file that gets more entries is copied to NAME.bak first.`,
		Example: `  podarium config import-k9s --dry-run
  podarium config import-k9s ~/.config/k9s`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
				return exitError{exitUsage, fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := k9s.Dir()
			if len(args) > 0 {
				from, err = args[0], nil
			}
			if err != nil {
				return err
			}
			return importK9s(cmd, from, dryRun)
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be taken")
	return c
}

func importK9s(cmd *cobra.Command, from string, dryRun bool) error {
	dir, err := config.Dir()
	if err != nil {
		return err
	}
	src := config.Load(dir)
	if err := src.Err(); err != nil {
		return exitError{exitUsage, fmt.Errorf("podarium's own configuration is not good; mend it first:\n%w", err)}
	}
	m, err := k9s.Read(from, src)
	if err != nil {
		return exitError{exitUsage, err}
	}
	taken := 0
	for _, l := range m.Lines {
		fmt.Fprintln(cmd.OutOrStdout(), l)
		if l.Taken {
			taken++
		}
	}
	if dryRun || taken == 0 {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d of %d can be taken; nothing was written\n", taken, len(m.Lines))
		return err
	}
	written, err := m.Write(dir)
	for _, path := range written {
		fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
	}
	if err != nil {
		return err
	}
	return checkImported(cmd, dir)
}

// checkImported tells of keys that now do two things, which only the screens know.
func checkImported(cmd *cobra.Command, dir string) error {
	src := config.Load(dir)
	tui.CheckConfig(src)
	for _, w := range src.Warnings() {
		fmt.Fprintln(cmd.OutOrStdout(), "note:", w.Error())
	}
	if err := src.Err(); err != nil {
		var problems config.Problems
		if errors.As(err, &problems) {
			return fmt.Errorf("the configuration needs mending now:\n%w", problems)
		}
		return err
	}
	return nil
}
