package input_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/podarium/podarium/etcdview/input"
)

func TestRead(t *testing.T) {
	value := []byte("k8s\x00\x0a\x09\x0a\x02v1\x12\x03Pod")
	ctl := `{"header":{"revision":7},"kvs":[{"key":"L2E=","value":"` + base64.StdEncoding.EncodeToString(value) + `","mod_revision":5}],"count":1}`
	for _, tc := range []struct {
		form input.Form
		in   string
		key  string
	}{
		{input.Auto, string(value), "k"}, {input.Raw, string(value), "k"},
		{input.Auto, base64.StdEncoding.EncodeToString(value) + "\n", "k"}, {input.Base64, base64.StdEncoding.EncodeToString(value), "k"},
		{input.Auto, hex.EncodeToString(value), "k"}, {input.Hex, hex.EncodeToString(value) + "\n", "k"},
		{input.Auto, hex.Dump(value), "k"}, {input.Hex, hex.Dump(value) + "0000000f\n", "k"},
		{input.Auto, ctl, "/a"}, {input.Etcdctl, ctl, "/a"},
	} {
		kvs, err := input.Read([]byte(tc.in), "k", tc.form)
		if err != nil || len(kvs) != 1 || !bytes.Equal(kvs[0].Value, value) || kvs[0].Key != tc.key {
			t.Errorf("%s %q: %+v, %v", tc.form, tc.in, kvs, err)
		}
	}
	for form, in := range map[input.Form]string{input.Base64: "!", input.Hex: "xyz", input.Etcdctl: "{}"} {
		if _, err := input.Read([]byte(in), "", form); err == nil {
			t.Errorf("%s takes %q", form, in)
		}
	}
	if _, err := input.Read(nil, "", "xml"); !errors.Is(err, input.ErrForm) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "k8s\x00\n", "azhzAA==", "6b387300", `{"header":{},"kvs":[{"key":"YQ==","value":"YQ=="}]}`, `{"header":null}`, "text", "12345678", "00000000  6b 38 73 00 |k8s.|\n00000004\n"} {
		f.Add([]byte(s), "auto")
	}
	f.Add([]byte("00"), "hex")
	f.Fuzz(func(t *testing.T, b []byte, form string) {
		kvs, err := input.Read(b, "/k", input.Form(form))
		if err == nil && form == string(input.Raw) && (len(kvs) != 1 || !bytes.Equal(kvs[0].Value, b)) {
			t.Errorf("raw bytes are changed: %+v", kvs)
		}
	})
}
