package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
)

// cborMagic is the tag of self-described CBOR, with which Kubernetes begins what it stores as CBOR.
var cborMagic = []byte{0xd9, 0xd9, 0xf7}

func (v *Value) decodeJSON() {
	if !json.Valid(v.plain) {
		_, err := parseJSON(v.plain)
		if err == nil {
			err = errors.New("not valid")
		}
		v.Form, v.Err = fallbackForm(v.plain), fmt.Errorf("begins like JSON: %w", err)
		if v.Form == Text && !v.Object.Builtin {
			v.Err = nil // text may begin with a brace
		}
		return
	}
	v.Form = JSON
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(v.plain, &head); err == nil && head.APIVersion != "" {
		v.StoredAs = schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)
		v.noteSecret()
	}
}

func (v *Value) decodeCBOR() {
	var tree any
	if err := direct.Unmarshal(v.plain, &tree); err != nil {
		v.Form, v.Err = Binary, fmt.Errorf("begins like CBOR: %w", err)
		return
	}
	v.Form, v.tree = CBOR, tree
	if m, ok := tree.(map[string]any); ok {
		apiVersion, _ := m["apiVersion"].(string)
		kind, _ := m["kind"].(string)
		if apiVersion != "" {
			v.StoredAs = schema.FromAPIVersionAndKind(apiVersion, kind)
			v.noteSecret()
		}
	}
}

// parseJSON reads JSON with its numbers as they are written.
func parseJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows after the value")
	}
	return tree, nil
}
