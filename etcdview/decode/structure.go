package decode

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth bounds how deep messages within messages are followed. Kubernetes' own types (OpenAPI schemas within
// CustomResourceDefinitions) nest some twenty deep.
const maxDepth = 48

// parseStructure reads protobuf of an unknown type: a map from field numbers to what the fields seem to hold. It is
// false for bytes that are no protobuf message.
func parseStructure(b []byte) (map[string]any, bool) { return parseMessage(b, maxDepth) }

func parseMessage(b []byte, depth int) (map[string]any, bool) {
	if len(b) == 0 || depth == 0 {
		return nil, false
	}
	out := map[string]any{}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 || num > 1<<20 { // real field numbers are small; large ones mean that this is no message
			return nil, false
		}
		b = b[n:]
		var field any
		switch typ {
		case protowire.VarintType:
			x, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return nil, false
			}
			b, field = b[n:], int64(x)
		case protowire.Fixed32Type:
			if len(b) < 4 {
				return nil, false
			}
			field, b = float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), b[4:]
		case protowire.Fixed64Type:
			if len(b) < 8 {
				return nil, false
			}
			field, b = math.Float64frombits(binary.LittleEndian.Uint64(b)), b[8:]
		case protowire.BytesType:
			x, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return nil, false
			}
			b, field = b[n:], guessBytes(x, depth-1)
		default: // groups are long out of use, and Kubernetes never used them
			return nil, false
		}
		add(out, strconv.Itoa(int(num)), finite(field))
	}
	return out, true
}

// guessBytes decides between the three things that share one wire type: a string, a message, and bytes.
func guessBytes(b []byte, depth int) any {
	if len(b) == 0 {
		return ""
	}
	if plainString(b) {
		return string(b)
	}
	if m, ok := parseMessage(b, depth); ok {
		return m
	}
	if isText(b) {
		return string(b)
	}
	return map[string]any{"base64": base64.StdEncoding.EncodeToString(b)}
}

// plainString is stricter than isText: a message of a few short strings is full of control characters that are also
// line ends and tabs.
func plainString(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsGraphic(r) {
			return false
		}
	}
	return true
}

// add gathers the values of a repeated field in a list.
func add(m map[string]any, k string, v any) {
	switch old := m[k].(type) {
	case nil:
		m[k] = v
	case repeated:
		m[k] = append(old, v)
	default:
		m[k] = repeated{old, v}
	}
}

// repeated is the list of a field's values; as a type of its own it is not taken for a value that is a list.
type repeated []any

// finite replaces what JSON cannot write.
func finite(v any) any {
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return v
}

// firstMessage is the first length-delimited field of a number.
func firstMessage(b []byte, want protowire.Number) ([]byte, bool) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, false
		}
		b = b[n:]
		if num == want && typ == protowire.BytesType {
			x, n := protowire.ConsumeBytes(b)
			return x, n >= 0
		}
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return nil, false
		}
		b = b[n:]
	}
	return nil, false
}
