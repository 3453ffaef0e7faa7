package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/podarium/podarium/cluster/attached"
	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/examples"
	"github.com/podarium/podarium/tui"
)

// runUI opens the UI on the cluster of the data directory, which it starts, and stops at the end, where it does not run.
func runUI(cmd *cobra.Command, f *flags) error {
	ui := tui.Options{Theme: f.theme, Open: f.open}
	if err := configureUI(&ui); err != nil { // before a cluster is started in vain
		return err
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return exitError{exitUsage, errors.New("the UI needs a terminal on standard input and output: use 'podarium up' to run the cluster without it")}
	}
	o, err := f.options(cmd)
	if err != nil {
		return err
	}
	offerContexts(&ui, attached.Options{})
	ui.Tour = tui.Tour{Begin: isNew(o), File: tourFile()}
	s, err := embedded.Start(cmd.Context(), o)
	if errors.Is(err, embedded.ErrRunning) {
		return attachUI(cmd, f, ui)
	}
	if err != nil {
		return err
	}
	defer record(s)()
	ui.Cluster, ui.LogDir = s.Cluster(), filepath.Dir(s.LogFile())
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	go func() {
		<-s.Done() // the UI has nothing to show any more
		cancel()
	}()
	uiErr := show(ctx, ui)
	if err := s.Stop(); err != nil {
		return errors.Join(uiErr, fmt.Errorf("the cluster stopped: %w\nThe log is %s", err, s.LogFile()))
	}
	return uiErr
}

// isNew says whether a cluster would begin with nothing in it.
func isNew(o embedded.Options) bool {
	if o.Ephemeral {
		return true
	}
	_, err := os.Stat(o.DataDir)
	return errors.Is(err, os.ErrNotExist)
}

// tourFile remembers that the tour was begun, in the XDG state directory; empty where there is none.
func tourFile() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "podarium", "tour")
}

// demos are the examples, for the UI.
func demos() []tui.Demo {
	all, _ := examples.All() // embedded
	out := make([]tui.Demo, len(all))
	for i, e := range all {
		out[i] = tui.Demo{Name: e.Name, Summary: e.Summary, Manifest: e.Manifest}
	}
	return out
}

// attachUI opens the UI on a cluster that another process runs; it runs on when the UI is left.
func attachUI(cmd *cobra.Command, f *flags, ui tui.Options) error {
	r, err := f.attach(cmd)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Info(cmd.Context())
	if err != nil {
		return err
	}
	ui.Cluster, ui.LogDir = r.Cluster(), filepath.Dir(info.LogFile)
	if err := embedded.DiscardLogs(); err != nil {
		return err
	}
	return show(cmd.Context(), ui)
}

// show runs the UI under a monitor that outlives a crash.
func show(ctx context.Context, ui tui.Options) error {
	ui.Demos = demos()
	release, err := watchForCrash(ui.LogDir)
	if err != nil {
		return err
	}
	defer release()
	return tui.Run(ctx, ui)
}
