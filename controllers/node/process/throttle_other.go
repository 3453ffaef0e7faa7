//go:build !linux

package process

const cpuLimits = "not enforced: CPU limits"

// throttle does nothing: what a group uses is not known on this system.
func (*process) throttle() {}
