package livelog

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/internal/collect"
)

const (
	// parallel is how many logs are read at once for the beginning.
	parallel = 16
	// Backoff between attempts to take a log up again.
	minBackoff, maxBackoff = 100 * time.Millisecond, 3 * time.Second
	// patience bounds the wait for the beginning of all logs: the others need not wait for a node that does not answer.
	patience = 3 * time.Second
	// settle is how long a container whose log has ended may still be said to run: what is told of a Pod comes after what happens.
	settle = 5 * time.Second
)

// manager knows the Pods and runs a stream for each container of theirs.
type manager struct {
	q       Query
	kube    kubernetes.Interface
	changed chan struct{} // capacity 1; written by touch, never closed
	wake    chan struct{} // capacity 1; the Pods changed

	mu      sync.Mutex
	moved   chan struct{} // closed and replaced when the Pods change
	pods    *collect.Collection[*corev1.Pod]
	ring    ring
	sources []*Source
	status  []SourceStatus // by Source.id
	known   map[string]*Source
	synced  bool
	dirty   bool
	last    *Snapshot
}

func newManager(c *cluster.Cluster, q Query) *manager {
	if q.MaxBytes <= 0 {
		q.MaxBytes = DefaultMaxBytes
	}
	m := &manager{
		q: q, kube: c.Kubernetes(), changed: make(chan struct{}, 1), wake: make(chan struct{}, 1), moved: make(chan struct{}),
		ring: ring{limit: q.MaxBytes}, known: map[string]*Source{}, last: &Snapshot{},
	}
	m.pods = collect.New[*corev1.Pod]("pods", &m.mu, m.podsChanged, nil)
	return m
}

// podsChanged wakes run. The caller holds mu.
func (m *manager) podsChanged() {
	m.touch()
	close(m.moved)
	m.moved = make(chan struct{})
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// touch marks the log as changed. The caller holds mu.
func (m *manager) touch() {
	m.dirty = true
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

func (m *manager) snapshot() *Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dirty {
		return m.last
	}
	m.dirty = false
	m.last = &Snapshot{Sources: slices.Clone(m.status), Synced: m.synced, Err: m.pods.Err, sources: m.sources[:len(m.sources):len(m.sources)]}
	m.ring.freeze(m.last)
	return m.last
}

func (m *manager) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ring = ring{limit: m.ring.limit}
	m.touch()
}

// run reads what was logged so far, sorted, and then follows every container, until ctx ends.
func (m *manager) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	pods := m.kube.CoreV1().Pods(m.q.Namespace)
	all.Go(func() {
		m.pods.Run(ctx, &corev1.Pod{}, collect.ListWatch(pods.List, pods.Watch,
			metav1.ListOptions{LabelSelector: m.q.LabelSelector, FieldSelector: m.q.FieldSelector}))
	})
	for begun := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		if begun && m.q.Previous {
			continue // what has ended does not grow
		}
		fresh, listed := m.discover()
		if !listed {
			continue
		}
		at := make([]position, len(fresh))
		if !begun {
			fresh, at = m.begin(ctx, fresh)
			begun = true
		}
		for i, s := range fresh {
			all.Go(func() { m.follow(ctx, s, at[i]) })
		}
	}
}

// discover returns the sources that were not there before, and whether the Pods are listed at all.
func (m *manager) discover() (fresh []*Source, listed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.pods.Synced {
		return nil, false
	}
	pods := make([]*corev1.Pod, 0, len(m.pods.Items))
	for _, p := range m.pods.Items {
		pods = append(pods, p)
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range pods {
		for _, c := range m.q.containersOf(p) {
			if s := m.source(p, c); s != nil {
				fresh = append(fresh, s)
			}
		}
	}
	return fresh, true
}

// source makes a source of a container that has a log, nil where it has none yet or is known. The caller holds mu.
func (m *manager) source(p *corev1.Pod, c *corev1.ContainerStatus) *Source {
	id, instance := c.ContainerID, c.RestartCount
	if m.q.Previous {
		if c.LastTerminationState.Terminated == nil {
			return nil
		}
		id, instance = c.LastTerminationState.Terminated.ContainerID, instance-1
	}
	if id == "" || !m.q.Previous && c.State.Running == nil && c.State.Terminated == nil && c.LastTerminationState.Terminated == nil {
		return nil
	}
	key := string(p.UID) + "/" + c.Name + "/" + id
	if m.known[key] != nil {
		return nil
	}
	s := &Source{
		Namespace: p.Namespace, Pod: p.Name, PodUID: p.UID, Container: c.Name, Node: p.Spec.NodeName, Instance: instance,
		id: uint32(len(m.sources)), runtimeID: id, joined: m.synced,
	}
	m.known[key] = s
	m.sources = append(m.sources, s)
	m.status = append(m.status, SourceStatus{Source: s, State: Reading})
	m.touch()
	return s
}

// begin reads what the sources logged so far and merges it by time. It returns those that are to be read on, and from where.
func (m *manager) begin(ctx context.Context, sources []*Source) (rest []*Source, from []position) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rings, at, over := make([]ring, len(sources)), make([]position, len(sources)), make([]bool, len(sources))
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, s := range sources {
		rings[i].limit = max(m.q.MaxBytes/len(sources), 2*(pageText+24*pageLines))
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			r := newResume(position{})
			err := m.read(ctx, s, m.options(s, position{}, false), func(nanos int64, text []byte) {
				r.isNew(nanos)
				rings[i].append(s.id, nanos, text)
			})
			at[i] = r.position
			late := ctx.Err() != nil // it takes longer than patience, which is no error
			over[i] = m.q.Previous && !late
			if over[i] || err != nil && !late {
				m.say(s, stateAfter(err), err)
			}
		})
	}
	all.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range rings {
		m.ring.dropped += rings[i].dropped
		m.status[sources[i].id].Lines += rings[i].dropped
	}
	merge(rings, func(e entry, text []byte) {
		m.ring.append(e.source, e.nanos, text)
		m.status[e.source].Lines++
	})
	m.synced = true
	m.touch()
	for i, s := range sources {
		if !over[i] {
			rest, from = append(rest, s), append(from, at[i])
		}
	}
	return rest, from
}

// merge calls line for the lines of all rings, by time; each ring is in order already.
func merge(rings []ring, line func(entry, []byte)) {
	var snaps []*Snapshot
	for i := range rings {
		s := &Snapshot{}
		rings[i].freeze(s)
		snaps = append(snaps, s)
	}
	type cursor struct{ page, entry int }
	cursors := make([]cursor, len(snaps))
	for {
		best, bestNanos := -1, int64(0)
		for i, s := range snaps {
			if c := cursors[i]; c.page < len(s.pages) {
				if n := s.pages[c.page].entries[c.entry].nanos; best < 0 || n < bestNanos {
					best, bestNanos = i, n
				}
			}
		}
		if best < 0 {
			return
		}
		c := &cursors[best]
		p := snaps[best].pages[c.page]
		e := p.entries[c.entry]
		line(e, p.text[e.start:e.end])
		if c.entry++; c.entry == len(p.entries) {
			c.page, c.entry = c.page+1, 0
		}
	}
}

// follow reads a source until its container has ended, taking it up again where the connection is lost.
func (m *manager) follow(ctx context.Context, s *Source, at position) {
	backoff := minBackoff
	for {
		if !m.q.Previous && !m.isNewest(s) { // a log is asked for by the container's name, and would be the next instance's
			m.say(s, Ended, nil)
			return
		}
		r := newResume(at)
		asked := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(w httptrace.WroteRequestInfo) {
			if w.Err == nil { // the answer begins with the next line only, which may be long in coming
				m.say(s, Reading, nil)
			}
		}})
		err := m.read(asked, s, m.options(s, at, !m.q.Previous), func(nanos int64, text []byte) {
			if !r.isNew(nanos) {
				return
			}
			backoff = minBackoff
			m.mu.Lock()
			defer m.mu.Unlock()
			m.ring.append(s.id, nanos, text)
			m.status[s.id].Lines++
			m.touch()
		})
		at = r.position
		if ctx.Err() != nil {
			return
		}
		state := stateAfter(err)
		if state == Ended && m.goesOn(ctx, s) {
			state = Retrying
		}
		if m.say(s, state, err); state != Retrying {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backoff):
		}
		backoff = min(backoff*2, maxBackoff)
	}
}

// stateAfter is what becomes of a source when its stream ended with err.
func stateAfter(err error) State {
	var node nodeError
	switch {
	case err == nil, errors.As(err, &node), apierrors.IsNotFound(err), apierrors.IsBadRequest(err): // the Pod is gone, or this instance of its container is
		return Ended
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return Forbidden
	}
	return Retrying
}

func (m *manager) say(s *Source, state State, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := &m.status[s.id]
	st.State, st.Message = state, ""
	if err != nil && !(state == Ended && apierrors.IsNotFound(err)) {
		st.Message = err.Error()
	}
	m.touch()
}

// isNewest says whether the container has not been restarted since the source was made.
func (m *manager) isNewest(s *Source) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.containerOf(s)
	return c == nil || c.ContainerID == s.runtimeID
}

// goesOn says whether the container of a source runs although its log has ended, as it does where a server in between has gone.
// A Pod that tells so may be late: who read on at once would be given the next instance's log.
func (m *manager) goesOn(ctx context.Context, s *Source) bool {
	limit := time.NewTimer(settle)
	defer limit.Stop()
	for {
		m.mu.Lock()
		c, moved := m.containerOf(s), m.moved
		m.mu.Unlock()
		if c == nil || c.ContainerID != s.runtimeID || c.State.Running == nil {
			return false
		}
		select {
		case <-moved:
		case <-limit.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// containerOf is the status of the container of a source, nil where the Pod is gone. The caller holds mu.
func (m *manager) containerOf(s *Source) *corev1.ContainerStatus {
	if p := m.pods.Items[s.PodUID]; p != nil {
		for _, c := range m.q.containersOf(p) {
			if c.Name == s.Container {
				return c
			}
		}
	}
	return nil
}

// options asks for a log from a position on: the server counts in whole seconds, resume skips what was read.
func (m *manager) options(s *Source, at position, follow bool) *corev1.PodLogOptions {
	o := &corev1.PodLogOptions{Container: s.Container, Timestamps: true, Follow: follow, Previous: m.q.Previous}
	switch {
	case at.count > 0:
		t := metav1.NewTime(time.Unix(0, at.nanos).Truncate(time.Second))
		o.SinceTime = &t
	case !s.joined:
		if m.q.Tail > 0 {
			o.TailLines = &m.q.Tail
		}
		if m.q.Since > 0 {
			seconds := max(int64(m.q.Since/time.Second), 1)
			o.SinceSeconds = &seconds
		}
	}
	return o
}

func (m *manager) read(ctx context.Context, s *Source, o *corev1.PodLogOptions, line func(int64, []byte)) error {
	body, err := m.kube.CoreV1().Pods(s.Namespace).GetLogs(s.Pod, o).Stream(ctx)
	if err != nil {
		return fmt.Errorf("logs of %s/%s: %w", s.Pod, s.Container, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = body.Close() }) // a read that waits for the next line ends with ctx
	defer stop()
	defer body.Close()
	return readLines(body, line)
}
