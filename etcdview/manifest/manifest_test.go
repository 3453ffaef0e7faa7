package manifest_test

import (
	"errors"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/etcdview/decode"
	"github.com/podarium/podarium/etcdview/manifest"
)

// FuzzOf makes manifests of any bytes: what comes of them must be YAML without what the server sets.
func FuzzOf(f *testing.F) {
	for key, value := range map[string]string{
		"/registry/pods/a/b":                                         "k8s\x00\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x0a\x0a\x08\x0a\x01b\x1a\x01a\x22\x00",
		"/registry/services/specs/a/b":                               `{"apiVersion":"v1","kind":"Service","metadata":{"name":"b","uid":"u"},"spec":{"clusterIP":"10.0.0.1","ports":[{"nodePort":1}]}}`,
		"/registry/example.com/things/a/one":                         `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"one"},"status":{}}`,
		"/registry/apiextensions.k8s.io/customresourcedefinitions/x": `{"apiVersion":"apiextensions.k8s.io/v1beta1","kind":"CustomResourceDefinition","metadata":{"name":"x"},"spec":{"version":"v1"}}`,
		"/registry/secrets/a/s":                                      `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"YQ=="}}`,
		"/registry/jobs/a/j":                                         `{"apiVersion":"batch/v1","kind":"Job","metadata":7,"spec":[]}`,
	} {
		f.Add(key, []byte(value))
	}
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		v := decode.Decode(t.Context(), key, b, decode.Options{})
		text, err := manifest.Of(&v, manifest.Options{})
		if v.Masked() && !errors.Is(err, manifest.ErrMasked) {
			t.Errorf("a masked Secret became %s, %v", text, err)
		}
		if err != nil {
			return
		}
		var m map[string]any
		if err := yaml.Unmarshal(text, &m); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		meta, _ := m["metadata"].(map[string]any)
		for _, set := range []string{"uid", "resourceVersion", "managedFields"} {
			if _, ok := meta[set]; ok {
				t.Errorf("%s is kept:\n%s", set, text)
			}
		}
	})
}
