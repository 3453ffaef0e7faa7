package process

import "runtime"

// Limits say, a sentence each, what is enforced for containers on this machine.
func Limits() []string {
	not := "not enforced: CPU limits, requests, users, capabilities, read-only volumes and file systems"
	if runtime.GOOS == "linux" {
		return []string{"memory limits: looked at once a second; above its limit all of a container is killed (OOMKilled)", not}
	}
	return []string{not, "not enforced on this system (" + runtime.GOOS + "): memory limits"}
}
