// Package input reads values as people have them at hand: the stored bytes, base64 or hex of them, or what etcdctl get
// -w json prints.
package input

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/decode"
)

// Form is how input is written.
type Form string

// The forms. Auto tells them apart by looking.
const (
	Auto    Form = "auto"
	Raw     Form = "raw"
	Base64  Form = "base64"
	Hex     Form = "hex"
	Etcdctl Form = "etcdctl"
)

// Forms are their names.
func Forms() []string {
	return []string{string(Auto), string(Raw), string(Base64), string(Hex), string(Etcdctl)}
}

// ErrForm is returned for a form that there is none of.
var ErrForm = errors.New("no form of input")

// Read reads values in a form, or finds out how they are written. Raw bytes of a form that package decode knows go before everything else.
func Read(b []byte, key string, form Form) ([]etcdview.KV, error) {
	one := func(v []byte) []etcdview.KV { return []etcdview.KV{{Key: key, Value: v}} }
	text := strings.Join(strings.Fields(string(b)), "")
	switch form {
	case Raw:
		return one(b), nil
	case Base64:
		v, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("the input is not base64: %w", err)
		}
		return one(v), nil
	case Hex:
		if v, ok := hexDump(b); ok {
			return one(v), nil
		}
		v, err := hex.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("the input is not hex: %w", err)
		}
		return one(v), nil
	case Etcdctl:
		kvs, ok := etcdctlOutput(b)
		if !ok {
			return nil, fmt.Errorf("the input is not the output of etcdctl get -w json")
		}
		return kvs, nil
	case Auto:
	default:
		return nil, fmt.Errorf("%q: %w: not one of %s", form, ErrForm, strings.Join(Forms(), ", "))
	}
	if kvs, ok := etcdctlOutput(b); ok {
		return kvs, nil
	}
	if v := decode.Decode(context.Background(), "", b, decode.Options{}); v.Form == decode.Text || v.Form == decode.Number {
		if x, ok := hexDump(b); ok {
			return one(x), nil
		}
		if x, err := hex.DecodeString(text); err == nil && len(x) > 3 {
			return one(x), nil
		}
		if x, err := base64.StdEncoding.DecodeString(text); err == nil && len(x) > 3 {
			return one(x), nil
		}
	}
	// etcdctl and terminals end a value with a line end that is not part of it.
	if bytes.HasPrefix(b, []byte("k8s\x00")) {
		if v := decode.Decode(context.Background(), key, b, decode.Options{}); v.Err != nil {
			b = bytes.TrimSuffix(b, []byte("\n"))
		}
	}
	return one(b), nil
}

// hexDump reads what hexdump -C and -o hex print: offsets, bytes and text.
func hexDump(b []byte) ([]byte, bool) {
	var out []byte
	for line := range strings.Lines(string(b)) {
		offset, rest, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "  ")
		if n, err := strconv.ParseUint(offset, 16, 64); err != nil || len(offset) != 8 || n != uint64(len(out)) {
			return nil, false
		}
		if !ok { // the last line of hexdump -C is the length
			continue
		}
		rest, _, _ = strings.Cut(rest, "|")
		x, err := hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
		if err != nil {
			return nil, false
		}
		out = append(out, x...)
	}
	return out, len(out) > 0
}

// etcdctlOutput reads what etcdctl get -w json prints.
func etcdctlOutput(b []byte) ([]etcdview.KV, bool) {
	var out struct {
		Header *struct{} `json:"header"`
		KVs    []struct {
			Key     []byte `json:"key"`
			Value   []byte `json:"value"`
			Create  int64  `json:"create_revision"`
			Mod     int64  `json:"mod_revision"`
			Version int64  `json:"version"`
			Lease   int64  `json:"lease"`
		} `json:"kvs"`
	}
	if json.Unmarshal(b, &out) != nil || out.Header == nil {
		return nil, false
	}
	var kvs []etcdview.KV
	for _, kv := range out.KVs {
		kvs = append(kvs, etcdview.KV{Key: string(kv.Key), Value: kv.Value, CreateRevision: kv.Create, ModRevision: kv.Mod, Version: kv.Version, Lease: kv.Lease})
	}
	return kvs, true
}
