package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/attached"
	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/cmd/podarium/etcdcmd"
	"github.com/podarium/podarium/cmd/podarium/etcdctl"
	"github.com/podarium/podarium/controllers/node"
)

// flags are those of the commands that run a cluster or find a running one.
type flags struct {
	dataDir   string
	ephemeral bool
	nodes     int
	simulated int
	catalogue string
	scheduler string
	runtime   string
	cri       string
	apiPort   int
	logFile   string
	verbosity int
	theme     string
	open      string
}

func newRoot() *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:   "podarium",
		Short: "A whole Kubernetes cluster behind glass",
		Long: `podarium runs a real etcd and the whole Kubernetes control plane in its own process, without Docker, root or
downloads, and shows it in a terminal UI: scale, set image, roll out and roll back from the keyboard, and see every
object as its etcd key, live and decoded.

Without a command it opens the UI. The cluster of the data directory is started, and stopped when the UI is left; where
it runs already (podarium up), the UI attaches to it.`,
		Example: `  podarium                       # the UI, and the cluster of the default data directory
  podarium up --nodes 5          # the cluster without UI
  podarium kubectl get pods -A   # kubectl, built in
  podarium down`,
		SilenceErrors:    true,
		TraverseChildren: true, // kubectl parses its own flags, but --data-dir may come before it
		SilenceUsage:     true,
		Args:             noArgs,
		RunE:             func(cmd *cobra.Command, _ []string) error { return runUI(cmd, f) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exitError{exitUsage, fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
	})
	root.PersistentFlags().StringVar(&f.dataDir, "data-dir", "", "where the cluster is kept (default: podarium/default in the XDG data directory)")
	addRunFlags(root, f)
	root.Flags().StringVar(&f.theme, "theme", "auto", "theme of the UI: auto follows the terminal's background")
	root.Flags().StringVarP(&f.open, "command", "c", "", "what the UI opens first, as typed after ':', such as \"deployments kube-system\"")
	_ = root.RegisterFlagCompletionFunc("theme", completeThemeFlag) // the flag exists
	etcd := etcdcmd.Command(etcdcmd.Deps{Embedded: f.etcd, History: f.etcdHistory, DataDir: f.dir, Cluster: f.cluster, Interactive: func(cmd *cobra.Command, t etcdcmd.Target) error { return etcdUI(cmd, f, t) }})
	root.AddCommand(newUp(f), newDown(f), newStatus(f), newKubeconfig(f), newKubectl(f), newDemo(f), newNode(f), newCatalogue(f), newCRI(), newProxy(f), newVersion(), newConfig(), newTheme(), newMan(), newAttach(), etcd, newEtcdctl(f))
	return root
}

const simulatedFlag = "simulated-nodes"

// addRunFlags adds the flags of commands that may start a cluster.
func addRunFlags(cmd *cobra.Command, f *flags) {
	fs := cmd.Flags()
	fs.BoolVar(&f.ephemeral, "ephemeral", false, "keep nothing: a temporary data directory, removed at the end")
	fs.IntVar(&f.nodes, "nodes", 3, "how many nodes (real kubelets) run")
	fs.IntVar(&f.simulated, simulatedFlag, 0, "how many nodes without a kubelet run besides, simulated by kwok, for Pods with runtimeClassName kwok (default: as many as the last time)")
	fs.StringVar(&f.runtime, "runtime", "standin", "what containers are: standin (code in this process), process (programs of this machine, run as you, isolated from nothing), or cri (real containers, see --cri-endpoint)")
	fs.StringVar(&f.cri, "cri-endpoint", "", "the socket of a container runtime, unix:///run/containerd/containerd.sock, for --runtime cri and for Pods with runtimeClassName cri")
	addCatalogueFlag(cmd, &f.catalogue)
	fs.StringVar(&f.scheduler, "scheduler-config", "", "a KubeSchedulerConfiguration file with the scheduler's profiles, in place of podarium's default-scheduler and bin-packing")
	fs.IntVar(&f.apiPort, "api-port", 0, "port of the API server on 127.0.0.1 (default: the last one, else any free one)")
	fs.StringVar(&f.logFile, "log-file", "", "where the log goes (default: podarium.log in the data directory)")
	fs.IntVarP(&f.verbosity, "v", "v", 0, "verbosity of the log, as klog's -v")
	_ = cmd.MarkFlagFilename("log-file") // the flags exist
	_ = cmd.MarkFlagFilename("scheduler-config", "yaml", "yml")
	_ = cmd.RegisterFlagCompletionFunc("runtime", cobra.FixedCompletions(node.Runtimes, cobra.ShellCompDirectiveNoFileComp))
}

func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return exitError{exitUsage, fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
	}
	return nil
}

// dir is the data directory, absolute.
func (f *flags) dir() (string, error) {
	if f.dataDir == "" {
		return embedded.DefaultDataDir()
	}
	return filepath.Abs(f.dataDir)
}

// self is how another command on the same data directory begins.
func (f *flags) self() string {
	if f.dataDir == "" {
		return "podarium"
	}
	dir, err := f.dir()
	if err != nil || strings.ContainsAny(dir, " '\"$\\") {
		dir = strconv.Quote(f.dataDir)
	}
	return "podarium --data-dir " + dir
}

func (f *flags) options(cmd *cobra.Command) (embedded.Options, error) {
	o := embedded.Options{Ephemeral: f.ephemeral, Nodes: f.nodes, Runtime: f.runtime, CRIEndpoint: f.cri, Catalogue: f.catalogue, SchedulerConfig: f.scheduler, APIPort: f.apiPort, LogFile: f.logFile, Verbosity: f.verbosity, DivertStderr: true, DataDir: f.dataDir, Version: podariumVersion()}
	if cmd.Flags().Changed(simulatedFlag) {
		o.SimulatedNodes = &f.simulated
	}
	if self, err := os.Executable(); err == nil { // else the container of etcd has no etcdctl
		o.Etcdctl = []string{self, etcdctl.Command}
	}
	var err error
	if !f.ephemeral {
		o.DataDir, err = f.dir()
	}
	return o, err
}

// attach finds the running cluster of the data directory.
func (f *flags) attach(cmd *cobra.Command) (*embedded.Remote, error) {
	dir, err := f.dir()
	if err != nil {
		return nil, err
	}
	r, err := embedded.Attach(cmd.Context(), dir)
	if errors.Is(err, embedded.ErrNotRunning) {
		return nil, exitError{exitNone, fmt.Errorf("%w: start one with '%s up'", err, f.self())}
	}
	return r, err
}

// etcd connects to the etcd of the running cluster of the data directory.
func (f *flags) etcd(cmd *cobra.Command) (*clientv3.Client, error) {
	r, err := f.attach(cmd)
	if err != nil {
		return nil, err
	}
	return r.Cluster().Etcd(), nil
}

// cluster is a context of a kubeconfig, or the running cluster of the data directory where none is named.
func (f *flags) cluster(cmd *cobra.Command, kubeconfig, context string) (*cluster.Cluster, error) {
	if kubeconfig != "" || context != "" {
		c, err := attached.Open(attached.Options{Kubeconfig: kubeconfig, Context: context})
		if err != nil {
			return nil, exitError{exitUsage, err}
		}
		return c, nil
	}
	r, err := f.attach(cmd)
	if err != nil {
		return nil, err
	}
	return r.Cluster(), nil
}

// etcdHistory is where 'podarium up' records the history of etcd.
func (f *flags) etcdHistory() (string, error) {
	dir, err := f.dir()
	if err != nil {
		return "", err
	}
	return embedded.EtcdHistory(dir), nil
}
