package rollout

import (
	"context"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// Live follows the rollouts of one workload. It is safe for use by several goroutines.
type Live struct {
	state  *state
	cancel context.CancelFunc
	done   chan struct{}
}

// Watch follows a Deployment, StatefulSet or DaemonSet: the workload, its revisions, its Pods and what is said of
// them in events. It never blocks; what goes wrong is in Progress.Err and is retried. It ends with Close or ctx.
func Watch(ctx context.Context, c *cluster.Cluster, ref change.Ref) *Live {
	ctx, cancel := context.WithCancel(ctx)
	l := &Live{state: newState(ref), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.state.follow(ctx, c)
	}()
	return l
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (l *Live) Changed() <-chan struct{} { return l.state.changed }

// Snapshot is the rollout now. It costs nothing when nothing changed since the last call.
func (l *Live) Snapshot() *Progress { return l.state.snapshot() }

// Close stops following, and waits for that. The last Snapshot remains.
func (l *Live) Close() {
	l.cancel()
	<-l.done
}
