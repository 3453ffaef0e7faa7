package rollout

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/cluster/change"
)

// Progress is a workload's rollout at one moment. It is immutable.
type Progress struct {
	Ref change.Ref
	// Synced says that everything was read once. Before that the other fields may be incomplete.
	Synced bool
	// Gone says that the workload does not exist (any more).
	Gone bool
	// Err says why this may be old: a list or watch failed and is being retried.
	Err error

	// Created is when the workload was.
	Created time.Time
	// Images that the workload wants, by container, and the containers in the order of the template, init containers last.
	Images     map[string]string
	Containers []string

	// Revisions are newest first.
	Revisions []Revision
	// Desired is spec.replicas (for a DaemonSet: the nodes it wants). Updated, Ready and Available count Pods as the
	// workload's status does; Old counts the Pods of earlier revisions that still exist.
	Desired, Updated, Ready, Available, Old int32
	// Limits are Strategy's numbers, resolved against Desired.
	Strategy                 string
	MaxSurge, MaxUnavailable int32
	MinReadySeconds          int32
	// Partition is how many Pods of a StatefulSet, those with the lowest numbers, keep their revision.
	Partition int32
	Paused    bool
	// Done says what kubectl rollout status would: the newest template runs everywhere.
	Done bool
	// Stuck says that it will not finish by itself: the progress deadline passed, or a Pod waits for something that
	// does not come (an image that cannot be pulled, a crash loop, a quota, no node).
	Stuck bool
	// Message is one line on where the rollout is, in kubectl rollout status' words.
	Message string
	// Waiting are the reasons, the worst first.
	Waiting []Wait
	Pods    []Pod
}

// Wait is one thing that a rollout waits for.
type Wait struct {
	// Pod is empty where no Pod exists yet, as with a quota.
	Pod, Container string
	// Reason is one of Kubernetes' words, such as ImagePullBackOff, Unhealthy, FailedScheduling or FailedCreate.
	Reason string
	// Message explains it in the words of the component that knows.
	Message string
	Since   time.Time
	// Fatal says that waiting will not help.
	Fatal bool
}

// Pod is one Pod of the workload.
type Pod struct {
	UID        types.UID
	Name, Node string
	Created    time.Time
	// Revision is the number of its revision, 0 where not known. New says that it is the newest one.
	Revision int64
	New      bool
	// Status is what kubectl's STATUS column shows: Running, Pending, ContainerCreating, CrashLoopBackOff, Terminating.
	Status    string
	Phase     corev1.PodPhase
	Ready     bool
	Available bool
	Deleting  bool
	Restarts  int32
}
