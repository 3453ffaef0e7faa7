// Package vitals watches how the cluster as a whole is doing: what the header and the home screen show.
//
// One goroutine asks, once a second at the most and never while a question is still open: etcd for its revision, size
// and number of Pods in one round, the components for their health. Readers take an immutable Sample.
package vitals

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/tui/screen"
)

const (
	every      = time.Second
	askTimeout = 3 * time.Second
	// slowly is how many rounds pass between questions whose answers seldom change.
	slowly = 5
	// remembered is how many rates are kept: a minute's.
	remembered = 60
)

// Sample is how the cluster was doing at one moment. It is never changed.
type Sample struct {
	Status cluster.Status
	// StatusErr says that the cluster could not be asked.
	StatusErr error
	// Revision of etcd, and how many revisions a second it has grown by; 0 where etcd is out of reach.
	Revision int64
	Rate     float64
	// Rates are those of the last minute, oldest first.
	Rates []float64
	// DBSize and InUse are bytes.
	DBSize, InUse int64
	// Leads says that the member of etcd that was asked is the leader, in the raft term Term.
	Leads bool
	Term  uint64
	// EtcdTook and APITook are how long the last answer of etcd and of the API server took; 0 where there was none.
	EtcdTook, APITook time.Duration
	// Nodes and how many of them are Ready; -1 while not known.
	Nodes, NodesReady int
	// Pods is how many there are; -1 while not known.
	Pods int64
	At   time.Time
}

// Store keeps the newest Sample.
type Store struct {
	sample  atomic.Pointer[Sample]
	changed chan struct{} // written by the asking goroutine, capacity 1, never closed
}

type key struct{}

// Of is the store that all screens share.
func Of(s *screen.Scope) *Store {
	return screen.Service(s, key{}, func() *Store {
		st := &Store{changed: make(chan struct{}, 1)}
		st.sample.Store(&Sample{Nodes: -1, Pods: -1})
		return st
	})
}

// Start begins to ask, until the scope ends. The frame calls it, once.
func (st *Store) Start(s *screen.Scope) {
	ctx, c := s.Context(), s.Cluster()
	go st.run(ctx, c)
}

// Changed has something when there is a new Sample.
func (st *Store) Changed() <-chan struct{} { return st.changed }

// Put is a Sample for those who look. Store asks for them by itself; a test has its own.
func (st *Store) Put(s *Sample) { st.sample.Store(s) }

// Sample is the newest one.
func (st *Store) Sample() *Sample { return st.sample.Load() }

func (st *Store) run(ctx context.Context, c *cluster.Cluster) {
	t := time.NewTicker(every)
	defer t.Stop()
	for round := 0; ; round++ {
		next := *st.Sample()
		ask(ctx, c, &next, round%slowly == 0 || next.Nodes < 0)
		if prev := st.Sample(); !prev.At.IsZero() && prev.Revision > 0 {
			if d := next.At.Sub(prev.At).Seconds(); d > 0 {
				next.Rate = float64(next.Revision-prev.Revision) / d
				rates := append(slices.Clone(prev.Rates), next.Rate)
				next.Rates = rates[max(0, len(rates)-remembered):]
			}
		}
		st.sample.Store(&next)
		select {
		case st.changed <- struct{}{}:
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func ask(ctx context.Context, c *cluster.Cluster, s *Sample, all bool) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if all || s.StatusErr != nil || !well(s.Status) {
		status, err := c.Status(ctx)
		s.StatusErr = err
		if err == nil {
			s.Status = status
		}
		began := time.Now()
		if s.APITook = 0; askNodes(ctx, c, s) {
			s.APITook = time.Since(began)
		}
	}
	s.At = time.Now()
	if e := c.Etcd(); e != nil {
		askEtcd(ctx, e, c, s)
	} else if all {
		askPods(ctx, c, s)
	}
}

func askEtcd(ctx context.Context, e *clientv3.Client, c *cluster.Cluster, s *Sample) {
	began := time.Now()
	if r, err := etcdview.New(e).Status(ctx); err == nil {
		s.Revision, s.DBSize, s.InUse = r.Header.Revision, r.DbSize, r.DbSizeInUse
		s.Leads, s.Term, s.EtcdTook = r.Leader == r.Header.MemberId, r.RaftTerm, time.Since(began)
	}
	if c.EtcdOnly() { // which may hold anything
		return
	}
	r, err := e.Get(ctx, strings.TrimSuffix(c.EtcdPrefix(), "/")+"/pods/", clientv3.WithPrefix(), clientv3.WithCountOnly(), clientv3.WithSerializable())
	if err == nil {
		s.Pods = r.Count
	}
}

// askPods lets the API server count: a page of one object says how many remain.
func askPods(ctx context.Context, c *cluster.Cluster, s *Sample) {
	l, err := c.Kubernetes().CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return
	}
	s.Pods = int64(len(l.Items))
	if l.RemainingItemCount != nil {
		s.Pods += *l.RemainingItemCount
	}
}

// askNodes counts the nodes, and says whether the API server answered.
func askNodes(ctx context.Context, c *cluster.Cluster, s *Sample) bool {
	l, err := c.Kubernetes().CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return false
	}
	s.Nodes, s.NodesReady = len(l.Items), 0
	for i := range l.Items {
		for _, cond := range l.Items[i].Status.Conditions {
			if cond.Type == corev1.NodeReady && cond.Status == corev1.ConditionTrue {
				s.NodesReady++
			}
		}
	}
	return true
}

func well(s cluster.Status) bool {
	for _, c := range s.Components {
		if c.State != cluster.Ready {
			return false
		}
	}
	return len(s.Components) > 0
}

// Health is the health that a component's state means.
func Health(s cluster.State) screen.Health {
	switch s {
	case cluster.Ready:
		return screen.Good
	case cluster.Pending, cluster.Started:
		return screen.Busy
	case cluster.Failed, cluster.Stopped:
		return screen.Bad
	default:
		return screen.Poor
	}
}
