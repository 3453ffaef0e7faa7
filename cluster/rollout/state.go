package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubectl/pkg/polymorphichelpers"
	deploymentutil "k8s.io/kubectl/pkg/util/deployment"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/internal/collect"
)

// state is what a Live knows. Its reflectors write, snapshot reads.
type state struct {
	ref     change.Ref
	kind    workloadKind
	changed chan struct{} // capacity 1; written by touch, never closed
	// selectors carries the workload's selector to follow, once per workload. Capacity 1; written by touch.
	selectors chan string

	mu        sync.Mutex
	workloads *collect.Collection[*unstructured.Unstructured]
	pods      *collect.Collection[*corev1.Pod]
	sets      *collect.Collection[*appsv1.ReplicaSet]
	histories *collect.Collection[*appsv1.ControllerRevision]
	events    *collect.Collection[*corev1.Event]
	following types.UID // the workload whose selector was sent
	dirty     bool
	last      *Progress
	now       func() time.Time
}

func newState(ref change.Ref) *state {
	s := &state{
		ref: ref, kind: kindOf(ref), changed: make(chan struct{}, 1), selectors: make(chan string, 1),
		now: time.Now, last: &Progress{Ref: ref},
	}
	s.workloads = collect.New[*unstructured.Unstructured](ref.Resource.Resource, &s.mu, s.touch, nil)
	s.pods = collect.New[*corev1.Pod]("pods", &s.mu, s.touch, nil)
	s.sets = collect.New[*appsv1.ReplicaSet]("replicasets", &s.mu, s.touch, nil)
	s.histories = collect.New[*appsv1.ControllerRevision]("controllerrevisions", &s.mu, s.touch, nil)
	s.events = collect.New("events", &s.mu, s.touch, s.aboutUs)
	if s.kind == other {
		s.last = &Progress{Ref: ref, Err: fmt.Errorf("%s has no rollouts: %w", ref, ErrUnsupported)}
	}
	return s
}

// touch marks the state as changed. The caller holds mu.
func (s *state) touch() {
	s.dirty = true
	if u := s.object(); u != nil && u.GetUID() != s.following {
		if w, err := newWorkload(s.kind, u); err == nil {
			s.following = u.GetUID()
			select {
			case <-s.selectors: // one that nobody took yet
			default:
			}
			s.selectors <- w.selector.String()
		}
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// object is the workload, nil where there is none.
func (s *state) object() *unstructured.Unstructured {
	for _, u := range s.workloads.Items {
		return u
	}
	return nil
}

func (s *state) snapshot() *Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return s.last
	}
	s.dirty = false
	s.last = s.compute()
	return s.last
}

func (s *state) compute() *Progress {
	p := &Progress{Ref: s.ref, Err: cmp.Or(s.workloads.Err, s.pods.Err, s.sets.Err, s.histories.Err, s.events.Err)}
	u := s.object()
	if u == nil {
		p.Gone, p.Synced = s.workloads.Synced, s.workloads.Synced
		return p
	}
	w, err := newWorkload(s.kind, u)
	if err != nil {
		p.Err = err
		return p
	}
	p.Ref.UID, p.Ref.ResourceVersion, p.Ref.Kind = u.GetUID(), u.GetResourceVersion(), cmp.Or(s.ref.Kind, u.GetKind())
	p.Synced = s.pods.Synced && s.events.Synced && (s.sets.Synced || s.histories.Synced)
	w.fill(p)
	s.revisions(p, w)
	s.fillPods(p, w)
	s.status(p, u)
	return p
}

// status puts kubectl's verdict, and ours on top of it.
func (s *state) status(p *Progress, u *unstructured.Unstructured) {
	p.kubectlStatus(u)
	p.Waiting = s.waiting(p, u)
	fatal := slices.ContainsFunc(p.Waiting, func(w Wait) bool { return w.Fatal })
	p.Stuck = p.Stuck || !p.Done && !p.Paused && fatal
}

// kubectlStatus is kubectl's verdict, of the workload alone.
func (p *Progress) kubectlStatus(u *unstructured.Unstructured) {
	deadline := false
	if viewer, err := polymorphichelpers.StatusViewerFor(schema.GroupKind{Group: "apps", Kind: u.GetKind()}); err == nil {
		text, done, err := viewer.Status(u, 0)
		p.Message, p.Done = strings.TrimSpace(text), done && err == nil
		if err != nil {
			p.Message = err.Error()
			deadline = strings.Contains(p.Message, "progress deadline")
		}
	}
	if p.Paused && !p.Done {
		p.Message = "paused: resume it to go on"
	}
	p.Stuck = !p.Done && !p.Paused && deadline
}

// fill takes the counts and limits of the workload's own status and strategy.
func (w *workload) fill(p *Progress) {
	p.Created = w.created
	p.Containers, p.Images = containersOf(w.template), imagesOf(w.template)
	switch {
	case w.deployment != nil:
		d := w.deployment
		p.Desired = replicasOf(d.Spec.Replicas)
		p.Updated, p.Ready, p.Available = d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas
		p.Paused, p.MinReadySeconds, p.Strategy = d.Spec.Paused, d.Spec.MinReadySeconds, string(d.Spec.Strategy.Type)
		if r := d.Spec.Strategy.RollingUpdate; r != nil {
			// A wrong percentage cannot be stored, and leaves the limits at 0.
			p.MaxSurge, p.MaxUnavailable, _ = deploymentutil.ResolveFenceposts(r.MaxSurge, r.MaxUnavailable, p.Desired)
		}
	case w.statefulSet != nil:
		st := w.statefulSet
		p.Desired = replicasOf(st.Spec.Replicas)
		p.Updated, p.Ready, p.Available = st.Status.UpdatedReplicas, st.Status.ReadyReplicas, st.Status.AvailableReplicas
		p.MinReadySeconds, p.Strategy = st.Spec.MinReadySeconds, string(st.Spec.UpdateStrategy.Type)
		p.MaxUnavailable = 1
		if r := st.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
			p.Partition = *r.Partition
		}
		if r := st.Spec.UpdateStrategy.RollingUpdate; r != nil && r.MaxUnavailable != nil {
			_, p.MaxUnavailable, _ = deploymentutil.ResolveFenceposts(nil, r.MaxUnavailable, p.Desired)
		}
	case w.daemonSet != nil:
		d := w.daemonSet
		p.Desired = d.Status.DesiredNumberScheduled
		p.Updated, p.Ready, p.Available = d.Status.UpdatedNumberScheduled, d.Status.NumberReady, d.Status.NumberAvailable
		p.MinReadySeconds, p.Strategy = d.Spec.MinReadySeconds, string(d.Spec.UpdateStrategy.Type)
		if r := d.Spec.UpdateStrategy.RollingUpdate; r != nil {
			p.MaxSurge, p.MaxUnavailable, _ = deploymentutil.ResolveFenceposts(r.MaxSurge, r.MaxUnavailable, p.Desired)
		}
	}
}

func replicasOf(r *int32) int32 {
	if r == nil {
		return 1
	}
	return *r
}

// revisions lists the history, newest first, and marks the current one.
func (s *state) revisions(p *Progress, w *workload) {
	for _, rs := range s.sets.Items {
		if controlledBy(rs, w.uid) {
			p.Revisions = append(p.Revisions, fromReplicaSet(rs))
		}
	}
	for _, cr := range s.histories.Items {
		if !controlledBy(cr, w.uid) {
			continue
		}
		if r, err := fromControllerRevision(cr); err == nil {
			p.Revisions = append(p.Revisions, r)
		}
	}
	slices.SortFunc(p.Revisions, func(a, b Revision) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), strings.Compare(a.Name, b.Name))
	})
	marks := make([]*Revision, len(p.Revisions))
	for i := range marks {
		p.Revisions[i].Ready, p.Revisions[i].Replicas = 0, 0 // counted from the Pods, which is earlier than any status
		marks[i] = &p.Revisions[i]
	}
	markCurrent(marks, w.template)
}

func controlledBy(o metav1.Object, uid types.UID) bool {
	ref := metav1.GetControllerOf(o)
	return ref != nil && ref.UID == uid
}

// fillPods lists the workload's Pods, by name, and counts them into their revisions.
func (s *state) fillPods(p *Progress, w *workload) {
	byKey := map[string]*Revision{} // ReplicaSet UID, or the Pods' controller-revision-hash
	for i := range p.Revisions {
		r := &p.Revisions[i]
		byKey[r.Name] = r
	}
	for _, rs := range s.sets.Items {
		byKey[string(rs.UID)] = byKey[rs.Name]
	}
	for _, cr := range s.histories.Items {
		if hash := cr.Labels[appsv1.DefaultDaemonSetUniqueLabelKey]; hash != "" {
			byKey[hash] = byKey[cr.Name]
		}
	}
	for _, pod := range s.pods.Items {
		ref := metav1.GetControllerOf(pod)
		if ref == nil {
			continue
		}
		key := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
		if s.kind == deployment {
			key = string(ref.UID)
		}
		revision := byKey[key]
		if ref.UID != w.uid && (s.kind != deployment || revision == nil) {
			continue
		}
		out := s.podOf(pod, p.MinReadySeconds)
		if revision != nil {
			out.Revision, out.New = revision.Number, revision.Current
			if !out.Deleting {
				revision.Replicas++
				if out.Ready {
					revision.Ready++
				}
			}
		}
		if !out.New {
			p.Old++
		}
		p.Pods = append(p.Pods, out)
	}
	slices.SortFunc(p.Pods, func(a, b Pod) int { return strings.Compare(a.Name, b.Name) })
}
