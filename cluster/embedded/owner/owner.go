// Package owner knows for which component a goroutine works. Components of Kubernetes and etcd share one process and one
// log; each starts hundreds of goroutines, and none of them says whose it is. But every goroutine inherits the profiler's
// labels of the one that started it: what is labelled at the start of a component is labelled throughout, also in CPU
// profiles, where the label is called component.
//
// Caveats: a goroutine that serves several components, such as one of a package started by whoever came first, counts as
// the first one's. Labels that a component sets itself hide its own.
package owner

import (
	"context"
	"runtime/pprof"
	"sync"
	"unsafe"
)

// labels is the goroutine's label set, which is compared and never looked into. The runtime keeps this name and signature
// for packages like this one (runtime/proflabel.go, https://go.dev/issue/67401).
//
//go:linkname labels runtime/pprof.runtime_getProfLabel
func labels() unsafe.Pointer

// Registry is the components of a process. The zero value is ready for use.
type Registry struct {
	names sync.Map // of unsafe.Pointer, a label set, to string
}

// Do runs f, which starts the component of that name. All goroutines that come of it are the component's.
func (r *Registry) Do(ctx context.Context, component string, f func(context.Context)) {
	pprof.Do(ctx, pprof.Labels("component", component), func(ctx context.Context) {
		r.names.Store(labels(), component)
		f(ctx)
	})
}

// Current is the component whose goroutine calls, empty where it is nobody's.
func (r *Registry) Current() string {
	if name, ok := r.names.Load(labels()); ok {
		return name.(string)
	}
	return ""
}
