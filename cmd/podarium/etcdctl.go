package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/cmd/podarium/etcdctl"
)

func newEtcdctl(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   etcdctl.Command + " ...",
		Short: "etcd's own etcdctl, on the running cluster's etcd",
		Long: `etcdctl is etcd's own, whole. Without --endpoints or ETCDCTL_ENDPOINTS it reaches the etcd of the running cluster, by its
unix socket. 'podarium etcd' decodes what it finds there, which etcdctl does not.`,
		Example: `  podarium etcdctl get / --prefix --keys-only
  podarium etcdctl watch /registry/pods/ --prefix
  podarium etcdctl endpoint status -w table`,
		DisableFlagParsing: true, // every flag after the word is etcdctl's
		RunE: func(c *cobra.Command, args []string) error {
			if place := os.Getenv(embedded.EtcdctlEnv); place != "" {
				var p embedded.EtcdctlPlace
				if err := json.Unmarshal([]byte(place), &p); err != nil {
					return fmt.Errorf("%s: %w", embedded.EtcdctlEnv, err)
				}
				if err := os.Unsetenv(embedded.EtcdctlEnv); err != nil {
					return err
				}
				if err := etcdctl.Confine(p, args); err != nil {
					return err
				}
				etcdctl.Main(args)
			}
			args, err := f.takeDataDir(c, args)
			if err != nil {
				return err
			}
			if err := os.Unsetenv("ETCDCTL_API"); err != nil { // there is one since 3.6, which would warn of it
				return err
			}
			const variable = "ETCDCTL_ENDPOINTS"
			named := os.Getenv(variable) != "" || slices.ContainsFunc(args, func(a string) bool {
				return a == "--endpoints" || strings.HasPrefix(a, "--endpoints=") || a == "--discovery-srv" || strings.HasPrefix(a, "--discovery-srv=") || a == "-d"
			})
			if !named && !slices.ContainsFunc(args, isAboutEtcdctl) && len(args) > 0 {
				r, err := f.attach(c)
				if err != nil {
					return err
				}
				info, err := r.Info(c.Context())
				if err != nil {
					return err
				}
				if err := os.Setenv(variable, "unix://"+info.EtcdSocket); err != nil {
					return err
				}
			}
			etcdctl.Main(args)
			return nil
		},
	}
}

// isAboutEtcdctl says whether a word makes etcdctl answer without an etcd.
func isAboutEtcdctl(word string) bool {
	return slices.Contains([]string{"--help", "-h", "help", "version", "completion", "options"}, word)
}
