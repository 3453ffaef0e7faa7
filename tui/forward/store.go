package forward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/jobs"
	"github.com/podarium/podarium/tui/screen"
)

// state is what a forward is doing.
type state int

const (
	opening state = iota
	listening
	waiting // for a Pod: the last one is gone, or there was none yet
	failed
)

// forward is one local port that leads to a port of a Pod, or of whichever Pod of a Service or a workload is ready.
type forward struct {
	target        screen.Object
	local, remote uint16 // local is 0 until a free one is found
	state         state
	err           error
	pod           string // the one that it leads to
	again         int    // how often another Pod, or another connection, took over
	since         time.Time
}

// store keeps the forwards of a cluster for as long as the UI shows it.
type store struct {
	*jobs.Store[forward]
	cluster *cluster.Cluster
}

type storeKey struct{}

// Start makes the store of a cluster, whose forwards end with the scope. The frame calls it.
func Start(s *screen.Scope) {
	screen.Service(s, storeKey{}, func() *store { return &store{Store: jobs.NewStore[forward](s.Context()), cluster: s.Cluster()} })
}

// of is the store; one that forwards nothing for long where the frame has not started it.
func of(s *screen.Scope) *store {
	Start(s)
	return screen.Service(s, storeKey{}, func() *store { return nil })
}

// open begins to forward; what comes of it shows in the list.
func (st *store) open(target screen.Object, local, remote uint16, now time.Time) {
	st.Begin(forward{target: target, local: local, remote: remote, since: now}, st.run)
}

// update changes a forward in the list, and returns it as it then is.
type update func(func(*forward)) forward

func (u update) set(to state, err error) { u(func(f *forward) { f.state, f.err = to, err }) }

// Backoff between attempts to find a Pod and to connect to it.
const minBackoff, maxBackoff = 200 * time.Millisecond, 5 * time.Second

// run forwards until ctx ends: where the connection is lost or the Pod goes, to another Pod of the same Service or workload.
func (st *store) run(ctx context.Context, change func(func(*forward)) forward) {
	u := update(change)
	f := u(func(*forward) {})
	src, err := look(ctx, st.cluster, f.target)
	if err != nil {
		u.set(failed, err)
		return
	}
	for backoff := minBackoff; ctx.Err() == nil; backoff = min(backoff*2, maxBackoff) {
		pod, port, err := src.pick(ctx, st.cluster, f.target.Namespace, f.remote)
		switch {
		case err == nil:
			began := time.Now()
			if err = st.connect(ctx, u, pod, port); errors.Is(err, errNoListen) {
				u.set(failed, err)
				return
			}
			if time.Since(began) > maxBackoff {
				backoff = minBackoff
			}
		case src.selector == nil:
			u.set(failed, err)
			return
		}
		if ctx.Err() != nil {
			return
		}
		u.set(waiting, err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff):
		}
	}
}

// errNoListen is returned where the local port cannot be had: trying again is of no use.
var errNoListen = errors.New("the local port cannot be had")

// connect forwards to a Pod until it goes or the connection is lost.
func (st *store) connect(ctx context.Context, u update, pod *corev1.Pod, port uint16) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dialer, err := remote.DialPorts(st.cluster, pod.Namespace, pod.Name)
	if err != nil {
		return err
	}
	local := u(func(*forward) {}).local
	ready := make(chan struct{})
	var problems bytes.Buffer
	fw, err := portforward.NewForStreaming(dialer, []string{fmt.Sprintf("%d:%d", local, port)}, ctx.Done(), ready, &bytes.Buffer{}, &problems)
	if err != nil {
		return err
	}
	go func() {
		select {
		case <-ready:
		case <-ctx.Done():
			return
		}
		if ports, err := fw.GetPorts(); err == nil && len(ports) > 0 {
			u.leads(pod.Name, ports[0].Local)
		}
	}()
	gone := make(chan struct{})
	go func() {
		if untilGone(ctx, st.cluster, pod) {
			close(gone)
			cancel()
		}
	}()
	err = fw.ForwardPorts()
	select {
	case <-gone:
		return fmt.Errorf("pod/%s is gone", pod.Name)
	default:
	}
	switch {
	case err == nil:
		return fmt.Errorf("the connection ended: %s", strings.TrimSpace(problems.String()))
	case strings.Contains(err.Error(), "unable to listen"):
		return fmt.Errorf("%w: %w", errNoListen, err)
	}
	return err
}

// leads says that a forward leads to a Pod now.
func (u update) leads(pod string, local uint16) {
	u(func(f *forward) {
		if f.pod != "" {
			f.again++
		}
		f.pod, f.local, f.state, f.err = pod, local, listening, nil
	})
}
