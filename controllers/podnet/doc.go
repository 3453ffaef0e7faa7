// Package podnet is the virtual network that Pods, nodes and Services live in: addresses, listeners and dialers in this
// process, for TCP and UDP. No packet of it reaches an interface of the host, so that it needs no root, no bridge and no
// firewall rules, and works the same on every operating system.
//
// An address is served by whoever calls Listen on it; Dial finds the listener by address and joins the two ends by a
// buffered pipe in memory, which behaves as a TCP connection does: deadlines, half close, refused connections.
//
// All methods are safe for use by several goroutines.
package podnet
