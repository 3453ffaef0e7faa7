package rollout

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/podarium/podarium/cluster"
)

// collection is the objects of one list and watch. It implements cache.ReflectorStore; all collections of a Live share its lock.
type collection[T metav1.Object] struct {
	name    string
	keep    func(T) bool // nil keeps all
	lock    *sync.Mutex
	changed func() // called with the lock held
	items   map[types.UID]T
	synced  bool
	err     error
}

func newCollection[T metav1.Object](s *state, name string, keep func(T) bool) *collection[T] {
	return &collection[T]{name: name, keep: keep, lock: &s.mu, changed: s.touch, items: map[types.UID]T{}}
}

// Add is called by the reflector for a new object.
func (c *collection[T]) Add(obj any) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.put(obj)
	return nil
}

// Update is called by the reflector for a changed object.
func (c *collection[T]) Update(obj any) error { return c.Add(obj) }

func (c *collection[T]) put(obj any) {
	o, ok := obj.(T)
	if !ok || c.keep != nil && !c.keep(o) {
		return
	}
	o.SetManagedFields(nil)
	c.items[o.GetUID()] = o
	c.changed()
}

// Delete is called by the reflector for an object that is gone.
func (c *collection[T]) Delete(obj any) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if o, err := meta.Accessor(obj); err == nil {
		delete(c.items, o.GetUID())
		c.changed()
	}
	return nil
}

// Replace is called by the reflector with a complete list.
func (c *collection[T]) Replace(list []any, _ string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	clear(c.items)
	for _, obj := range list {
		c.put(obj)
	}
	c.synced = true
	c.changed()
	return nil
}

// Resync does nothing: a collection has nobody to tell again.
func (c *collection[T]) Resync() error { return nil }

func (c *collection[T]) failed(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.err == nil && err == nil {
		return
	}
	if c.err = nil; err != nil {
		c.err = fmt.Errorf("%s: %w", c.name, err)
	}
	c.changed()
}

// run keeps the collection current until ctx ends.
func (c *collection[T]) run(ctx context.Context, example any, lw *cache.ListWatch) {
	observed := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := lw.ListWithContextFunc(ctx, o)
			c.failed(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := lw.WatchFuncWithContext(ctx, o)
			if ctx.Err() == nil {
				c.failed(err)
			}
			return w, err
		},
	}
	cache.NewReflectorWithOptions(observed, example, c, cache.ReflectorOptions{
		Name:    "rollout " + c.name,
		Backoff: &wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 3 * time.Second},
	}).RunWithContext(ctx)
}

// listWatch adapts a client's List and Watch, with a selector on both.
func listWatch[L runtime.Object](
	list func(context.Context, metav1.ListOptions) (L, error),
	watchFunc func(context.Context, metav1.ListOptions) (watch.Interface, error),
	selector metav1.ListOptions,
) *cache.ListWatch {
	with := func(o metav1.ListOptions) metav1.ListOptions {
		o.LabelSelector, o.FieldSelector = selector.LabelSelector, selector.FieldSelector
		return o
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return list(ctx, with(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return watchFunc(ctx, with(o))
		},
	}
}

// follow reads the workload, and once its selector is known all that belongs to it, until ctx ends.
func (s *state) follow(ctx context.Context, c *cluster.Cluster) {
	var all sync.WaitGroup
	defer all.Wait()
	workloads := c.Dynamic().Resource(s.ref.Resource).Namespace(s.ref.Namespace)
	all.Go(func() {
		s.workloads.run(ctx, &unstructured.Unstructured{}, listWatch(workloads.List, workloads.Watch,
			metav1.ListOptions{FieldSelector: "metadata.name=" + s.ref.Name}))
	})
	// A workload made anew may select other Pods: then all that belongs to it begins again.
	for parts, stop := (*sync.WaitGroup)(nil), context.CancelFunc(nil); ; {
		var selector string
		select {
		case <-ctx.Done():
		case selector = <-s.selectors:
		}
		if stop != nil {
			stop()
			parts.Wait()
		}
		if ctx.Err() != nil {
			return
		}
		var part context.Context
		part, stop = context.WithCancel(ctx)
		parts = &sync.WaitGroup{}
		s.followParts(part, c, selector, parts)
	}
}

func (s *state) followParts(ctx context.Context, c *cluster.Cluster, selector string, parts *sync.WaitGroup) {
	ns, kube := s.ref.Namespace, c.Kubernetes()
	selected := metav1.ListOptions{LabelSelector: selector}
	parts.Go(func() {
		s.pods.run(ctx, &corev1.Pod{}, listWatch(kube.CoreV1().Pods(ns).List, kube.CoreV1().Pods(ns).Watch, selected))
	})
	parts.Go(func() {
		events := kube.CoreV1().Events(ns)
		s.events.run(ctx, &corev1.Event{}, listWatch(events.List, events.Watch, metav1.ListOptions{FieldSelector: "type=Warning"}))
	})
	parts.Go(func() {
		if s.kind == deployment {
			sets := kube.AppsV1().ReplicaSets(ns)
			s.sets.run(ctx, &appsv1.ReplicaSet{}, listWatch(sets.List, sets.Watch, selected))
			return
		}
		revisions := kube.AppsV1().ControllerRevisions(ns)
		s.histories.run(ctx, &appsv1.ControllerRevision{}, listWatch(revisions.List, revisions.Watch, selected))
	})
}

// aboutUs keeps events on the workload and on what it makes, whose names begin with its own.
func (s *state) aboutUs(e *corev1.Event) bool {
	return strings.HasPrefix(e.InvolvedObject.Name, s.ref.Name)
}
