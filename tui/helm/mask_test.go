package helm

import (
	"strings"
	"testing"

	"github.com/podarium/podarium/cluster/helm"
)

func TestMaskHidesWhatIsLikelyASecret(t *testing.T) {
	const text = `image: web:1
auth:
  enabled: true
  rootPassword: hunter2
  existingSecret: ""
api_key: "abc"
tls:
  privateKey: |
    line one
    line two
  cert: public
replicas: 3
---
apiVersion: v1
kind: Secret
metadata:
  name: x
data:
  user: YWRtaW4=
  other: c2VjcmV0
type: Opaque
---
kind: ConfigMap
data:
  user: admin
`
	got := mask(text)
	for _, gone := range []string{"hunter2", "abc", "line one", "line two", "YWRtaW4=", "c2VjcmV0"} {
		if strings.Contains(got, gone) {
			t.Errorf("%s is shown in\n%s", gone, got)
		}
	}
	for _, kept := range []string{"image: web:1", "  enabled: true", `existingSecret: ""`, "  cert: public", "replicas: 3", "  name: x", "type: Opaque", "  user: admin", "  rootPassword: " + hidden, "  user: " + hidden} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q is not in\n%s", kept, got)
		}
	}
	if a, b := strings.Count(text, "\n"), strings.Count(got, "\n"); a != b {
		t.Errorf("%d lines of %d", b, a)
	}
}

func TestValuesAreMaskedUntilAskedFor(t *testing.T) {
	d := &helm.Release{Name: "web", Version: 1, Config: map[string]any{"password": "hunter2", "image": "web:1"}}
	all := []*helm.Release{d}
	for reveal, want := range map[bool]bool{false: false, true: true} {
		var b strings.Builder
		for _, l := range linesOf(Text{Version: 1, What: values}, all, 0, reveal) {
			b.WriteString(l.String() + "\n")
		}
		if strings.Contains(b.String(), "hunter2") != want || !strings.Contains(b.String(), "image: web:1") {
			t.Errorf("reveal %v:\n%s", reveal, b.String())
		}
	}
}
