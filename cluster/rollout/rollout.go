// Package rollout plans the changes of a workload (scale, images, restart, pause, resume, undo) and follows its rollouts.
//
// The semantics are kubectl's. Every function that changes something returns a plan for the one door of package
// change, made on the live object; none of them changes anything itself. Where kubectl overwrites what someone else
// wrote in the meantime, applying such a plan gives a conflict.
package rollout

import (
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
)

var (
	// ErrPaused is returned by Undo and Restart for a paused Deployment: resume it first.
	ErrPaused = errors.New("the rollout is paused")
	// ErrNoSuchRevision is returned by Undo when the history does not hold the revision.
	ErrNoSuchRevision = errors.New("no such revision")
	// ErrUnsupported is returned when the kind has no such operation.
	ErrUnsupported = errors.New("not supported by this kind")
)

// CauseAnnotation is what kubectl rollout history shows as CHANGE-CAUSE.
const CauseAnnotation = "kubernetes.io/change-cause"

// Revision is one entry of a workload's history: a ReplicaSet, or a ControllerRevision.
type Revision struct {
	Number int64
	// Name is the ReplicaSet's or ControllerRevision's.
	Name    string
	Created time.Time
	// Images are by container name, init containers included.
	Images map[string]string
	// Containers are the names in the order of the template, init containers last.
	Containers []string
	// Cause is the change-cause annotation, often empty.
	Cause string
	// Ready and Replicas count the Pods of this revision.
	Ready, Replicas int32
	// Current says that the workload's template is this one.
	Current  bool
	Template *corev1.PodTemplateSpec
}
