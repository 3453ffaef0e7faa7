package edit

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const configmap = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: v}}\n"

func TestSources(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/one.yaml" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(configmap)) // a test's answer
	}))
	t.Cleanup(web.Close)
	dir := tree(t, map[string]string{
		"b.yaml": configmap, "a.json": configmap, "z.YML": configmap, "notes.txt": "x", "below/aa.yaml": configmap, "below/further/a.yaml": configmap,
		"base/kustomization.yaml":          "resources: [one.yaml]\n",
		"base/one.yaml":                    configmap,
		"overlays/prod/kustomization.yaml": "resources: [../../base]\nnamePrefix: prod-\nnamespace: live\n",
	})
	for _, test := range []struct {
		s    Source
		want string
	}{
		{Source{Path: "b.yaml"}, "b.yaml"},
		{Source{}, "a.json b.yaml z.YML"},
		{Source{Path: "below", Recursive: true}, "below/aa.yaml below/further/a.yaml"},
		{Source{Path: "*.yaml"}, "b.yaml"},
		{Source{Path: "base"}, "base/kustomization.yaml"},
		{Source{Path: "overlays/prod", Kustomize: true}, "overlays/prod/kustomization.yaml"},
	} {
		test.s.Path = filepath.Join(dir, filepath.FromSlash(test.s.Path))
		files, err := Read(t.Context(), test.s)
		if err != nil {
			t.Errorf("%+v: %v", test.s, err)
			continue
		}
		var names []string
		for _, f := range files {
			name, err := filepath.Rel(dir, f.Name)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.ToSlash(name))
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%+v: %s, want %s", test.s, got, test.want)
		}
		if text := string(files[0].Text); files[0].Built && !strings.Contains(text, "kind: ConfigMap") || test.s.Kustomize && !strings.Contains(text, "name: prod-one\n  namespace: live") {
			t.Errorf("%+v: built\n%s", test.s, text)
		}
	}
	if files, err := Read(t.Context(), Source{Path: web.URL + "/one.yaml"}); err != nil || string(files[0].Text) != configmap {
		t.Errorf("by URL: %v %v", files, err)
	}
	for path, want := range map[string]string{
		"nowhere": "no such file", "*.nothing": "no file matches", "overlays": ": -R looks below it", "notes.d": "no such file",
	} {
		if _, err := Read(t.Context(), Source{Path: filepath.Join(dir, path)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Read(t.Context(), Source{Path: web.URL + "/two.yaml"}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a URL that is not there: %v", err)
	}
	if _, err := Read(t.Context(), Source{Path: filepath.Join(dir, "below"), Kustomize: true}); err == nil || !strings.Contains(err.Error(), "kustomization") {
		t.Errorf("kustomize without a kustomization: %v", err)
	}
}
