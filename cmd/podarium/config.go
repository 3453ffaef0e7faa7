package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/podarium/podarium/cluster/attached"
	"github.com/podarium/podarium/tui"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/save"
)

// openConfig reads the user's configuration of the UI. A bad one is an error before a cluster is started in vain.
func openConfig() (*config.Store, error) {
	dir, err := config.Dir()
	if err != nil {
		return nil, err
	}
	s, err := config.Open(dir, tui.CheckConfig)
	if err != nil {
		return nil, exitError{exitUsage, fmt.Errorf("the configuration is not good:\n%w", err)}
	}
	return s, nil
}

// configureUI adds the configuration to what the UI is opened with.
func configureUI(ui *tui.Options) error {
	store, err := openConfig()
	if err != nil {
		return err
	}
	src, _ := store.Current() // it is good
	if err := tui.CheckTheme(src, ui.Theme); err != nil {
		return exitError{exitUsage, fmt.Errorf("--theme: %w", err)}
	}
	ui.Config = store
	ui.StateDir, err = save.StateDir()
	return err
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and check the configuration of the UI",
		Long: `config shows and checks the configuration of the UI: themes, favourite namespaces and sets of them, contexts that are
opened read-only, keys, aliases, plugins and hot keys. It is optional. docs/config.md names every field.`,
		Example: `  podarium config path
  podarium config validate
  podarium config show
  podarium config keys        # all keys, with yours
  podarium config import-k9s  # take over what you have in k9s`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newImportK9s(),
		&cobra.Command{Use: "path", Short: "Print the directory of the configuration", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := config.Dir()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), dir)
			return err
		}},
		&cobra.Command{Use: "validate", Short: "Check the configuration, and exit with an error where it is not good", Args: noArgs, RunE: validateConfig},
		&cobra.Command{Use: "show", Short: "Print the configuration that is in force, with all defaults", Args: noArgs, RunE: showConfig},
		&cobra.Command{Use: "keys", Short: "Print all keys and commands, with those of the configuration", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := openConfig()
			if err != nil {
				return err
			}
			src, _ := s.Current() // it is good
			_, err = fmt.Fprint(cmd.OutOrStdout(), tui.KeysDoc(src))
			return err
		}},
	)
	return cmd
}

func validateConfig(cmd *cobra.Command, _ []string) error {
	dir, err := config.Dir()
	if err != nil {
		return err
	}
	src := config.Load(dir)
	tui.CheckConfig(src)
	for _, w := range src.Warnings() {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w.Error())
	}
	if err := src.Err(); err != nil {
		var problems config.Problems
		if errors.As(err, &problems) {
			return fmt.Errorf("%w\n%d problems", err, len(problems))
		}
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "the configuration in", dir, "is good")
	return err
}

func showConfig(cmd *cobra.Command, _ []string) error {
	s, err := openConfig()
	if err != nil {
		return err
	}
	src, _ := s.Current() // it is good
	c := *src.Config
	if c.ReadOnlyContexts == nil {
		c.ReadOnlyContexts = attached.DefaultReadOnly()
	}
	raw, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(raw)
	return err
}
