package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/attached"
	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/tui"
)

func newAttach() *cobra.Command {
	var o attached.Options
	var readOnly, list bool
	ui := tui.Options{}
	cmd := &cobra.Command{
		Use:   "attach [CONTEXT]",
		Short: "Open the UI on an existing cluster of your kubeconfig",
		Long: `attach opens the UI on an existing cluster: a context of your kubeconfig, and its etcd where you name its endpoints.

Nothing is installed in the cluster. Contexts whose own name or whose cluster's name looks like production (prod*, *-prod*,
*production* and the like) are opened read-only; --read-only=false opens them for changes.`,
		Example: `  podarium attach                          # the current context
  podarium attach staging --as jane
  podarium attach --list                   # the contexts, and which are opened read-only
  podarium attach --etcd-endpoints https://10.0.0.1:2379 --etcd-cacert ca.crt --etcd-cert client.crt --etcd-key client.key`,
		Args: func(cmd *cobra.Command, args []string) error {
			err := cobra.MaximumNArgs(1)(cmd, args)
			if err == nil && len(args) == 1 && cmd.Flags().Changed("context") {
				err = errors.New("the context is named twice: as an argument and by --context")
			}
			if err != nil {
				return exitError{exitUsage, fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeContexts(o)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Context = args[0]
			}
			if cmd.Flags().Changed("read-only") {
				o.ReadOnly = &readOnly
			}
			if err := configureUI(&ui); err != nil {
				return err
			}
			o.ReadOnlyPatterns = readOnlyContexts(ui)
			if list {
				return listContexts(cmd, o)
			}
			if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
				return exitError{exitUsage, errors.New("the UI needs a terminal on standard input and output")}
			}
			dir, restore, err := keepStderr()
			if err != nil {
				return err
			}
			defer restore()
			c, err := attached.Open(o)
			if err != nil {
				return exitError{exitUsage, err}
			}
			if e := c.Etcd(); e != nil {
				defer e.Close()
			}
			if err := embedded.DiscardLogs(); err != nil {
				return err
			}
			ui.Cluster, ui.LogDir, ui.Demos = c, dir, demos()
			offerContexts(&ui, o)
			return tui.Run(cmd.Context(), ui)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig file (default: KUBECONFIG, then ~/.kube/config, as kubectl)")
	fs.StringVar(&o.Context, "context", "", "context to open (default: the current one)")
	fs.StringVar(&o.As, "as", "", "user to act as")
	fs.StringArrayVar(&o.AsGroups, "as-group", nil, "group to act in, may be repeated")
	fs.StringVar(&o.AsUID, "as-uid", "", "UID to act with")
	fs.BoolVar(&readOnly, "read-only", false, "refuse every change (default: by the context's name)")
	fs.BoolVar(&list, "list", false, "list the contexts instead of opening one")
	fs.StringSliceVar(&o.Etcd.Endpoints, "etcd-endpoints", nil, "the cluster's etcd, for the etcd screens")
	fs.StringVar(&o.Etcd.CACert, "etcd-cacert", "", "CA file of etcd's certificate")
	fs.StringVar(&o.Etcd.Cert, "etcd-cert", "", "client certificate file for etcd")
	fs.StringVar(&o.Etcd.Key, "etcd-key", "", "key file of the client certificate for etcd")
	fs.StringVar(&o.Etcd.Prefix, "etcd-prefix", "", "where the API server keeps its objects in etcd (default: /registry)")
	fs.StringVar(&ui.Theme, "theme", "auto", "theme of the UI: auto follows the terminal's background")
	fs.StringVarP(&ui.Open, "command", "c", "", "what the UI opens first, as typed after ':', such as \"deployments kube-system\"")
	for _, f := range []string{"kubeconfig", "etcd-cacert", "etcd-cert", "etcd-key"} {
		_ = cmd.MarkFlagFilename(f) // the flag exists
	}
	_ = cmd.RegisterFlagCompletionFunc("theme", completeThemeFlag) // the flag exists
	_ = cmd.RegisterFlagCompletionFunc("context", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeContexts(o)
	})
	return cmd
}

// completeContexts completes the contexts of the kubeconfig.
func completeContexts(o attached.Options) ([]string, cobra.ShellCompDirective) {
	contexts, err := attached.Contexts(o)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, len(contexts))
	for i, c := range contexts {
		names[i] = c.Name + "\t" + c.Server
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// offerContexts lets the UI go to the contexts of a kubeconfig. Which of them are read-only is as the configuration says then.
func offerContexts(ui *tui.Options, o attached.Options) {
	src := *ui
	ui.Contexts = func(context.Context) ([]tui.Context, error) {
		o := o
		o.ReadOnlyPatterns = readOnlyContexts(src)
		return uiContexts(o)
	}
	ui.Switch = func(_ context.Context, name string) (*cluster.Cluster, error) {
		to := o
		to.Context, to.Etcd = name, attached.Etcd{} // the etcd on the command line is the first cluster's
		to.ReadOnlyPatterns = readOnlyContexts(src)
		return attached.Open(to)
	}
}

func readOnlyContexts(ui tui.Options) []string {
	src, _ := ui.Config.Current() // the last good one
	return src.ReadOnlyContexts
}

// uiContexts are the contexts as the UI lists them.
func uiContexts(o attached.Options) ([]tui.Context, error) {
	all, err := attached.Contexts(o)
	if err != nil {
		return nil, err
	}
	out := make([]tui.Context, len(all))
	for i, c := range all {
		out[i] = tui.Context{Name: c.Name, Server: c.Server, Current: c.Current, ReadOnly: c.ReadOnly}
	}
	return out, nil
}

// keepStderr leads what credential plugins print, which would spoil the screen, to attach.log in the user's cache directory.
func keepStderr() (dir string, restore func(), err error) {
	if dir, err = os.UserCacheDir(); err != nil {
		return "", nil, fmt.Errorf("where to keep the log: %w", err)
	}
	dir = filepath.Join(dir, "podarium")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "attach.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", nil, err
	}
	terminal := os.Stderr
	os.Stderr = f // client-go takes it when it makes a client
	return dir, func() {
		os.Stderr = terminal
		_ = f.Close() // a log that nobody reads any more
	}, nil
}

func listContexts(cmd *cobra.Command, o attached.Options) error {
	contexts, err := attached.Contexts(o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "CURRENT\tNAME\tCLUSTER\tSERVER\tUSER\tNAMESPACE\tMODE")
	for _, c := range contexts {
		current, mode := "", "changes"
		if c.Current {
			current = "*"
		}
		if c.ReadOnly {
			mode = "read-only"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", current, c.Name, c.Cluster, c.Server, c.User, c.Namespace, mode)
	}
	return w.Flush()
}
