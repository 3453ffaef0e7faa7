package forward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/remote"
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

// forward is one local port that leads to a port of a Pod, or of whichever Pod of a Service or a workload is ready. Only the store
// changes it.
type forward struct {
	id            int
	target        screen.Object
	local, remote uint16 // local is 0 until a free one is found
	state         state
	err           error
	pod           string // the one that it leads to
	again         int    // how often another Pod, or another connection, took over
	since         time.Time
	stop          context.CancelFunc
}

// store keeps the forwards of a cluster for as long as the UI shows it. It is safe for use by several goroutines.
type store struct {
	life    func() context.Context
	cluster *cluster.Cluster
	changed chan struct{} // capacity 1, never closed

	mu   sync.Mutex
	all  []*forward
	last int
}

type storeKey struct{}

// Start makes the store of a cluster, whose forwards end with the scope. The frame calls it.
func Start(s *screen.Scope) {
	ctx := s.Context()
	screen.Service(s, storeKey{}, func() *store {
		return &store{life: func() context.Context { return ctx }, cluster: s.Cluster(), changed: make(chan struct{}, 1)}
	})
}

// of is the store; one that forwards nothing for long where the frame has not started it.
func of(s *screen.Scope) *store {
	Start(s)
	return screen.Service(s, storeKey{}, func() *store { return nil })
}

// list is a copy of all forwards, oldest first.
func (st *store) list() []forward {
	st.mu.Lock()
	defer st.mu.Unlock()
	out := make([]forward, len(st.all))
	for i, f := range st.all {
		out[i] = *f
	}
	return out
}

// open begins to forward; what comes of it shows in the list.
func (st *store) open(target screen.Object, local, remote uint16, now time.Time) {
	ctx, cancel := context.WithCancel(st.life())
	st.mu.Lock()
	st.last++
	f := &forward{id: st.last, target: target, local: local, remote: remote, since: now, stop: cancel}
	st.all = append(st.all, f)
	st.mu.Unlock()
	go st.run(ctx, f)
}

// close ends a forward and takes it off the list. It returns what it was, for opening it again.
func (st *store) close(id int) (forward, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for i, f := range st.all {
		if f.id == id {
			f.stop()
			st.all = append(st.all[:i:i], st.all[i+1:]...)
			st.touch()
			return *f, true
		}
	}
	return forward{}, false
}

// touch says that something changed. The caller holds mu.
func (st *store) touch() {
	select {
	case st.changed <- struct{}{}:
	default:
	}
}

func (st *store) set(f *forward, to state, local uint16, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	f.state, f.err = to, err
	if local != 0 {
		f.local = local
	}
	st.touch()
}

// Backoff between attempts to find a Pod and to connect to it.
const minBackoff, maxBackoff = 200 * time.Millisecond, 5 * time.Second

// run forwards until ctx ends: where the connection is lost or the Pod goes, to another Pod of the same Service or workload.
func (st *store) run(ctx context.Context, f *forward) {
	src, err := look(ctx, st.cluster, f.target)
	if err != nil {
		st.set(f, failed, 0, err)
		return
	}
	for backoff := minBackoff; ctx.Err() == nil; backoff = min(backoff*2, maxBackoff) {
		pod, port, err := src.pick(ctx, st.cluster, f.target.Namespace, f.remote)
		switch {
		case err == nil:
			began := time.Now()
			if err = st.connect(ctx, f, pod, port); errors.Is(err, errNoListen) {
				st.set(f, failed, 0, err)
				return
			}
			if time.Since(began) > maxBackoff {
				backoff = minBackoff
			}
		case src.selector == nil:
			st.set(f, failed, 0, err)
			return
		}
		if ctx.Err() != nil {
			return
		}
		st.set(f, waiting, 0, err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff):
		}
	}
}

// errNoListen is returned where the local port cannot be had: trying again is of no use.
var errNoListen = errors.New("the local port cannot be had")

// connect forwards to a Pod until it goes or the connection is lost.
func (st *store) connect(ctx context.Context, f *forward, pod *corev1.Pod, port uint16) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dialer, err := remote.DialPorts(st.cluster, pod.Namespace, pod.Name)
	if err != nil {
		return err
	}
	st.mu.Lock()
	local := f.local
	st.mu.Unlock()
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
			st.leads(f, pod.Name, ports[0].Local)
		}
	}()
	gone := make(chan struct{})
	go func() {
		untilGone(ctx, st.cluster, pod)
		close(gone)
		cancel()
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
func (st *store) leads(f *forward, pod string, local uint16) {
	st.mu.Lock()
	if f.pod != "" {
		f.again++
	}
	f.pod = pod
	st.mu.Unlock()
	st.set(f, listening, local, nil)
}
