// Package decode turns the bytes of etcd values into something to read: first of all the forms in which Kubernetes
// stores objects, then whatever else may lie in an etcd.
//
// Guarantees: no input makes it panic or take memory out of proportion; the stored bytes are kept unchanged in
// Value.Raw; a value that cannot be decoded says why in Value.Err and still has a Form to be shown in; Secrets are
// masked in every rendering but Raw unless Options.ShowSecrets is set. Decoding neither converts nor defaults: what
// is shown is what is stored. The package does no I/O of its own (a Decrypter may).
package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/podarium/podarium/etcdview/registry"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Form is how a value is written.
type Form string

// The forms of values.
const (
	Protobuf  Form = "protobuf"  // Kubernetes' own envelope, "k8s\0", around an object of a known type
	Structure Form = "structure" // protobuf of an unknown type, shown by field numbers
	JSON      Form = "json"
	CBOR      Form = "cbor"
	Encrypted Form = "encrypted" // at rest, by a Kubernetes API server, and not decrypted here
	Number    Form = "number"    // decimal digits, such as compact_rev_key's
	Text      Form = "text"
	Binary    Form = "binary"
	Empty     Form = "empty"
)

// ErrUnknownType is wrapped by Value.Err where the envelope names a type that is not compiled in; the value is then
// shown by structure.
var ErrUnknownType = errors.New("type not known to this program")

// Decrypter turns values that a Kubernetes API server encrypted at rest back into what it encrypted.
type Decrypter interface {
	// Decrypt returns the plain value. The key is the whole etcd key: it authenticates the value. Stale says that
	// the value was not written with the provider's first key.
	Decrypt(ctx context.Context, key string, value []byte) (plain []byte, stale bool, err error)
}

// Options say how to decode. The zero value decodes what needs no key, and masks Secrets.
type Options struct {
	// Prefix is the API server's --etcd-prefix; empty means any in common use.
	Prefix string
	// ShowSecrets leaves the contents of Secrets readable.
	ShowSecrets bool
	// Decrypter decrypts encrypted values. Nil leaves them encrypted and labelled.
	Decrypter Decrypter
}

// Value is a decoded value. Its renderings (JSON, YAML, Tree) are made when asked for, since most values of a large
// store are only counted.
type Value struct {
	// Key is the whole etcd key, any bytes.
	Key string
	// Raw is the value as stored. It is shared with the caller and must not be changed.
	Raw []byte
	// Form is how the value, after decryption, is written.
	Form Form
	// Object is what the key names; IsObject says whether it names one.
	Object   registry.Object
	IsObject bool
	// StoredAs is the apiVersion and kind in the value, empty where it holds none.
	StoredAs schema.GroupVersionKind
	// Encryption is set for values that were encrypted at rest, whether or not they could be decrypted.
	Encryption *Encryption
	// Err says why the value, or a part of it, could not be decoded.
	Err error

	plain  []byte         // Raw, decrypted
	typed  runtime.Object // for Protobuf
	tree   any            // for Structure and CBOR
	secret bool
	show   bool
}

// Decode decodes one value. The context bounds the Decrypter alone.
func Decode(ctx context.Context, key string, value []byte, o Options) (v Value) {
	v = Value{Key: key, Raw: value, plain: value, show: o.ShowSecrets}
	v.Object, v.IsObject = registry.Parse(o.Prefix, key)
	v.secret = v.IsObject && v.Object.IsSecret()
	defer func() {
		if r := recover(); r != nil { // a generated decoder met bytes that it did not expect
			v.Form, v.Err, v.typed, v.tree = fallbackForm(v.plain), fmt.Errorf("decoding failed: %v", r), nil, nil
		}
	}()
	if e, ok := parseEncryption(value); ok {
		v.Encryption, v.Form = &e, Encrypted
		if o.Decrypter == nil {
			return v
		}
		plain, stale, err := o.Decrypter.Decrypt(ctx, key, value)
		if err != nil {
			v.Err = fmt.Errorf("decrypt with provider %s, key %q: %w", e.Provider, e.KeyName, err)
			return v
		}
		e.Decrypted, e.Stale = true, stale
		v.plain = plain
	}
	v.decodePlain()
	return v
}

func (v *Value) decodePlain() {
	b := v.plain
	switch {
	case len(b) == 0:
		v.Form = Empty
	case bytes.HasPrefix(b, protobufMagic):
		v.decodeProtobuf()
	case bytes.HasPrefix(b, cborMagic):
		v.decodeCBOR()
	case looksLikeJSON(b):
		v.decodeJSON()
	default:
		v.Form = fallbackForm(b)
		if v.Form == Binary {
			if tree, ok := parseStructure(b); ok {
				v.Form, v.tree = Structure, tree
			}
		}
	}
	if v.Object.Builtin && v.Err == nil && !v.IsKubernetes() && v.Object.Special != registry.Compaction {
		v.Err = fmt.Errorf("a Kubernetes object was expected at this key, not %s", v.Form)
	}
}

// IsKubernetes says whether the value was decoded as a Kubernetes object, of a built-in kind or a custom one.
func (v *Value) IsKubernetes() bool { return v.StoredAs.Kind != "" }

// Typed is the object for values in Kubernetes' protobuf, nil otherwise. It is not masked; do not change it.
func (v *Value) Typed() runtime.Object { return v.typed }

// Plain is the value after decryption; it is Raw where nothing was encrypted. It is not masked.
func (v *Value) Plain() []byte { return v.plain }

// Masked says that a rendering hides contents which Options.ShowSecrets would show.
func (v *Value) Masked() bool { return v.secret && !v.show && v.Form != Empty && v.Form != Encrypted }

// Label describes the value in a few words: what it is stored as, in which form, under which encryption.
func (v *Value) Label() string {
	var parts []string
	if v.IsKubernetes() {
		parts = append(parts, v.StoredAs.GroupVersion().String()+" "+v.StoredAs.Kind)
	}
	switch v.Object.Special {
	case registry.MasterLease:
		parts = append(parts, "address of an API server")
	case registry.Allocator:
		parts = append(parts, "allocator")
	case registry.Compaction:
		parts = append(parts, "last compacted revision")
	}
	if v.Form != Encrypted {
		parts = append(parts, string(v.Form))
	}
	if v.Encryption != nil {
		parts = append(parts, v.Encryption.String())
	}
	return strings.Join(parts, ", ")
}

func looksLikeJSON(b []byte) bool {
	t := bytes.TrimLeft(b, " \t\r\n")
	return len(t) > 0 && (t[0] == '{' || t[0] == '[' || t[0] == '"')
}

func fallbackForm(b []byte) Form {
	switch {
	case len(b) == 0:
		return Empty
	case isNumber(b):
		return Number
	case isText(b):
		return Text
	}
	return Binary
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// isText says whether a terminal can show the bytes as they are.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsGraphic(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
	}
	return true
}
