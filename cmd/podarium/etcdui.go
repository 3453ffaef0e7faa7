package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/tui"
)

// etcdUI opens the UI on an etcd by itself, read-only: the screens of etcd work, those of Kubernetes say that there is no
// API server.
func etcdUI(cmd *cobra.Command, t etcdcmd.Target) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return exitError{exitUsage, errors.New("the UI needs a terminal on standard input and output: see 'podarium etcd --help' for commands")}
	}
	client := t.Store.Client()
	c, err := cluster.New(cluster.Options{
		Name: t.Name, Etcd: client, EtcdPrefix: t.Decode.Prefix, EtcdDecrypter: t.Decode.Decrypter, ReadOnly: true,
		Config: &rest.Config{Host: "http://no-api-server.invalid"}, // a reserved name: nothing is ever dialled there
		Status: func(ctx context.Context) (cluster.Status, error) {
			part := cluster.Component{Name: "etcd", State: cluster.Ready}
			s := cluster.Status{}
			r, err := client.Status(ctx, client.Endpoints()[0])
			if err != nil {
				part.State, part.Message = cluster.Failed, err.Error()
			} else {
				s.EtcdVersion = r.Version
			}
			s.Components = []cluster.Component{part}
			return s, nil
		},
	})
	if err != nil {
		return err
	}
	if err := embedded.DiscardLogs(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "podarium")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return show(cmd.Context(), tui.Options{Cluster: c, LogDir: dir, Open: "etcd ."})
}
