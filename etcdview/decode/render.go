package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Tree is the value as maps, lists, strings, json.Numbers, bools and nil: what a diff compares and a screen folds.
// Secrets are masked. A value without inner structure is one string; bytes are base64 in a map of one key.
func (v *Value) Tree() (any, error) {
	t, err := v.Unmasked()
	if err != nil {
		return nil, err
	}
	if v.Masked() {
		t = mask(t)
	}
	return t, nil
}

// Unmasked is the Tree with the contents of Secrets. It is for comparing; show Tree.
func (v *Value) Unmasked() (any, error) {
	switch v.Form {
	case Protobuf:
		b, err := json.Marshal(v.typed)
		if err != nil {
			return nil, fmt.Errorf("%s as JSON: %w", v.StoredAs.Kind, err)
		}
		return parseJSON(b)
	case JSON:
		return parseJSON(v.plain)
	case Structure, CBOR:
		b, err := json.Marshal(v.tree) // to copy it, and to have numbers and bytes as in the other forms
		if err != nil {
			return nil, fmt.Errorf("%s as JSON: %w", v.Form, err)
		}
		return parseJSON(b)
	case Number:
		if json.Valid(v.plain) {
			return json.Number(v.plain), nil
		}
		return string(v.plain), nil // with leading zeros
	case Text:
		return string(v.plain), nil
	case Empty:
		return "", nil
	case Encrypted:
		return map[string]any{"encrypted": v.Encryption.String(), "bytes": json.Number(fmt.Sprint(len(v.Raw)))}, nil
	default:
		return map[string]any{"base64": base64.StdEncoding.EncodeToString(v.plain)}, nil
	}
}

// JSON is the Tree on lines, indented by two blanks, without a line end.
func (v *Value) JSON() ([]byte, error) {
	t, err := v.Tree()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(t); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// YAML is the Tree as kubectl would print it. Text and numbers stand as they are.
func (v *Value) YAML() ([]byte, error) {
	t, err := v.Tree()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case string:
		return []byte(t), nil
	case json.Number:
		return []byte(t), nil
	}
	b, err := yaml.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b, nil
}

// Base64 is the stored value in base64, as etcdctl's JSON prints it. It is not masked.
func (v *Value) Base64() string { return base64.StdEncoding.EncodeToString(v.Raw) }

// Hex is the stored value as hexdump -C prints it. It is not masked.
func (v *Value) Hex() string { return hex.Dump(v.Raw) }

// Format writes a part of a Tree: as YAML, and a string as it is.
func Format(tree any) string {
	switch t := tree.(type) {
	case nil:
		return "null"
	case string:
		return t
	case json.Number:
		return string(t)
	}
	b, err := yaml.Marshal(tree)
	if err != nil {
		return fmt.Sprint(tree)
	}
	return string(b)
}
