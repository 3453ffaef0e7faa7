package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// runUI opens the UI on the cluster of the data directory, which it starts where it does not run.
func runUI(cmd *cobra.Command, f *flags) error {
	return errors.New("no UI yet")
}
