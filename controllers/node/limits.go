package node

import (
	"os/user"
	"runtime"

	"github.com/podarium/podarium/controllers/node/process"
)

// Limits say, a sentence each, what containers of a runtime are on this machine, what holds for them and what does not.
func Limits(of string) []string {
	switch of {
	case Process:
		who := "the user who runs podarium"
		if u, err := user.Current(); err == nil {
			who = u.Username
		}
		return append([]string{"programs of this machine, run as " + who + ", isolated from nothing: they read and write what " + who + " may"}, process.Limits()...)
	case CRI:
		limits := []string{
			"containers of that runtime, with the limits that it sets; no cgroup limits a Pod as a whole",
			"the cluster reaches them where this machine reaches their addresses: Services over TCP, probes, port-forward",
			"they reach Services and names by the proxy that http_proxy, https_proxy and all_proxy name; no UDP, and no way out where this machine has no address on their bridge",
			"what they send to each other goes past NetworkPolicies; kubectl top does not count them",
		}
		if runtime.GOOS == "linux" {
			limits = append(limits, "each log that is followed takes one of the user's inotify instances (fs.inotify.max_user_instances)")
		}
		return limits
	}
	return []string{
		"code in this process that stands in for what an image would run; requests and limits count for the scheduler only, what is used is reckoned",
		"not enforced: the sizes of emptyDirs and volumes, ephemeral-storage, permissions of files",
	}
}
