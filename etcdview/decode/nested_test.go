package decode

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestNested(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(`{"name":"web","info":{"status":"deployed"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := secret(t)
	s.Data = map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(packed.Bytes())), "pw": []byte("hunter2"), "key": {0xff, 0xfe, 0x00}}
	stored := encode(t, s, corev1.SchemeGroupVersion.WithKind("Secret"))
	v := Decode(t.Context(), "/registry/secrets/default/s", stored, Options{})
	if n := v.Nested(); len(n) != 0 {
		t.Errorf("a masked Secret tells %+v", n)
	}
	v = Decode(t.Context(), "/registry/secrets/default/s", stored, Options{ShowSecrets: true})
	found := map[string]Nested{}
	for _, n := range v.Nested() {
		found[n.Path] = n
	}
	if n := found["data.release"]; strings.Join(n.Encodings, " ") != "base64 base64 gzip JSON" || !strings.Contains(n.Text, "status: deployed") {
		t.Errorf("a Helm release: %+v", n)
	}
	if n := found["data.pw"]; n.Text != "hunter2" {
		t.Errorf("a password: %+v", n)
	}
	if n := found["data.key"]; !strings.Contains(n.Text, "ff fe 00") {
		t.Errorf("bytes: %+v", n)
	}
	plain := Decode(t.Context(), "k", []byte(`{"sha":"9f86d081884c7d659a2feaa0c55ad015","name":"abcdefghijklmnop","word":"deployment12","pem":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==","json":"{\"answer\":42}"}`), Options{})
	paths := map[string]bool{}
	for _, n := range plain.Nested() {
		paths[n.Path] = true
	}
	if paths["sha"] || paths["name"] || paths["word"] || !paths["pem"] || !paths["json"] {
		t.Errorf("taken for encoded: %v", paths)
	}
}

func FuzzNested(f *testing.F) {
	f.Add("eyJhIjoxfQ==")
	f.Add("H4sIAAAAAAAA")
	f.Add(`[[[[[{"a":"b"}]]]]]`)
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := unpack(s, true); ok && len(n.Encodings) == 0 {
			t.Errorf("%+v", n)
		}
		_, _ = unpack(s, false)
	})
}
