package logs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/podarium/podarium/cluster"
)

// Bounds of the store: how many lines it keeps, and how long one may be.
const (
	maxLines = 100_000
	maxWidth = 16 << 10
)

// line is one line of a log.
type line struct {
	source *stream
	at     time.Time
	text   string
	// notice says that the line is ours: a stream that began or ended.
	notice bool
}

// stream is the log of one container from one start of it on.
type stream struct {
	pod, container string
	n              int // the how-manieth Pod: it gives the colour
}

// query says whose logs are read.
type query struct {
	namespace string
	labels    string // or
	field     string
	container string // empty for all
	previous  bool
	tail      int64 // lines of each container to begin with; -1 for all
	since     time.Duration
}

// store reads the logs of all containers that a query finds, also of Pods that come later, and keeps the newest lines.
// What it had to let go it counts. It is safe for use by several goroutines.
type store struct {
	changed chan struct{} // capacity 1, never closed

	mu      sync.Mutex
	lines   []line
	dropped int
	streams map[string]*stream // by Pod UID, container and start
	pods    map[string]int
	open    int
	err     error
}

func newStore() *store {
	return &store{changed: make(chan struct{}, 1), streams: map[string]*stream{}, pods: map[string]int{}}
}

// snapshot is the lines there are, oldest first, how many were let go, how many streams are open, and of how many
// Pods there were any. The slice is the
// store's own: lines in it never change, and it only grows at its end or is replaced.
func (s *store) snapshot() (lines []line, dropped, open, pods int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[:len(s.lines):len(s.lines)], s.dropped, s.open, len(s.pods), s.err
}

func (s *store) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = nil
	s.touch()
}

// touch says that something changed. The caller holds mu.
func (s *store) touch() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *store) add(l line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, l)
	if len(s.lines) > maxLines+maxLines/10 { // a tenth at a time: each line is copied at most eleven times less often
		cut := len(s.lines) - maxLines
		s.lines = append([]line(nil), s.lines[cut:]...)
		s.dropped += cut
	}
	s.touch()
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	s.touch()
}

// run follows the Pods of the query and reads each of their containers, until ctx ends.
func (s *store) run(ctx context.Context, c *cluster.Cluster, q query) {
	client := c.Kubernetes().CoreV1().Pods(q.namespace)
	options := func(o *metav1.ListOptions) { o.LabelSelector, o.FieldSelector = q.labels, q.field }
	see := func(o any) {
		if pod, ok := o.(*corev1.Pod); ok {
			s.see(ctx, c, q, pod)
		}
	}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				options(&o)
				l, err := client.List(ctx, o)
				s.fail(err)
				return l, err
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				options(&o)
				return client.Watch(ctx, o)
			},
		},
		ObjectType: &corev1.Pod{},
		Handler:    cache.ResourceEventHandlerFuncs{AddFunc: see, UpdateFunc: func(_, o any) { see(o) }},
	})
	informer.RunWithContext(ctx)
}

// see begins to read the containers of a Pod that have started since it was last seen.
func (s *store) see(ctx context.Context, c *cluster.Cluster, q query, pod *corev1.Pod) {
	statuses := append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
	for _, st := range statuses {
		if q.container != "" && st.Name != q.container {
			continue
		}
		started := st.State.Running != nil || st.State.Terminated != nil
		if q.previous {
			started = st.RestartCount > 0
		}
		if !started {
			continue
		}
		id := string(pod.UID) + "/" + st.Name + "/" + st.ContainerID
		s.mu.Lock()
		if _, ok := s.streams[id]; ok {
			s.mu.Unlock()
			continue
		}
		again := false
		for other := range s.streams {
			if strings.HasPrefix(other, string(pod.UID)+"/"+st.Name+"/") {
				again = true
			}
		}
		n, ok := s.pods[pod.Name]
		if !ok {
			n = len(s.pods)
			s.pods[pod.Name] = n
		}
		str := &stream{pod: pod.Name, container: st.Name, n: n}
		s.streams[id] = str
		s.mu.Unlock()
		go s.read(ctx, c, q, pod.Namespace, str, again)
	}
}

// read reads one stream to its end.
func (s *store) read(ctx context.Context, c *cluster.Cluster, q query, namespace string, str *stream, again bool) {
	o := &corev1.PodLogOptions{Container: str.container, Follow: !q.previous, Previous: q.previous, Timestamps: true}
	switch {
	case again: // it was restarted: all of the new run
	case q.since > 0:
		seconds := int64(q.since.Seconds())
		o.SinceSeconds = &seconds
	case q.tail >= 0:
		o.TailLines = &q.tail
	}
	s.count(+1)
	defer s.count(-1)
	body, err := c.Kubernetes().CoreV1().Pods(namespace).GetLogs(str.pod, o).Stream(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.add(line{source: str, at: time.Now(), text: fmt.Sprintf("no log: %v", err), notice: true})
		}
		return
	}
	defer body.Close() //nolint:errcheck // it was only read
	r := bufio.NewReaderSize(body, maxWidth)
	for {
		text, err := readLine(r)
		if text != "" || err == nil {
			at, rest := stamp(text)
			s.add(line{source: str, at: at, text: rest})
		}
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, io.EOF) {
				s.add(line{source: str, at: time.Now(), text: fmt.Sprintf("the log broke off: %v", err), notice: true})
			}
			return
		}
	}
}

func (s *store) count(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += by
	s.touch()
}

// readLine reads a line, cutting one that is too long and saying so.
func readLine(r *bufio.Reader) (string, error) {
	raw, err := r.ReadSlice('\n')
	text := strings.TrimRight(string(raw), "\r\n")
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	cut := 0
	for errors.Is(err, bufio.ErrBufferFull) {
		raw, err = r.ReadSlice('\n')
		cut += len(raw)
	}
	return fmt.Sprintf("%s … (%d bytes more)", text, cut), err
}

// stamp splits the time that the kubelet puts before each line from it.
func stamp(text string) (time.Time, string) {
	first, rest, ok := strings.Cut(text, " ")
	if at, err := time.Parse(time.RFC3339Nano, first); err == nil {
		if !ok {
			rest = ""
		}
		return at, rest
	}
	return time.Time{}, text
}
