package decode

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// protobufMagic begins every object that Kubernetes stores as protobuf. A runtime.Unknown follows.
var protobufMagic = []byte("k8s\x00")

func (v *Value) decodeProtobuf() {
	var u runtime.Unknown
	if err := u.Unmarshal(v.plain[len(protobufMagic):]); err != nil {
		v.Form, v.Err = Binary, fmt.Errorf("envelope of a Kubernetes object: %w", err)
		return
	}
	v.StoredAs = schema.FromAPIVersionAndKind(u.APIVersion, u.Kind)
	v.noteSecret()
	if u.ContentEncoding != "" {
		v.Form, v.Err = Binary, fmt.Errorf("content encoding %q is not known", u.ContentEncoding)
		return
	}
	if u.ContentType == runtime.ContentTypeJSON {
		v.plain = u.Raw
		v.decodeJSON()
		return
	}
	obj, ok := newObject(v.StoredAs)
	if !ok {
		v.byStructure(u, fmt.Errorf("%w: %s", ErrUnknownType, v.StoredAs))
		return
	}
	if err := obj.Unmarshal(u.Raw); err != nil {
		v.byStructure(u, fmt.Errorf("%s: %w", v.StoredAs.Kind, err))
		return
	}
	obj.GetObjectKind().SetGroupVersionKind(v.StoredAs)
	v.Form, v.typed = Protobuf, obj
}

// byStructure shows an object of an unknown type, or one that is damaged, by its field numbers. All kinds of
// Kubernetes have their metadata in field 1.
func (v *Value) byStructure(u runtime.Unknown, why error) {
	v.Err = why
	tree, ok := parseStructure(u.Raw)
	if !ok {
		v.Form = Binary
		return
	}
	v.Form = Structure
	out := map[string]any{"apiVersion": u.APIVersion, "kind": u.Kind}
	for k, f := range tree {
		out[k] = f
	}
	if meta, ok := firstMessage(u.Raw, 1); ok {
		var m metav1.ObjectMeta
		if err := m.Unmarshal(meta); err == nil && m.Name != "" {
			if b, err := json.Marshal(&m); err == nil {
				if t, err := parseJSON(b); err == nil {
					delete(out, "1")
					out["metadata"] = t
				}
			}
		}
	}
	v.tree = out
}

// noteSecret masks what says that it is a Secret, wherever it lies.
func (v *Value) noteSecret() {
	if v.StoredAs.Kind == "Secret" && v.StoredAs.Group == "" {
		v.secret = true
	}
}
