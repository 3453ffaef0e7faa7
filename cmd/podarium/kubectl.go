package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/plugin"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/podarium/podarium/cluster/embedded/kubeversion"
)

func newKubectl(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl ...",
		Short: "kubectl " + kubeversion.Version + ", on the running cluster",
		Example: `  podarium kubectl get pods -A
  podarium kubectl create deployment web --image nginx --replicas 3
  podarium --data-dir /tmp/demo kubectl get nodes`,
		DisableFlagParsing: true, // every flag after the word is kubectl's
		ValidArgsFunction:  f.completeKubectl,
		RunE: func(c *cobra.Command, args []string) error {
			args, err := f.takeDataDir(c, args)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(args, isOffline) {
				if err := f.pointKubectl(c); err != nil {
					return err
				}
			}
			defer logs.FlushLogs()
			k := kubectl(cmd.KubectlOptions{
				PluginHandler: cmd.NewDefaultPluginHandler(plugin.ValidPluginFilenamePrefixes),
				Arguments:     append([]string{"kubectl"}, args...),
				IOStreams:     genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
			})
			k.SetArgs(args)
			k.SilenceUsage, k.SilenceErrors = true, true // the error is podarium's to print
			cmdutil.BehaviorOnFatal(func(msg string, code int) {
				if msg != "" {
					fmt.Fprintln(os.Stderr, msg)
				}
				os.Exit(code) // kubectl's commands end by it; this process holds nothing that needs closing
			})
			return k.ExecuteContext(c.Context())
		},
	}
}

// kubectl is the command with the flags that its own main adds: -v, --vmodule.
func kubectl(o cmd.KubectlOptions) *cobra.Command {
	k := cmd.NewDefaultKubectlCommandWithArgs(o)
	logs.AddFlags(k.PersistentFlags())
	return k
}

// pointKubectl makes kubectl, in this process, find the running cluster.
func (f *flags) pointKubectl(c *cobra.Command) error {
	r, err := f.attach(c)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Info(c.Context())
	if err != nil {
		return err
	}
	return os.Setenv(clientcmd.RecommendedConfigPathEnvVar, info.Kubeconfig)
}

// completeKubectl asks kubectl itself what could stand here: its commands and flags, and the objects of the cluster where one runs.
func (f *flags) completeKubectl(c *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	args, err := f.takeDataDir(c, args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	if f.pointKubectl(c) != nil { // there are still commands and flags, and no other cluster is to be asked
		if err := os.Setenv(clientcmd.RecommendedConfigPathEnvVar, os.DevNull); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
	}
	words := append(append([]string{cobra.ShellCompRequestCmd}, args...), typed)
	var out bytes.Buffer
	k := kubectl(cmd.KubectlOptions{
		Arguments: append([]string{"kubectl"}, words...),
		IOStreams: genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &out, ErrOut: io.Discard},
	})
	k.SetOut(&out)
	k.SetErr(io.Discard)
	k.SetArgs(words)
	if err := k.ExecuteContext(c.Context()); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	last := len(lines) - 1
	directive, err := strconv.Atoi(strings.TrimPrefix(lines[last], ":")) // cobra ends its answer so
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return lines[:last], cobra.ShellCompDirective(directive)
}

// takeDataDir takes --data-dir from the front of kubectl's arguments, where people write it as with any other command.
func (f *flags) takeDataDir(c *cobra.Command, args []string) ([]string, error) {
	const flag = "--data-dir"
	for len(args) > 0 {
		if dir, ok := strings.CutPrefix(args[0], flag+"="); ok {
			f.dataDir, args = dir, args[1:]
			continue
		}
		if args[0] != flag {
			break
		}
		if len(args) == 1 {
			return nil, c.FlagErrorFunc()(c, errors.New("flag needs an argument: "+flag))
		}
		f.dataDir, args = args[1], args[2:]
	}
	return args, nil
}

// isOffline says whether a word makes kubectl answer without a cluster.
func isOffline(word string) bool {
	return slices.Contains([]string{"--help", "-h", "help", "--client", "completion", "kustomize"}, word)
}

func newKubeconfig(f *flags) *cobra.Command {
	var merge bool
	var name string
	c := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the running cluster's kubeconfig, or add it to your own",
		Example: `  podarium kubeconfig > podarium.yaml
  podarium kubeconfig --merge && kubectl --context podarium get nodes`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := f.attach(c)
			if err != nil {
				return err
			}
			defer r.Close()
			info, err := r.Info(c.Context())
			if err != nil {
				return err
			}
			if merge {
				file, current, err := mergeKubeconfig(info.Kubeconfig, name)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "added the context %s to %s; your current context is %s\n", name, file, current)
				return nil
			}
			b, err := os.ReadFile(info.Kubeconfig)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(b)
			return err
		},
	}
	c.Flags().BoolVar(&merge, "merge", false, "add it as a context to your own kubeconfig ($KUBECONFIG, else ~/.kube/config)")
	c.Flags().StringVar(&name, "context", "podarium", "name of the context that --merge adds or replaces")
	return c
}

// mergeKubeconfig adds the cluster as the context name to the user's own file and returns which that is, and the current
// context, which is set only where there is none.
func mergeKubeconfig(from, name string) (file, current string, err error) {
	src, err := clientcmd.LoadFromFile(from)
	if err != nil {
		return "", "", err
	}
	paths := clientcmd.NewDefaultPathOptions()
	dst, err := paths.GetStartingConfig()
	if err != nil {
		return "", "", err
	}
	ctx := src.Contexts[src.CurrentContext]
	if ctx == nil {
		return "", "", fmt.Errorf("%s has no current context", from)
	}
	dst.Clusters[name] = src.Clusters[ctx.Cluster]
	dst.AuthInfos[name] = src.AuthInfos[ctx.AuthInfo]
	dst.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	// Where an entry came from decides which file ModifyConfig writes; these are new ones.
	for _, origin := range []*string{&dst.Clusters[name].LocationOfOrigin, &dst.AuthInfos[name].LocationOfOrigin} {
		*origin = paths.GetDefaultFilename()
	}
	if dst.CurrentContext == "" {
		dst.CurrentContext = name
	}
	if err := clientcmd.ModifyConfig(paths, *dst, true); err != nil {
		return "", "", fmt.Errorf("%s: %w", paths.GetDefaultFilename(), err)
	}
	return paths.GetDefaultFilename(), dst.CurrentContext, nil
}
