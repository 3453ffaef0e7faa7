// Command podarium runs a whole Kubernetes cluster in its own process, with a terminal UI in front.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/podarium/podarium/cluster/embedded"
	_ "github.com/podarium/podarium/cluster/embedded/kubeversion" // before any package of k8s.io reads its version
)

// Exit codes, as README.md documents them.
const (
	exitOK      = 0
	exitFailure = 1 // something went wrong
	exitUsage   = 2 // the command line is wrong
	exitNone    = 3 // no cluster runs where one is needed
)

// exitError carries an exit code to main.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

func main() { os.Exit(run(os.Args[1:])) }

// endings are the signals that end the program in order: also that its terminal is gone, unless it was started to outlive that
// (nohup).
func endings() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	// Libraries register flags of their own (k8s.io/component-base, --version) where cobra takes them for every command's.
	pflag.CommandLine = pflag.NewFlagSet("podarium", pflag.ContinueOnError)
	cobra.EnablePrefixMatching = false // etcdctl's package sets it for itself when it is linked
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var exit exitError
	var coder interface{ ExitCode() int } // as package etcdcmd's errors
	var options *embedded.OptionsError
	switch {
	case errors.As(err, &exit):
	case errors.As(err, &options):
		exit.code = exitUsage
	case errors.As(err, &coder):
		exit.code = coder.ExitCode()
	default:
		exit.code = exitFailure
	}
	msg := err.Error()
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled) {
		msg = "interrupted" // and nothing went wrong
	}
	if msg != "" {
		fmt.Fprintln(os.Stderr, "podarium:", msg)
	}
	return exit.code
}
