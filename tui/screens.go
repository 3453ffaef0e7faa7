package tui

import (
	"github.com/podarium/podarium/tui/access"
	"github.com/podarium/podarium/tui/changes"
	"github.com/podarium/podarium/tui/containers"
	"github.com/podarium/podarium/tui/etcd"
	"github.com/podarium/podarium/tui/etcd/manage"
	"github.com/podarium/podarium/tui/etcd/report"
	"github.com/podarium/podarium/tui/forward"
	"github.com/podarium/podarium/tui/helm"
	"github.com/podarium/podarium/tui/help"
	"github.com/podarium/podarium/tui/home"
	"github.com/podarium/podarium/tui/inspect"
	"github.com/podarium/podarium/tui/logs"
	"github.com/podarium/podarium/tui/manifest"
	"github.com/podarium/podarium/tui/plugin"
	"github.com/podarium/podarium/tui/resource"
	"github.com/podarium/podarium/tui/rollouts"
	"github.com/podarium/podarium/tui/saved"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/shell"
	"github.com/podarium/podarium/tui/traffic"
	"github.com/podarium/podarium/tui/transfer"
	"github.com/podarium/podarium/tui/tree"
	"github.com/podarium/podarium/tui/workloads"
)

// modules are all packages of screens: one line for each.
func modules() []screen.Module {
	return []screen.Module{
		home.Module(),
		resource.Module(),
		inspect.Module(),
		rollouts.Module(),
		workloads.Module(),
		tree.Module(),
		helm.Module(),
		access.Module(),
		containers.Module(),
		logs.Module(),
		shell.Module(),
		forward.Module(),
		traffic.Module(),
		transfer.Module(),
		changes.Module(),
		manifest.Module(),
		saved.Module(),
		help.Module(),
		plugin.Module(),
		etcd.Module(),
		manage.Module(),
		report.Module(),
	}
}

func moduleCommands() []screen.Command {
	var all []screen.Command
	for _, m := range modules() {
		all = append(all, m.Commands...)
	}
	return all
}
