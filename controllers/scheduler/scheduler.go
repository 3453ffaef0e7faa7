// Package scheduler runs Kubernetes' scheduler in this process.
//
// A process can run it once: upstream registers its configz name for life.
package scheduler

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-scheduler/app"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// Options says how the scheduler runs.
type Options struct {
	// Kubeconfig is a file with the identity system:kube-scheduler.
	Kubeconfig string
	// ConfigFile is a KubeSchedulerConfiguration that stands for podarium's own, profiles.yaml; empty is that one. What it
	// says of the connection and of leader election does not count.
	ConfigFile string
	// Ready, if set, is called once it knows every node and Pod and schedules.
	Ready func()
}

// Args are the flags with which it runs.
func (o Options) Args() []string {
	return []string{
		"--config=" + o.file(),
		"--leader-elect=false", // there is one; with election upstream leaves by os.Exit (cmd/kube-scheduler/app/server.go)
		"--secure-port=0",
	}
}

// file is where its configuration is written.
func (o Options) file() string {
	return strings.TrimSuffix(o.Kubeconfig, filepath.Ext(o.Kubeconfig)) + ".yaml"
}

// Run schedules until ctx ends. The API server must answer already.
func Run(ctx context.Context, o Options) error {
	ctx = klog.NewContext(ctx, klog.FromContext(ctx).WithName("kube-scheduler"))
	s := options.NewOptions()
	fs := pflag.NewFlagSet("kube-scheduler", pflag.ContinueOnError)
	for _, f := range s.Flags.FlagSets {
		fs.AddFlagSet(f)
	}
	if _, err := writeConfiguration(o); err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	if err := fs.Parse(o.Args()); err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	completed, sched, err := app.Setup(ctx, s)
	if err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	if o.Ready != nil {
		go func() {
			completed.InformerFactory.WaitForCacheSync(ctx.Done())
			if sched.WaitForHandlersSync(ctx) == nil {
				o.Ready()
			}
		}()
	}
	if err := app.Run(ctx, completed, sched); err != nil && ctx.Err() == nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	return nil
}
