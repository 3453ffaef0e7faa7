package decode

import (
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Writer is who wrote an object, as its metadata.managedFields tell.
type Writer struct {
	// Manager is the field manager: kubectl-client-side-apply, kube-controller-manager, ….
	Manager string `json:"manager"`
	// Operation is Apply or Update.
	Operation string `json:"operation,omitempty"`
	// Subresource is status, scale, …; empty for the object itself.
	Subresource string `json:"subresource,omitempty"`
	// Time is when, to the second. Zero where it is not recorded.
	Time time.Time `json:"time,omitzero"`
}

// Metadata is the object's metadata, nil where the value holds none.
func (v *Value) Metadata() *metav1.ObjectMeta {
	if v.typed != nil {
		if a, ok := v.typed.(metav1.ObjectMetaAccessor); ok {
			if m, ok := a.GetObjectMeta().(*metav1.ObjectMeta); ok {
				return m
			}
		}
		return nil
	}
	if !v.IsKubernetes() {
		return nil
	}
	var o struct {
		Metadata *metav1.ObjectMeta `json:"metadata"`
	}
	switch v.Form {
	case JSON:
		if json.Unmarshal(v.plain, &o) != nil {
			return nil
		}
	case CBOR, Structure:
		b, err := json.Marshal(v.tree)
		if err != nil || json.Unmarshal(b, &o) != nil {
			return nil
		}
	}
	return o.Metadata
}

// WriterOf says who turned the value old into v. Old may be nil or deleted: then it is the last writer of v. It is
// false for values that do not tell.
func WriterOf(v, old *Value) (Writer, bool) {
	if v == nil {
		return Writer{}, false
	}
	m := v.Metadata()
	if m == nil || len(m.ManagedFields) == 0 {
		return Writer{}, false
	}
	candidates := m.ManagedFields
	status := false // only the status was written
	if old != nil {
		if om := old.Metadata(); om != nil {
			status = om.Generation == m.Generation && m.Generation > 0
			if changed := changedEntries(m.ManagedFields, om.ManagedFields); len(changed) > 0 {
				candidates = changed
			} else if w, ok := binder(v, old); ok {
				return w, true
			} else if some := sameKind(candidates, status); len(some) > 0 {
				candidates = some // a second write within the second that is recorded, or by one that has no time
			}
		}
	}
	best := &candidates[0]
	for i := range candidates {
		if c := &candidates[i]; later(c, best) || !later(best, c) && (c.Subresource != "") == status && (best.Subresource != "") != status {
			best = c
		}
	}
	w := Writer{Manager: best.Manager, Operation: string(best.Operation), Subresource: best.Subresource}
	if best.Time != nil {
		w.Time = best.Time.Time
	}
	return w, true
}

// binder is the scheduler that bound a Pod, which the subresource binding records in no managed field: the one that the Pod
// asks for.
func binder(v, old *Value) (Writer, bool) {
	now, ok := v.typed.(*corev1.Pod)
	before, was := old.typed.(*corev1.Pod)
	if !ok || !was || before.Spec.NodeName != "" || now.Spec.NodeName == "" || now.Spec.SchedulerName == "" {
		return Writer{}, false
	}
	return Writer{Manager: now.Spec.SchedulerName, Operation: string(metav1.ManagedFieldsOperationUpdate), Subresource: "binding"}, true
}

// sameKind are the entries of writers of the status, or those of the others; of these the ones without a time where
// there are any: scaling records none.
func sameKind(entries []metav1.ManagedFieldsEntry, status bool) []metav1.ManagedFieldsEntry {
	var some, timeless []metav1.ManagedFieldsEntry
	for _, e := range entries {
		if (e.Subresource == "status") != status {
			continue
		}
		some = append(some, e)
		if e.Time == nil {
			timeless = append(timeless, e)
		}
	}
	if len(timeless) > 0 {
		return timeless
	}
	return some
}

// later compares times, which are recorded to the second only.
func later(a, b *metav1.ManagedFieldsEntry) bool {
	return a.Time != nil && (b.Time == nil || b.Time.Before(a.Time))
}

// changedEntries are those of now that were not there before, or had another time.
func changedEntries(now, before []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	type id struct {
		manager, operation, subresource, version string
		time                                     int64
	}
	key := func(e *metav1.ManagedFieldsEntry) id {
		k := id{manager: e.Manager, operation: string(e.Operation), subresource: e.Subresource, version: e.APIVersion}
		if e.Time != nil {
			k.time = e.Time.Unix()
		}
		return k
	}
	had := map[id]bool{}
	for i := range before {
		had[key(&before[i])] = true
	}
	var changed []metav1.ManagedFieldsEntry
	for i := range now {
		if !had[key(&now[i])] {
			changed = append(changed, now[i])
		}
	}
	return changed
}
