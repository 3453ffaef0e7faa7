package change

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestScript(t *testing.T) {
	object := func(kind string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": "x", "uid": "1"}, "data": map[string]any{"k": "dmFsdWU="}}}
	}
	for _, test := range []struct {
		plan      Plan
		want, not string
	}{
		{Plan{Summary: "scale it", Command: "kubectl scale deployment/web --replicas=3"}, "kubectl scale deployment/web --replicas=3\n", "#"},
		{Plan{Summary: "mend it"}, "# mend it", "kubectl mend"},
		{Plan{Command: "kubectl create -f -", request: request{want: object("ConfigMap")}}, "kubectl create -f - <<'PODARIUM-END'\napiVersion: v1\n", "uid"},
		{Plan{Command: "kubectl create -f -", request: request{want: object("Secret")}}, "left out", "dmFsdWU="},
	} {
		if got := test.plan.Script(); !strings.Contains(got, test.want) || strings.Contains(got, test.not) {
			t.Errorf("want %q and not %q in %q", test.want, test.not, got)
		}
	}
}
