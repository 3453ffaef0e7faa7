package podnet

import (
	"context"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Policy says whether traffic from one address to another is let through. Connections to a Service are asked about for the
// endpoint that they go to.
type Policy func(p Protocol, from netip.Addr, to netip.AddrPort) bool

// dropped is how long a connection waits that a Policy does not let through, unless its caller gives up before: the packets
// of a real network are dropped, and are answered by nobody.
const dropped = 5 * time.Second

// SetPolicy makes p decide about all new traffic; nil lets everything through.
func (n *Network) SetPolicy(p Policy) {
	n.policy.Lock()
	defer n.policy.Unlock()
	n.policy.allow = p
}

func (n *Network) allowed(p Protocol, from netip.Addr, to netip.AddrPort) bool {
	n.policy.RLock()
	allow := n.policy.allow
	n.policy.RUnlock()
	return allow == nil || allow(p, from, to)
}

// drop waits as a caller does whose packets are dropped.
func drop(ctx context.Context) error {
	t := time.NewTimer(dropped)
	defer t.Stop()
	select {
	case <-t.C:
		return os.NewSyscallError("connect", syscall.ETIMEDOUT)
	case <-ctx.Done():
		return ctx.Err()
	}
}
