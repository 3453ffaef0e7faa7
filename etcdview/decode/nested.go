package decode

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// Nested is a value within a value: a string that turned out to be an encoding of something else.
type Nested struct {
	// Path is the field's.
	Path string `json:"path"`
	// Encodings are what was taken off, outermost first: base64, base64, gzip, JSON for a Helm release.
	Encodings []string `json:"encodings"`
	// Text is what is left, as text; JSON is written as YAML.
	Text string `json:"text"`
}

// Bounds of what is looked for within a value.
const (
	shortestNested = 12
	maxUnpacked    = 8 << 20
	maxLayers      = 5
)

// Nested finds what is encoded within the strings of the value. Contents of a masked Secret are left out.
func (v *Value) Nested() []Nested {
	t, err := v.Tree()
	if err != nil {
		return nil
	}
	var found []Nested
	secret := v.secret && v.show
	walk("", t, func(path, s string) {
		always := secret && strings.HasPrefix(path, "data.") || secret && strings.HasPrefix(path, "data[")
		if n, ok := unpack(s, always); ok {
			n.Path = path
			found = append(found, n)
		}
	})
	return found
}

// walk visits the strings of a tree in the order in which YAML shows them.
func walk(path string, t any, visit func(path, s string)) {
	switch t := t.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(t)) {
			p := path + "." + k
			if path == "" {
				p = k
			} else if strings.ContainsAny(k, "./") {
				p = path + "[" + k + "]"
			}
			if p == "metadata.managedFields" {
				continue
			}
			walk(p, t[k], visit)
		}
	case []any:
		for i, e := range t {
			walk(path+"["+strconv.Itoa(i)+"]", e, visit)
		}
	case string:
		visit(path, t)
	}
}

// unpack takes off encodings until plain text is left. Always says that the string is known to be base64.
func unpack(s string, always bool) (Nested, bool) {
	if len(s) < shortestNested && !always {
		return Nested{}, false
	}
	var n Nested
	b := []byte(s)
	for range maxLayers {
		if next, ok := gunzip(b); ok {
			n.Encodings, b = append(n.Encodings, "gzip"), next
			continue
		}
		if t, ok := structured(b); ok && len(n.Encodings)+len(b) > 0 {
			n.Encodings = append(n.Encodings, "JSON")
			y, err := yaml.Marshal(t)
			if err != nil {
				return n, false
			}
			n.Text = string(y)
			return n, true
		}
		if next, ok := unbase64(b, always && len(n.Encodings) == 0); ok {
			n.Encodings, b = append(n.Encodings, "base64"), next
			continue
		}
		break
	}
	if len(n.Encodings) == 0 {
		return n, false
	}
	if isText(b) {
		n.Text = string(b)
	} else {
		n.Encodings = append(n.Encodings, strconv.Itoa(len(b))+" bytes")
		v := Value{Raw: b[:min(len(b), 512)]}
		n.Text = v.Hex()
	}
	return n, true
}

// unbase64 decodes what is base64 beyond doubt: long enough, and giving something that is known. Names and hashes
// happen to be base64 too, but give bytes that are nothing.
func unbase64(b []byte, always bool) ([]byte, bool) {
	if !always && (len(b) < shortestNested || len(b)%4 != 0 || len(b) > maxUnpacked) {
		return nil, false
	}
	out, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil || len(out) == 0 {
		return nil, false
	}
	if always {
		return out, true
	}
	if bytes.HasPrefix(out, gzipMagic) || len(out) >= shortestNested && isText(out) {
		return out, true
	}
	_, ok := structured(out)
	return out, ok
}

var gzipMagic = []byte{0x1f, 0x8b, 0x08}

func gunzip(b []byte) ([]byte, bool) {
	if !bytes.HasPrefix(b, gzipMagic) {
		return nil, false
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err != nil || len(out) > maxUnpacked {
		return nil, false
	}
	return out, true
}

// structured is JSON that is a map or a list with something in it.
func structured(b []byte) (any, bool) {
	b = bytes.TrimSpace(b)
	if len(b) < 5 || b[0] != '{' && b[0] != '[' || !json.Valid(b) {
		return nil, false
	}
	t, err := parseJSON(b)
	return t, err == nil
}
