package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	etcdversion "go.etcd.io/etcd/api/v3/version"

	"github.com/podarium/podarium/cluster/embedded/kubeversion"
)

func newVersion() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the versions of podarium and of what it holds",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Podarium   string `json:"podarium"`
				Kubernetes string `json:"kubernetes"`
				Etcd       string `json:"etcd"`
				Go         string `json:"go"`
				Platform   string `json:"platform"`
			}{podariumVersion(), kubeversion.Version, etcdversion.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			switch output {
			case "json":
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(v)
			case "":
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "podarium %s, Kubernetes %s, etcd %s, %s, %s\n", v.Podarium, v.Kubernetes, v.Etcd, v.Go, v.Platform)
				return err
			}
			return exitError{exitUsage, fmt.Errorf("--output: %q is not json", output)}
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "json")
	return cmd
}

// podariumVersion is the module's version where it was installed as one, the revision as go build stamps it (a pseudo-version)
// in a checkout, and (devel) where it was built without: go run, -buildvcs=false.
func podariumVersion() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}
