package examples

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	sigsyaml "sigs.k8s.io/yaml"
)

// Every manifest holds objects that Kubernetes knows, without a misspelt field, and says what it is about.
func TestManifests(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Summary == "" || len(e.Try) == 0 {
			t.Errorf("%s does not say what it shows and what to try", e.Name)
		}
		for _, c := range e.Try {
			if c.Line == "" || strings.Contains(c.Line, "#") || !strings.Contains(c.Line, "podarium") {
				t.Errorf("%s: %q is no command of podarium's", e.Name, c.Line)
			}
		}
		r := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(e.Manifest)))
		for n := 0; ; n++ {
			doc, err := r.Read()
			if errors.Is(err, io.EOF) {
				if n == 0 {
					t.Errorf("%s is empty", e.Name)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			obj, _, err := scheme.Codecs.UniversalDeserializer().Decode(doc, nil, nil)
			if err != nil {
				t.Errorf("%s: object %d: %v", e.Name, n, err)
				continue
			}
			if err := sigsyaml.UnmarshalStrict(doc, obj); err != nil {
				t.Errorf("%s: object %d: %v", e.Name, n, err)
			}
		}
	}
	if _, err := Find("nothing"); err == nil || !strings.Contains(err.Error(), "shop") {
		t.Errorf("an example that there is not: %v", err)
	}
}
