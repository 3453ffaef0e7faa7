package rollout

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/internal/collect"
)

// maxDetails is how many workloads a List follows with all that belongs to them. Of more that are on their way at once,
// the others are known by their own status only.
const maxDetails = 16

// settle is how long a List gathers changes before it looks at them, so that a storm of events costs little.
const settle = 50 * time.Millisecond

// kinds are the workloads that have rollouts.
var kinds = []struct{ resource, kind string }{{"deployments", "Deployment"}, {"statefulsets", "StatefulSet"}, {"daemonsets", "DaemonSet"}}

// Summary is the rollouts of many workloads at one moment. It is immutable.
type Summary struct {
	// Rollouts are in the order of namespace, name and kind. Those that are done, and those beyond the first 16 that are not,
	// have no Revisions, Pods and Waiting. One whose workload did not change keeps its pointer.
	Rollouts []*Progress
	// Synced says that all workloads were read once.
	Synced bool
	// Err says why this may be old: a list or watch failed and is being retried.
	Err error
}

// List follows the rollouts of all workloads of a namespace. It is safe for use by several goroutines.
type List struct {
	changed chan struct{} // capacity 1; written by publish, never closed
	wake    chan struct{} // capacity 1; written when a workload changed, or a rollout that is followed
	cancel  context.CancelFunc
	done    chan struct{}

	mu          sync.Mutex // guards what the collections hold, and last
	collections []*collect.Collection[*unstructured.Unstructured]
	last        *Summary

	// Only the goroutine of run uses these.
	briefs  map[types.UID]*Progress
	details map[types.UID]*Live
}

// WatchAll follows every Deployment, StatefulSet and DaemonSet of a namespace, or of all where it is empty: each by its
// own status, and those that are not done with their Pods and what these wait for. It never blocks; what goes wrong is
// in Summary.Err and is retried. It ends with Close or ctx.
func WatchAll(ctx context.Context, c *cluster.Cluster, namespace string) *List {
	ctx, cancel := context.WithCancel(ctx)
	l := &List{
		changed: make(chan struct{}, 1), wake: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}), last: &Summary{},
		briefs: map[types.UID]*Progress{}, details: map[types.UID]*Live{},
	}
	for _, k := range kinds {
		l.collections = append(l.collections, collect.New[*unstructured.Unstructured](k.resource, &l.mu, func() { signal(l.wake) }, nil))
	}
	go func() {
		defer close(l.done)
		l.run(ctx, c, namespace)
	}()
	return l
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (l *List) Changed() <-chan struct{} { return l.changed }

// Snapshot is the rollouts now. It costs nothing.
func (l *List) Snapshot() *Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Close stops following, and waits for that. The last Snapshot remains.
func (l *List) Close() {
	l.cancel()
	<-l.done
}

func (l *List) run(ctx context.Context, c *cluster.Cluster, namespace string) {
	var all sync.WaitGroup
	defer all.Wait()
	for i, k := range kinds {
		client := c.Dynamic().Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: k.resource}).Namespace(namespace)
		all.Go(func() {
			l.collections[i].Run(ctx, &unstructured.Unstructured{}, collect.ListWatch(client.List, client.Watch, metav1.ListOptions{}))
		})
	}
	for {
		select {
		case <-ctx.Done():
			for _, d := range l.details {
				d.Close()
			}
			return
		case <-l.wake:
		}
		l.publish(l.gather())
		l.follow(ctx, c)
		l.publish(l.withDetails())
		select { // what comes in the meantime is looked at once
		case <-ctx.Done():
		case <-time.After(settle):
		}
	}
}

// gather makes the briefs anew of those workloads that changed.
func (l *List) gather() *Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := make(map[types.UID]*Progress, len(l.briefs))
	s := &Summary{Synced: true}
	for i, col := range l.collections {
		s.Synced = s.Synced && col.Synced
		s.Err = cmp.Or(s.Err, col.Err)
		for uid, u := range col.Items {
			p := l.briefs[uid]
			if p == nil || p.Ref.ResourceVersion != u.GetResourceVersion() {
				p = brief(u, kinds[i].resource, kinds[i].kind)
			}
			now[uid] = p
			s.Rollouts = append(s.Rollouts, p)
		}
	}
	l.briefs = now
	slices.SortFunc(s.Rollouts, func(a, b *Progress) int {
		return cmp.Or(strings.Compare(a.Ref.Namespace, b.Ref.Namespace), strings.Compare(a.Ref.Name, b.Ref.Name), strings.Compare(a.Ref.Kind, b.Ref.Kind))
	})
	l.overlay(s)
	return s
}

// withDetails is the summary again, after it was decided what is followed.
func (l *List) withDetails() *Summary {
	s := *l.Snapshot()
	s.Rollouts = slices.Clone(s.Rollouts)
	l.overlay(&s)
	return &s
}

// overlay puts what is known in detail in the place of what is known by a workload's status.
func (l *List) overlay(s *Summary) {
	for i, p := range s.Rollouts {
		if d := l.details[p.Ref.UID]; d != nil {
			if detail := d.Snapshot(); detail.Synced && !detail.Gone && detail.Ref.UID == p.Ref.UID {
				s.Rollouts[i] = detail
			}
		}
	}
}

// follow begins to follow what is not done, and ends for what is.
func (l *List) follow(ctx context.Context, c *cluster.Cluster) {
	for uid, d := range l.details {
		if p := l.briefs[uid]; p == nil || p.Done {
			d.Close()
			delete(l.details, uid)
		}
	}
	for _, p := range l.Snapshot().Rollouts {
		if len(l.details) == maxDetails {
			return
		}
		if p.Done || l.details[p.Ref.UID] != nil {
			continue
		}
		d := Watch(ctx, c, change.Ref{Resource: p.Ref.Resource, Kind: p.Ref.Kind, Namespace: p.Ref.Namespace, Name: p.Ref.Name})
		l.details[p.Ref.UID] = d
		go func() {
			for {
				select {
				case <-d.Changed():
					signal(l.wake)
				case <-d.done:
					return
				}
			}
		}()
	}
}

func (l *List) publish(s *Summary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.Synced == s.Synced && errors.Is(s.Err, l.last.Err) && slices.Equal(l.last.Rollouts, s.Rollouts) {
		return
	}
	l.last = s
	signal(l.changed)
}

// brief is what a workload says of itself.
func brief(u *unstructured.Unstructured, resource, kind string) *Progress {
	p := &Progress{Ref: change.Ref{
		Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}, Kind: kind,
		Namespace: u.GetNamespace(), Name: u.GetName(), UID: u.GetUID(), ResourceVersion: u.GetResourceVersion(),
	}}
	w, err := newWorkload(kindOf(p.Ref), u)
	if err != nil {
		p.Err = err
		return p
	}
	p.Synced = true
	w.fill(p)
	p.kubectlStatus(u)
	return p
}
