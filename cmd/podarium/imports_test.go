package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/podarium/podarium/"

// mayNotImport says, for each folder, what none of its packages may depend on, directly or not, outside their tests.
// docs/architecture.md has the reasons.
var mayNotImport = map[string][]string{
	"cluster":             {module + "tui", module + "themes", module + "cmd", "charm.land/"},
	"cluster/embedded":    {module + "etcdview"},
	"cluster/attached":    {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/change":      {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/clustertest": {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/livetable":   {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/cron":        {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/debug":       {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/drain":       {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/machine":     {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/edit":        {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/internal":    {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/livelog":     {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/owned":       {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/placement":   {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/remote":      {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/restore":     {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"cluster/rollout":     {module + "controllers", module + "cluster/embedded", "k8s.io/kubernetes/"},
	"controllers":         {module + "tui", module + "themes", module + "etcdview", module + "cmd", "charm.land/"},
	"etcdview":            {module + "cluster", module + "controllers", module + "tui", module + "themes", module + "cmd", "k8s.io/kubernetes/", "charm.land/"},
	"themes":              {module + "cluster", module + "controllers", module + "tui", module + "etcdview", module + "cmd", "k8s.io/", "charm.land/"},
	"tui":                 {module + "cluster/embedded", module + "controllers", module + "cmd", "k8s.io/kubernetes/"},
}

// heavy are the only folders that may import Kubernetes' own module.
var heavy = []string{"cluster/embedded", "controllers", "cmd"}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps=false", "-json=ImportPath,Imports,Deps", module+"...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func TestWhoMayImportWhom(t *testing.T) {
	list := listPackages(t)
	if len(list) < len(mayNotImport) {
		t.Fatalf("go list found %d packages", len(list))
	}
	for _, p := range list {
		path := strings.TrimPrefix(p.ImportPath, module)
		for folder, banned := range mayNotImport {
			if !within(path, folder) {
				continue
			}
			for _, dep := range p.Deps {
				for _, b := range banned {
					if dep == strings.TrimSuffix(b, "/") || strings.HasPrefix(dep, strings.TrimSuffix(b, "/")+"/") {
						t.Errorf("%s depends on %s, which is banned in %s", path, dep, folder)
					}
				}
			}
		}
		light := true
		for _, h := range heavy {
			light = light && !within(path, h)
		}
		for _, dep := range p.Imports {
			if light && within(dep, "k8s.io/kubernetes") {
				t.Errorf("%s imports %s: only %v may", path, dep, heavy)
			}
		}
	}
}

func TestEveryPackageHasADoc(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{if and (not .Doc) .GoFiles}}{{.ImportPath}}{{end}}", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.FieldsSeq(string(out)) {
		t.Errorf("%s has no package comment", line)
	}
}
