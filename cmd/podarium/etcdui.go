package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/term"
	"k8s.io/client-go/rest"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui"
)

// etcdUI opens the UI on an etcd by itself: the screens of etcd work, those of Kubernetes only on podarium's own, whose
// API server is known. Any other is read-only until the flags say otherwise.
func etcdUI(cmd *cobra.Command, f *flags, t etcdcmd.Target) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return exitError{exitUsage, errors.New("the UI needs a terminal on standard input and output: see 'podarium etcd --help' for commands")}
	}
	o := cluster.Options{
		Name: t.Name, Etcd: t.Store.Client(), EtcdPrefix: t.Decode.Prefix, EtcdDecrypter: t.Decode.Decrypter, EtcdHistory: t.History,
		EtcdOperations: t.Operations, EtcdFile: t.File, EtcdWrites: t.Writes, EtcdRegistryWrites: t.RegistryWrites,
	}
	if t.Own {
		r, err := f.attach(cmd)
		if err != nil {
			return err
		}
		defer r.Close()
		own := r.Cluster()
		o.Name, o.Config, o.Status, o.Disposable = own.Name(), own.Config(), own.Status, true
	} else {
		o.EtcdOnly, o.ReadOnly, o.ReadOnlyForGood = true, !t.Writes, !t.Writes
		o.Config = &rest.Config{Host: "http://no-api-server.invalid"} // a reserved name: nothing is ever dialled there
		o.Status = etcdStatus(o.Etcd)
	}
	c, err := cluster.New(o)
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
	ui := tui.Options{Cluster: c, LogDir: dir, Open: "etcd ."}
	if err := configureUI(&ui); err != nil {
		return err
	}
	return show(cmd.Context(), ui)
}

// etcdStatus is the health of an etcd by itself: it is well as long as one of its members answers.
func etcdStatus(client *clientv3.Client) func(context.Context) (cluster.Status, error) {
	return func(ctx context.Context) (cluster.Status, error) {
		part := cluster.Component{Name: "etcd", State: cluster.Ready}
		s := cluster.Status{}
		r, err := etcdview.New(client).Status(ctx)
		if err != nil {
			part.State, part.Message = cluster.Failed, err.Error()
		} else {
			s.EtcdVersion = r.Version
		}
		s.Components = []cluster.Component{part}
		return s, nil
	}
}
