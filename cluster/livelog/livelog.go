// Package livelog follows the logs of several containers at once, for a screen.
//
// It guarantees:
//
//   - Pods that come to match the query, such as those of a rollout, join as soon as their containers run, a container that
//     restarts goes on as a new source, and a lost connection is taken up again without repeating or losing lines.
//   - What was logged before Open is sorted by time over all containers; later lines are in order of arrival.
//   - Memory is bounded: beyond the limit the oldest lines go, and are counted in Snapshot.Dropped. Nothing else is dropped:
//     a slow reader slows the server, not the other way round.
//   - A Snapshot is immutable and costs a copy of a slice of pointers at most.
package livelog

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// DefaultMaxBytes is how much a Log keeps where the query does not say: about a million lines of a hundred bytes.
const DefaultMaxBytes = 128 << 20

// Query says whose logs to follow, and from where.
type Query struct {
	// Namespace is empty for all namespaces.
	Namespace string
	// LabelSelector and FieldSelector choose Pods, in kubectl's syntax. Both empty: every Pod of the namespace.
	LabelSelector, FieldSelector string
	// Pods are the only ones wanted of those; empty for all of them.
	Pods []types.NamespacedName
	// Container is the name of one container; empty for all, init and ephemeral containers included.
	Container string
	// Previous shows the instance before the last restart, as kubectl logs -p does, and follows nothing.
	Previous bool
	// Tail is how many lines of each container there are to begin with; 0 is all that the nodes have.
	Tail int64
	// Since leaves out what is older at the start; 0 is everything.
	Since time.Duration
	// MaxBytes bounds the memory; 0 is DefaultMaxBytes.
	MaxBytes int
}

// Line is one line of a log. Text must not be changed.
type Line struct {
	// Time is when the container runtime read the line, zero where a node's error takes the place of a line.
	Time   time.Time
	Source *Source
	Text   []byte
}

// Source is one instance of a container: a restart makes a new one.
type Source struct {
	Namespace, Pod string
	PodUID         types.UID
	Container      string
	Node           string
	// Instance is the restart count.
	Instance int32

	id        uint32
	runtimeID string // the runtime's container ID
	joined    bool   // it came after Open: all of its log is wanted
}

// State is what a source is doing.
type State string

// The states of a source.
const (
	Reading   State = "reading"
	Ended     State = "ended"     // the container has stopped and all of its log is here
	Retrying  State = "retrying"  // the connection was lost
	Forbidden State = "forbidden" // the user may not read it; it is not tried again
)

// SourceStatus is a source and what it is doing.
type SourceStatus struct {
	*Source
	State   State
	Message string
	// Lines is how many came from it, dropped ones included.
	Lines uint64
}

// Snapshot is the log at one moment. It is immutable.
type Snapshot struct {
	// Dropped is how many lines went to keep within the limit. The first line of the Snapshot has this number.
	Dropped uint64
	// Sources are in order of appearance.
	Sources []SourceStatus
	// Synced says that what was logged before Open is here.
	Synced bool
	// Err says why new Pods may be missing: listing or watching them failed and is being retried.
	Err error

	pages   []*page
	starts  []int // of each page, counted from the first line
	n       int
	sources []*Source
}

// Log follows logs. It is safe for use by several goroutines.
type Log struct {
	m      *manager
	cancel context.CancelFunc
	done   chan struct{}
}

// Open starts to read. It never blocks; what goes wrong shows in the Snapshot and is retried. It ends with Close or ctx.
func Open(ctx context.Context, c *cluster.Cluster, q Query) *Log {
	ctx, cancel := context.WithCancel(ctx)
	l := &Log{m: newManager(c, q), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.m.run(ctx)
	}()
	return l
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (l *Log) Changed() <-chan struct{} { return l.m.changed }

// Snapshot is the log now.
func (l *Log) Snapshot() *Snapshot { return l.m.snapshot() }

// Clear drops all lines, without counting them as dropped.
func (l *Log) Clear() { l.m.clear() }

// Close stops reading, and waits for that. The last Snapshot remains.
func (l *Log) Close() {
	l.cancel()
	<-l.done
}

// For makes the query for an object: a Pod, or anything with a selector (Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, Service).
func For(ctx context.Context, c *cluster.Cluster, ref change.Ref) (Query, error) {
	q := Query{Namespace: ref.Namespace}
	switch {
	case ref.Resource.Group == "" && ref.Resource.Resource == "pods":
		q.FieldSelector = "metadata.name=" + ref.Name
		return q, nil
	case ref.Resource.Group == "" && ref.Resource.Resource == "nodes":
		q.FieldSelector = "spec.nodeName=" + ref.Name
		return q, nil
	}
	o, err := change.Get(ctx, c, ref)
	if err != nil {
		return q, err
	}
	q.LabelSelector, err = selectorOf(o)
	if err != nil {
		return q, fmt.Errorf("logs of %s: %w", ref, err)
	}
	return q, nil
}

func selectorOf(o *unstructured.Unstructured) (string, error) {
	raw, ok, err := unstructured.NestedMap(o.Object, "spec", "selector")
	if err != nil || !ok || len(raw) == 0 {
		return "", fmt.Errorf("%s has no selector for Pods", o.GetKind())
	}
	if _, labelled := raw["matchLabels"]; !labelled && raw["matchExpressions"] == nil {
		set, _, err := unstructured.NestedStringMap(o.Object, "spec", "selector") // a Service's, a ReplicationController's
		return labels.SelectorFromSet(set).String(), err
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &selector); err != nil {
		return "", err
	}
	s, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		return "", err
	}
	return s.String(), nil
}

// containersOf are the statuses of the containers that the query wants, in the order in which they start.
func (q Query) containersOf(pod *corev1.Pod) []*corev1.ContainerStatus {
	if len(q.Pods) > 0 && !slices.Contains(q.Pods, types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}) {
		return nil
	}
	var out []*corev1.ContainerStatus
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses} {
		for i := range list {
			if q.Container == "" || list[i].Name == q.Container {
				out = append(out, &list[i])
			}
		}
	}
	return out
}
