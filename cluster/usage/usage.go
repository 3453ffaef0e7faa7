// Package usage tells what Pods, their containers and nodes use of CPU and memory, from the metrics API (metrics.k8s.io),
// against what they asked for and are held to.
//
// A Live asks every five seconds, or less often where the answer takes long. A cluster that does not serve the API,
// or an account that may not read it, is no error: Snapshot.Served is false, and it is asked again twice a minute.
package usage

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
)

const (
	every      = 5 * time.Second
	seldom     = 30 * time.Second // while the API is not served, and between lists of what Pods ask for
	askTimeout = 10 * time.Second
	page       = 500
	// share bounds the time that asking takes to a part of all time, however many Pods there are.
	share = 20
	// oneByOne is how many new Pods are read by themselves rather than by a list of all.
	oneByOne = 16
)

// Amount is CPU in thousandths of a core and memory in bytes.
type Amount struct{ CPU, Memory int64 }

func (a Amount) plus(b Amount) Amount { return Amount{a.CPU + b.CPU, a.Memory + b.Memory} }

// Use is what something uses, and against what: for containers and Pods their requests and limits, for nodes what can be
// allocated, as both. What is not set is 0; the limit of a Pod of which a container has none is 0.
type Use struct {
	Used, Request, Limit Amount
	// Containers are a Pod's by name.
	Containers map[string]Use
}

// Snapshot is the usage at one moment. It is immutable.
type Snapshot struct {
	// Served says that the API answered.
	Served bool
	// Of is by namespace and name; nodes have no namespace.
	Of map[types.NamespacedName]Use
}

// Query says whose usage.
type Query struct {
	// Nodes rather than Pods.
	Nodes bool
	// Namespace of the Pods, empty for all. Name of one Pod, empty for all.
	Namespace, Name string
}

// Live keeps a Snapshot. It is safe for use by several goroutines.
type Live struct {
	q       Query
	changed chan struct{} // capacity 1; written by run, never closed
	cancel  context.CancelFunc
	done    chan struct{}

	mu   sync.Mutex
	last *Snapshot

	// Only the goroutine of run uses these: what Pods ask for, and when all were listed.
	needs  map[types.NamespacedName]need
	listed time.Time
}

// need is what one Pod asks for, by container and in all.
type need struct {
	containers map[string]Use
	sum        Use
}

// Watch begins to ask, until Close or the end of ctx. It never blocks.
func Watch(ctx context.Context, c *cluster.Cluster, q Query) *Live {
	ctx, cancel := context.WithCancel(ctx)
	l := &Live{q: q, changed: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}), last: &Snapshot{}, needs: map[types.NamespacedName]need{}}
	go func() {
		defer close(l.done)
		l.run(ctx, c)
	}()
	return l
}

// Changed receives when there is a new Snapshot. It holds at most one value and is never closed.
func (l *Live) Changed() <-chan struct{} { return l.changed }

// Snapshot is the usage now.
func (l *Live) Snapshot() *Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Close ends it, and waits for that.
func (l *Live) Close() {
	l.cancel()
	<-l.done
}

func (l *Live) run(ctx context.Context, c *cluster.Cluster) {
	for {
		began := time.Now()
		s, err := l.ask(ctx, c)
		wait := max(every, share*time.Since(began))
		if err != nil {
			s, wait = &Snapshot{}, seldom
		}
		l.mu.Lock()
		news := s.Served || l.last.Served
		l.last = s
		l.mu.Unlock()
		if news {
			select {
			case l.changed <- struct{}{}:
			default:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// needOf is what a Pod asks for: the sum of its containers, among them the init containers that go on running.
func needOf(pod *corev1.Pod) need {
	n := need{containers: map[string]Use{}}
	cpuLimited, memoryLimited := true, true
	add := func(c *corev1.Container) {
		u := Use{Request: amount(c.Resources.Requests), Limit: amount(c.Resources.Limits)}
		n.containers[c.Name] = u
		n.sum.Request, n.sum.Limit = n.sum.Request.plus(u.Request), n.sum.Limit.plus(u.Limit)
		cpuLimited, memoryLimited = cpuLimited && u.Limit.CPU > 0, memoryLimited && u.Limit.Memory > 0
	}
	for i := range pod.Spec.Containers {
		add(&pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(c)
		}
	}
	if !cpuLimited {
		n.sum.Limit.CPU = 0
	}
	if !memoryLimited {
		n.sum.Limit.Memory = 0
	}
	return n
}

func amount(l corev1.ResourceList) Amount {
	return Amount{CPU: l.Cpu().MilliValue(), Memory: l.Memory().Value()}
}

// CPU is thousandths of a core as kubectl top writes them: 250m.
func CPU(milli int64) string { return fmt.Sprintf("%dm", milli) }

// Memory is bytes as kubectl top writes them: 64Mi; less than one as kibibytes.
func Memory(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%dKi", bytes>>10)
	}
	return fmt.Sprintf("%dMi", bytes>>20)
}
