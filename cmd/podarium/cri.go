package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/controllers/node/containers"
	"github.com/podarium/podarium/controllers/node/criserver"
	"github.com/podarium/podarium/controllers/node/standin"
	"github.com/podarium/podarium/controllers/podnet"
)

func newCRI() *cobra.Command {
	var listen, file string
	c := &cobra.Command{
		Use:   "cri --listen unix:///PATH",
		Short: "Serve the stand-in container runtime on a CRI socket, for crictl or another kubelet",
		Long: `Serve podarium's stand-in runtime as containerd and CRI-O serve theirs, until interrupted: no cluster is needed, and
nothing is kept. The Pods' addresses are on a virtual network of this process; from elsewhere they are reached by
crictl port-forward.`,
		Example: `  podarium cri --listen unix:///tmp/podarium-cri.sock
  crictl --runtime-endpoint unix:///tmp/podarium-cri.sock version
  podarium up --cri-endpoint unix:///tmp/podarium-cri.sock`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			own, err := embedded.ReadCatalogue(file)
			if err != nil {
				return exitError{exitUsage, err}
			}
			catalogue, err := standin.Default()
			if err != nil {
				return err
			}
			if catalogue, err = catalogue.With(own.Images); err != nil {
				return err
			}
			return serveCRI(cmd, listen, catalogue)
		},
	}
	c.Flags().StringVar(&listen, "listen", "unix:///tmp/podarium-cri.sock", "the socket")
	addCatalogueFlag(c, &file)
	return c
}

func serveCRI(cmd *cobra.Command, listen string, catalogue *standin.Catalogue) (err error) {
	const name = "cri"
	network := podnet.New()
	subnet, err := network.Subnet(name)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "podarium-cri-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	engine := standin.New(network, name, catalogue)
	images := containers.NewImages(engine.Pull)
	runtime, err := containers.New(containers.Options{Name: "podarium-cri", Version: embedded.RuntimeVersion(podariumVersion()), Dir: dir, Network: network, Subnet: subnet, Engine: engine, Images: images})
	if err != nil {
		return err
	}
	err = criserver.Serve(cmd.Context(), listen, runtime, images, func() {
		fmt.Fprintf(cmd.OutOrStdout(), "serving the stand-in runtime on %s, until interrupted\n", listen)
	})
	return errors.Join(err, runtime.Close(context.WithoutCancel(cmd.Context())))
}
