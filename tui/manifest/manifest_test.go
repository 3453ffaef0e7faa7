package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster/change"
	"github.com/podarium/podarium/cluster/edit"
	"github.com/podarium/podarium/tui/screentest"
)

func TestGolden(t *testing.T) {
	h, s := screentest.New(t, nil)
	ref := func(group, kind, resource, name string) change.Ref {
		return change.Ref{Resource: schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}, Kind: kind, Namespace: "default", Name: name}
	}
	object := func(image string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": int64(3), "image": image}}}
	}
	web := ref("apps", "Deployment", "deployments", "web")
	v := &view{scope: s, request: Show{Source: edit.Source{Path: "shop/"}, ApplyOptions: edit.ApplyOptions{Namespace: "default"}}, rows: []row{
		{file: "shop/1-config.yaml", Item: edit.Item{Ref: ref("", "ConfigMap", "configmaps", "web"), Err: fmt.Errorf("configmap/web: %w", change.ErrNothingToDo)}},
		{file: "shop/2-web.yaml", Item: edit.Item{Ref: web, Plan: &change.Plan{
			Verb: "update", Summary: "apply deployment.apps/web", Command: "kubectl -n default apply -f -", Ref: web, Before: object("nginx:1"), After: object("nginx:2"),
		}}},
		{file: "shop/2-web.yaml", Item: edit.Item{Ref: ref("", "Service", "services", "web"), Plan: &change.Plan{Verb: "create", Summary: "create service/web", After: object("x")}}},
		{file: "shop/3-rest.yaml", Item: edit.Item{Ref: ref("example.com", "Widget", "", "w"), Err: errors.New(`Widget "w": no matches for kind "Widget" in version "example.com/v1"`)}},
	}}
	v.move(1)
	screentest.AllSizes(t, h, "manifest", v)
	v.err, v.rows = errors.New("open nowhere.yaml: no such file or directory"), nil
	screentest.Sized(t, h, "error", v, 80, 24)
}

func TestParse(t *testing.T) {
	for line, want := range map[string]Show{
		"web.yaml":                          {Source: edit.Source{Path: "web.yaml"}},
		"-f 'a dir' -R":                     {Source: edit.Source{Path: "a dir", Recursive: true}},
		"-k overlays/prod":                  {Source: edit.Source{Path: "overlays/prod", Kustomize: true}},
		"--server-side x -R":                {Source: edit.Source{Path: "x", Recursive: true}, ApplyOptions: edit.ApplyOptions{ServerSide: true}},
		"https://a/b.yaml":                  {Source: edit.Source{Path: "https://a/b.yaml"}},
		"--server-side --force-conflicts x": {Source: edit.Source{Path: "x"}, ApplyOptions: edit.ApplyOptions{ServerSide: true, ForceConflicts: true}},
	} {
		if got, err := parse(line); err != nil || got != want {
			t.Errorf("%s: %+v %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"": "name a file", "-": "name a file", "-R": "name a file", "a b": "one path", "-k x -R": "leave out -R", "--prune x": "knows no --prune",
		"--force-conflicts x": "needs --server-side",
	} {
		if _, err := parse(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestWhatApplyingDoesInWords(t *testing.T) {
	for want, n := range map[string][2]int{
		"1 object will be created": {1, 0}, "2 objects will be changed": {0, 2}, "2 objects will be created and 1 changed": {2, 1},
	} {
		if got := toApply(n[0], n[1]); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}
