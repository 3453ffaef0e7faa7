package decode

import (
	"bytes"
	"regexp"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Peek says what a value is stored as, without decoding it: its apiVersion and kind, the form, or how it is encrypted.
// It looks at the first bytes alone, so that it costs little for each of a million values; where these do not tell, it
// names the form. The text holds nothing of the value's memory.
func Peek(value []byte) string {
	if e, ok := parseEncryption(value); ok {
		return e.String()
	}
	switch {
	case bytes.HasPrefix(value, protobufMagic):
		if meta, ok := firstMessage(value[len(protobufMagic):], 1); ok { // runtime.Unknown.typeMeta
			version, _ := firstMessage(meta, 1)
			kind, _ := firstMessage(meta, 2)
			return kindOf(version, kind, Protobuf)
		}
		return string(Binary)
	case bytes.HasPrefix(value, cborMagic):
		return string(CBOR)
	case looksLikeJSON(value):
		const begin = 256
		if m := jsonHead.FindSubmatch(value[:min(len(value), begin)]); m != nil {
			return kindOf(m[1], m[2], JSON)
		}
		return string(JSON)
	}
	const begin = 1024
	return string(fallbackForm(value[:min(len(value), begin)]))
}

// jsonHead is how API servers begin what they store as JSON: their encoder sorts the names.
var jsonHead = regexp.MustCompile(`^\s*\{"apiVersion":"([^"\\]+)","kind":"([^"\\]+)"`)

func kindOf(version, kind []byte, form Form) string {
	if len(version) == 0 || len(kind) == 0 {
		return string(form)
	}
	gvk := schema.FromAPIVersionAndKind(printable(string(version)), printable(string(kind)))
	return gvk.GroupVersion().String() + " " + gvk.Kind
}
