package drain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/change"
)

// State is how far one Pod is.
type State string

// The states of a Pod in a drain, in order.
const (
	Waiting State = "waiting" // its turn has not come
	Held    State = "held"    // a PodDisruptionBudget forbids its eviction for now
	Leaving State = "leaving" // evicted, its containers are stopping
	Gone    State = "gone"
	Failed  State = "failed"
)

// Pod is one Pod of a drain.
type Pod struct {
	Ref   change.Ref
	State State
	// Message says why it is held or failed.
	Message string
}

// parallel is how many Pods leave at once.
const parallel = 16

// Run is a drain under way. It is safe for use by several goroutines.
type Run struct {
	changed chan struct{}
	done    chan struct{}
	cancel  context.CancelFunc

	mu   sync.Mutex
	pods []Pod
	err  error
}

// Start begins a drain: the node is cordoned first, then its Pods are evicted, several at once; what a budget holds, or a server that
// does not answer, is tried again every 5 s.
// It goes on until all are gone, one fails for good, Stop or the end of ctx.
func Start(ctx context.Context, c *cluster.Cluster, door *change.Door, p *Plan) *Run {
	ctx, cancel := context.WithCancel(ctx)
	r := &Run{changed: make(chan struct{}, 1), done: make(chan struct{}), cancel: cancel}
	for _, e := range p.Evictions {
		r.pods = append(r.pods, Pod{Ref: e.Ref, State: Waiting})
	}
	go func() {
		defer close(r.done)
		defer cancel()
		err := r.run(ctx, c, door, p)
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
		r.signal()
	}()
	return r
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (r *Run) Changed() <-chan struct{} { return r.changed }

// Done is closed when the drain has ended; Err then says how.
func (r *Run) Done() <-chan struct{} { return r.done }

// Pods are the Pods of the drain as they are now.
func (r *Run) Pods() []Pod {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.pods)
}

// Err is nil while the drain runs, and after it succeeded.
func (r *Run) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Stop ends the drain and waits for that. Pods that are leaving go on to leave, and the node stays cordoned.
func (r *Run) Stop() {
	r.cancel()
	<-r.done
}

func (r *Run) signal() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *Run) set(i int, s State, message string) {
	r.mu.Lock()
	r.pods[i].State, r.pods[i].Message = s, message
	r.mu.Unlock()
	r.signal()
}

func (r *Run) run(ctx context.Context, c *cluster.Cluster, door *change.Door, p *Plan) error {
	if p.Cordon != nil {
		if _, err := door.Apply(ctx, p.Cordon); err != nil {
			return err
		}
	}
	slots := make(chan struct{}, parallel)
	errs := make([]error, len(p.Evictions))
	var all sync.WaitGroup
	for i, e := range p.Evictions {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if errs[i] = r.evict(ctx, c, door, e, i); errs[i] != nil {
				r.set(i, Failed, errs[i].Error())
			} else {
				r.set(i, Gone, "")
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// evict evicts one Pod and waits until it is gone.
func (r *Run) evict(ctx context.Context, c *cluster.Cluster, door *change.Door, p *change.Plan, i int) error {
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_, err := door.Apply(ctx, p)
		switch {
		case err == nil:
			r.set(i, Leaving, "")
			return gone(ctx, c, p.Ref)
		case errors.Is(err, change.ErrConflict):
			return nil // it is gone, or another one has its name
		case ctx.Err() != nil:
			return ctx.Err()
		case apierrors.IsTooManyRequests(err):
			r.set(i, Held, held(err))
		case unanswered(err):
			r.set(i, Held, again("the API server does not answer: "+err.Error()))
		default:
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// unanswered says that a request may do better later: the server could not be reached, or was not up to it.
func unanswered(err error) bool {
	var network net.Error
	return errors.As(err, &network) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err)
}

func again(text string) string {
	return fmt.Sprintf("%s; it is tried again every %s", strings.TrimSuffix(text, "."), retryEvery)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(retryEvery):
		return nil
	}
}

// held are the server's words on a budget: which one, and what it needs.
func held(err error) string {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) {
		return err.Error()
	}
	text := status.Status().Message
	if d := status.Status().Details; d != nil {
		for _, cause := range d.Causes {
			if cause.Type == policyv1.DisruptionBudgetCause {
				text = cause.Message
			}
		}
	}
	return again(text)
}

// gone waits until the Pod does not exist any more, by watching it; a watch that ends is begun again.
func gone(ctx context.Context, c *cluster.Cluster, ref change.Ref) error {
	pods, only := c.Kubernetes().CoreV1().Pods(ref.Namespace), "metadata.name="+ref.Name
	for {
		list, err := pods.List(ctx, metav1.ListOptions{FieldSelector: only})
		if err == nil && (len(list.Items) == 0 || list.Items[0].UID != ref.UID) {
			return nil
		}
		var w watch.Interface
		if err == nil { // from the list and not from the Pod, which may have changed last before what the server remembers
			w, err = pods.Watch(ctx, metav1.ListOptions{FieldSelector: only, ResourceVersion: list.ResourceVersion})
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && unanswered(err):
			if err := pause(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("%s was evicted, and whether it is gone is not known: %w", ref, err)
		}
		left := watchUntilGone(ctx, w, ref)
		w.Stop()
		if left {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func watchUntilGone(ctx context.Context, w watch.Interface, ref change.Ref) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case e, ok := <-w.ResultChan():
			if !ok || e.Type == watch.Error {
				return false
			}
			if pod, is := e.Object.(*corev1.Pod); is && pod.UID == ref.UID && e.Type == watch.Deleted {
				return true
			}
		}
	}
}
