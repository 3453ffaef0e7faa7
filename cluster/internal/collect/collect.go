// Package collect keeps the objects of one list and watch in memory, for the packages under cluster that show them live.
package collect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Collection is the objects of one list and watch. It implements cache.ReflectorStore. Several of them may share a lock, which
// readers of Items, Synced and Err hold.
type Collection[T metav1.Object] struct {
	// Items are the objects by UID, without their managedFields.
	Items map[types.UID]T
	// Synced says that a list was complete once.
	Synced bool
	// Err says why Items may be old: the last list or watch failed and is being retried. Nil when all is well.
	Err error

	name    string
	keep    func(T) bool
	lock    *sync.Mutex
	changed func()
}

// New makes a Collection. name is for error messages. keep says which objects to hold, nil for all. changed is called after each change,
// with the lock held.
func New[T metav1.Object](name string, lock *sync.Mutex, changed func(), keep func(T) bool) *Collection[T] {
	return &Collection[T]{Items: map[types.UID]T{}, name: name, keep: keep, lock: lock, changed: changed}
}

// Add is called by the reflector for a new object.
func (c *Collection[T]) Add(obj any) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.put(obj)
	return nil
}

// Update is called by the reflector for a changed object.
func (c *Collection[T]) Update(obj any) error { return c.Add(obj) }

func (c *Collection[T]) put(obj any) {
	o, ok := obj.(T)
	if !ok || c.keep != nil && !c.keep(o) {
		return
	}
	o.SetManagedFields(nil)
	c.Items[o.GetUID()] = o
	c.changed()
}

// Delete is called by the reflector for an object that is gone.
func (c *Collection[T]) Delete(obj any) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if o, err := meta.Accessor(obj); err == nil {
		delete(c.Items, o.GetUID())
		c.changed()
	}
	return nil
}

// Replace is called by the reflector with a complete list.
func (c *Collection[T]) Replace(list []any, _ string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	clear(c.Items)
	for _, obj := range list {
		c.put(obj)
	}
	c.Synced = true
	c.changed()
	return nil
}

// Resync does nothing: a collection has nobody to tell again.
func (c *Collection[T]) Resync() error { return nil }

func (c *Collection[T]) failed(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.Err == nil && err == nil {
		return
	}
	if c.Err = nil; err != nil {
		c.Err = fmt.Errorf("%s: %w", c.name, err)
	}
	c.changed()
}

// Run keeps the collection current until ctx ends.
func (c *Collection[T]) Run(ctx context.Context, example any, lw *cache.ListWatch) {
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
		Name:    "podarium " + c.name,
		Backoff: &wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 3 * time.Second},
	}).RunWithContext(ctx)
}

// ListWatch adapts a client's List and Watch, with a selector on both.
func ListWatch[L runtime.Object](
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
