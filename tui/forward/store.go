package forward

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

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
	failed
)

// forward is one local port that leads to a port of a Pod. Only the store changes it.
type forward struct {
	id            int
	pod           screen.Object
	local, remote uint16 // local is 0 until a free one is found
	state         state
	err           error
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
func (st *store) open(pod screen.Object, local, remote uint16, now time.Time) {
	ctx, cancel := context.WithCancel(st.life())
	st.mu.Lock()
	st.last++
	f := &forward{id: st.last, pod: pod, local: local, remote: remote, since: now, stop: cancel}
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

// run forwards until ctx ends or the connection is lost.
func (st *store) run(ctx context.Context, f *forward) {
	dialer, err := remote.DialPorts(st.cluster, f.pod.Namespace, f.pod.Name)
	if err != nil {
		st.set(f, failed, 0, err)
		return
	}
	ready := make(chan struct{})
	var errors bytes.Buffer
	fw, err := portforward.NewForStreaming(dialer, []string{fmt.Sprintf("%d:%d", f.local, f.remote)}, ctx.Done(), ready, &bytes.Buffer{}, &errors)
	if err != nil {
		st.set(f, failed, 0, err)
		return
	}
	go func() {
		select {
		case <-ready:
		case <-ctx.Done():
			return
		}
		if ports, err := fw.GetPorts(); err == nil && len(ports) > 0 {
			st.set(f, listening, ports[0].Local, nil)
		}
	}()
	err = fw.ForwardPorts()
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = fmt.Errorf("the connection ended: %s", strings.TrimSpace(errors.String()))
	}
	st.set(f, failed, 0, err)
}
