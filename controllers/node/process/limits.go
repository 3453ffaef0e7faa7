package process

import "runtime"

// Limits say, a sentence each, what is enforced for containers on this machine.
func Limits() []string {
	memory := "memory limits: looked at once a second; above its limit all of a container is killed (OOMKilled)"
	if runtime.GOOS != "linux" {
		memory = "not enforced: memory limits"
	}
	return []string{memory, cpuLimits, "not enforced: requests, users, capabilities, read-only volumes and file systems"}
}
