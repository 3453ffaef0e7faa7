package search_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/podarium/podarium/etcdview/search"
)

const object = `{"metadata":{"labels":{"app":"web","app.kubernetes.io/name":"shop"},"annotations":{"a.b/c":"{\"x\":1}"}},
"spec":{"containers":[{"name":"web","image":"nginx:1","ports":[{"containerPort":80},{"containerPort":443}]},{"name":"image","image":"busybox"}]},
"status":{"conditions":[{"type":"Ready","status":"False"},{"type":"Initialized","status":"True"}],"ips":["10.0.0.1","10.0.0.2"]}}`

// TestFields takes paths as people write them and as diffs print them.
func TestFields(t *testing.T) {
	var tree any
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"metadata.labels.app":                               "[web]",
		"metadata.labels[app.kubernetes.io/name]":           "[shop]",
		"metadata.labels[app]":                              "[web]",
		"metadata.annotations[a.b/c]":                       `[{"x":1}]`,
		"metadata.labels.app.kubernetes.io/name":            "[]",
		"spec.containers.image":                             "[nginx:1 busybox]",
		"spec.containers[web].image":                        "[nginx:1]",
		"spec.containers[image].image":                      "[busybox]",
		"spec.containers[1].image":                          "[busybox]",
		"spec.containers[7].image":                          "[]",
		"spec.containers[web].ports[443].containerPort":     "[443]",
		"spec.containers.ports.containerPort":               "[80 443]",
		"status.conditions[Ready].status":                   "[False]",
		"status.ips":                                        "[10.0.0.1 10.0.0.2]",
		"status.ips[1]":                                     "[10.0.0.2]",
		"status.none":                                       "[]",
		"spec.containers[web.image":                         "[]",
		"metadata.labels[app.kubernetes.io/name].something": "[]",
	} {
		if got := fmt.Sprint(search.Fields(tree, field)); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}

// FuzzFields takes any path through any JSON, and any pattern as each of the modes.
func FuzzFields(f *testing.F) {
	f.Add(object, "metadata.labels[app.kubernetes.io/name]")
	f.Add(object, "spec.containers[0].image")
	f.Add(`[[{"a":1}]]`, "[0]]..[a[")
	f.Fuzz(func(_ *testing.T, text, path string) {
		var tree any
		if json.Unmarshal([]byte(text), &tree) == nil {
			_ = search.Fields(tree, path)
		}
		for _, mode := range []search.Mode{search.Substring, search.Glob, search.Regexp, search.Fuzzy, search.Exact} {
			_ = search.Query{Key: path, Value: text, Mode: mode}.Check()
		}
	})
}
