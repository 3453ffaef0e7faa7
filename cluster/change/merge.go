package change

import (
	"fmt"
	"slices"
	"strings"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// metadataFields are the fields of metadata that clients own; the server sets the others.
var metadataFields = []string{"labels", "annotations", "finalizers", "ownerReferences"}

// rebase puts the change from before to want on a newer version of the object. It returns a *Conflict when anything outside
// metadata and status differs between before and live, or a piece of metadata that the change itself touches.
func rebase(ref Ref, before, want, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	var changed []string
	switch {
	case live.GetUID() != before.GetUID():
		changed = append(changed, "metadata.uid: it was deleted and created anew")
	case live.GetDeletionTimestamp() != nil && before.GetDeletionTimestamp() == nil:
		changed = append(changed, "metadata.deletionTimestamp: it is being deleted")
	}
	out := live.DeepCopy()
	for _, k := range substanceKeys(before, live) {
		for _, path := range differences(before.Object[k], live.Object[k], k) {
			if !assigned(before, path) {
				changed = append(changed, path)
			}
		}
	}
	if want != nil && len(changed) == 0 {
		for _, k := range substanceKeys(before, want) {
			changed = append(changed, mergeKey(before.Object, want.Object, out.Object, k, k)...)
		}
		changed = append(changed, mergeMetadata(before, want, out)...)
	}
	if len(changed) > 0 {
		return nil, &Conflict{Ref: ref, Live: live, Changed: changed, By: lastWriter(live)}
	}
	return out, nil
}

// assigned says whether a field was empty and is of those that Kubernetes itself fills in, once: where a Pod runs, what volume a claim has.
func assigned(before *unstructured.Unstructured, path string) bool {
	switch before.GetKind() + " " + path {
	case "Pod spec.nodeName", "PersistentVolumeClaim spec.volumeName", "PersistentVolume spec.claimRef":
		_, was, _ := unstructured.NestedFieldNoCopy(before.Object, strings.Split(path, ".")...)
		return !was
	}
	return false
}

// Merge puts the change between two versions of an object on a third one, field by field. It returns a *Conflict when a field that the
// change touches is not in live as it is in from. Status and what only the server writes are left as they are in live.
func Merge(ref Ref, from, to, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	out := live.DeepCopy()
	var changed []string
	for _, k := range substanceKeys(from, to) {
		changed = append(changed, mergeKey(from.Object, to.Object, out.Object, k, k)...)
	}
	changed = append(changed, mergeMetadata(from, to, out)...)
	if len(changed) > 0 {
		return nil, &Conflict{Ref: ref, Live: live, Changed: changed, By: lastWriter(live)}
	}
	return out, nil
}

// substanceKeys are the top-level fields that clients own, in order: all but metadata and status.
func substanceKeys(objs ...*unstructured.Unstructured) []string {
	var keys []string
	for _, o := range objs {
		for k := range o.Object {
			if k != "metadata" && k != "status" && k != "apiVersion" && k != "kind" && !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// sameSubstance says whether two versions of an object are equal in all that clients own.
func sameSubstance(a, b *unstructured.Unstructured) bool {
	for _, k := range substanceKeys(a, b) {
		if !apiequality.Semantic.DeepEqual(a.Object[k], b.Object[k]) {
			return false
		}
	}
	am, bm := metadataOf(a), metadataOf(b)
	for _, k := range metadataFields {
		if !apiequality.Semantic.DeepEqual(am[k], bm[k]) {
			return false
		}
	}
	return true
}

func metadataOf(o *unstructured.Unstructured) map[string]any {
	m, _ := o.Object["metadata"].(map[string]any)
	return m
}

func mergeMetadata(from, to, live *unstructured.Unstructured) (conflicts []string) {
	out := metadataOf(live)
	if out == nil {
		return nil
	}
	for _, k := range metadataFields {
		conflicts = append(conflicts, mergeKey(metadataOf(from), metadataOf(to), out, k, "metadata."+k)...)
	}
	return conflicts
}

// mergeKey applies the change of one key between from and to onto live. It descends into maps, and into lists of the same
// names (containers, ports, env); other lists are one value. It returns the paths at which live is not as from was.
func mergeKey(from, to, live map[string]any, key, path string) []string {
	f, fok := from[key]
	t, tok := to[key]
	if fok == tok && apiequality.Semantic.DeepEqual(f, t) {
		return nil
	}
	l := live[key]
	fm, fIsMap := f.(map[string]any)
	tm, tIsMap := t.(map[string]any)
	lm, lIsMap := l.(map[string]any)
	switch {
	case fIsMap && tIsMap && lIsMap:
		return mergeMaps(fm, tm, lm, path)
	case (fIsMap || tIsMap) && (fIsMap || f == nil) && (tIsMap || t == nil) && (lIsMap || l == nil):
		// A map that one side lacks: labels that did not exist before. What others put in it stays.
		if lm == nil {
			lm = map[string]any{}
		}
		conflicts := mergeMaps(fm, tm, lm, path)
		if live[key] = lm; len(lm) == 0 {
			delete(live, key)
		}
		return conflicts
	}
	if fl, tl, ll := namedList(f), namedList(t), namedList(l); fl != nil && sameNames(fl, tl) && sameNames(fl, ll) {
		var conflicts []string
		for i := range fl {
			at := fmt.Sprintf("%s[%s]", path, fl[i]["name"])
			conflicts = append(conflicts, mergeMaps(fl[i], tl[i], ll[i], at)...)
		}
		return conflicts
	}
	if !apiequality.Semantic.DeepEqual(f, l) {
		return []string{path}
	}
	setOrDelete(live, key, to)
	return nil
}

func mergeMaps(from, to, live map[string]any, path string) (conflicts []string) {
	for _, k := range unionKeys(from, to) {
		conflicts = append(conflicts, mergeKey(from, to, live, k, path+"."+k)...)
	}
	return conflicts
}

func unionKeys(maps ...map[string]any) []string {
	var keys []string
	for _, m := range maps {
		for k := range m {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// setOrDelete makes dst[key] what src[key] is.
func setOrDelete(dst map[string]any, key string, src map[string]any) {
	if v, ok := src[key]; ok {
		dst[key] = deepCopyJSON(v)
	} else {
		delete(dst, key)
	}
}

func deepCopyJSON(v any) any {
	return (&unstructured.Unstructured{Object: map[string]any{"v": v}}).DeepCopy().Object["v"]
}

// namedList is a list of maps that all have a name, nil for anything else.
func namedList(v any) []map[string]any {
	l, ok := v.([]any)
	if !ok || len(l) == 0 {
		return nil
	}
	out := make([]map[string]any, len(l))
	for i := range l {
		m, ok := l[i].(map[string]any)
		if !ok {
			return nil
		}
		if _, ok := m["name"].(string); !ok {
			return nil
		}
		out[i] = m
	}
	return out
}

func sameNames(a, b []map[string]any) bool {
	return slices.EqualFunc(a, b, func(x, y map[string]any) bool { return x["name"] == y["name"] })
}

// differences are the deepest paths at which two values differ.
func differences(a, b any, path string) []string {
	if apiequality.Semantic.DeepEqual(a, b) {
		return nil
	}
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if aok && bok {
		var out []string
		for _, k := range unionKeys(am, bm) {
			out = append(out, differences(am[k], bm[k], path+"."+k)...)
		}
		return out
	}
	if al, bl := namedList(a), namedList(b); al != nil && sameNames(al, bl) {
		var out []string
		for i := range al {
			out = append(out, differences(al[i], bl[i], fmt.Sprintf("%s[%s]", path, al[i]["name"]))...)
		}
		return out
	}
	return []string{path}
}

// lastWriter is the field manager with the newest entry that is not about the status.
func lastWriter(o *unstructured.Unstructured) string {
	var who string
	var when time.Time
	for _, m := range o.GetManagedFields() {
		if m.Subresource != "status" && m.Time != nil && m.Time.After(when) {
			who, when = m.Manager, m.Time.Time
		}
	}
	return who
}

func joinFields(fields []string) string {
	if len(fields) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(fields[:4], ", "), len(fields)-4)
	}
	return strings.Join(fields, ", ")
}

// mergePatch is the JSON merge patch (RFC 7386) that makes want of before, in all that clients own.
func mergePatch(before, want *unstructured.Unstructured) map[string]any {
	patch, metadata := map[string]any{}, map[string]any{}
	for _, k := range substanceKeys(before, want) {
		patchKey(patch, before.Object, want.Object, k)
	}
	for _, k := range metadataFields {
		patchKey(metadata, metadataOf(before), metadataOf(want), k)
	}
	if len(metadata) > 0 {
		patch["metadata"] = metadata
	}
	return patch
}

// patchKey adds the change of one key.
func patchKey(patch, from, to map[string]any, key string) {
	f, t := from[key], to[key]
	if apiequality.Semantic.DeepEqual(f, t) {
		return
	}
	fm, fIsMap := f.(map[string]any)
	tm, tIsMap := t.(map[string]any)
	if !fIsMap || !tIsMap {
		patch[key] = t // null removes
		return
	}
	inner := map[string]any{}
	for _, k := range unionKeys(fm, tm) {
		patchKey(inner, fm, tm, k)
	}
	patch[key] = inner
}
