package change

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// mutating are the methods of Kubernetes' and etcd's clients that change something, and what kubectl's library does by them.
var mutating = []string{
	// typed, dynamic and scale clients
	"Create", "Update", "UpdateStatus", "UpdateScale", "UpdateApproval", "UpdateEphemeralContainers", "UpdateResize", "Finalize", "Bind",
	"Patch", "Apply", "ApplyStatus", "ApplyScale", "Delete", "DeleteCollection", "Evict", "EvictV1", "EvictV1beta1", "CreateToken", "CreateWithEventNamespaceWithContext",
	// REST clients
	"Post", "Put", "Verb",
	// kubectl's helpers
	"Rollback", "Scale", "ScaleSimple", "DeleteOrEvictPods", "DeletePod", "EvictPod", "PatchOrReplace", "PatchOrReplaceWithContext",
	"RunNodeDrain", "RunCordonOrUncordon", "Replace", "DeleteWithOptions",
	// etcd
	"Txn", "Do", "Grant", "Revoke", "Compact", "Defragment", "MoveLeader", "MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote", "AlarmDisarm",
}

// asking are the API groups whose objects are questions: creating one changes nothing.
var asking = []string{"/typed/authentication/", "/typed/authorization/"}

// TestOneDoor proves that no front end changes a cluster but through send, by the types of everything that it calls.
// What runs a cluster (cluster/embedded) or tests one (clustertest, the etcd of the screens' tests) is no front end.
func TestOneDoor(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/podarium/podarium/"
	loaded, err := packages.Load(&packages.Config{
		Context: t.Context(), Dir: root,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
	}, "./cluster/...", "./tui/...")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	seen := map[string]bool{}
	for _, p := range loaded {
		path := strings.TrimPrefix(p.PkgPath, module)
		seen[path] = true
		if strings.HasPrefix(path, "cluster/embedded") || path == "cluster/clustertest" || path == "tui/etcd/fixture" {
			continue
		}
		for _, e := range p.Errors {
			t.Fatalf("%s: %v", path, e)
		}
		for _, file := range p.Syntax {
			ast.Inspect(file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if f, ok := p.TypesInfo.Uses[sel.Sel].(*types.Func); ok && changes(f) {
						at := p.Fset.Position(sel.Pos())
						name, _ := filepath.Rel(root, at.Filename)
						found = append(found, fmt.Sprintf("%s: %s", filepath.ToSlash(name), f.FullName()))
					}
				}
				return true
			})
		}
	}
	for _, must := range []string{"tui", "cluster/change", "cluster/rollout", "cluster/livetable", "cluster/drain"} {
		if !seen[must] {
			t.Errorf("package %s was not looked at", must)
		}
	}
	want := []string{
		"cluster/change/send.go: (k8s.io/client-go/rest.Interface).Verb",
		"cluster/remote/remote.go: (k8s.io/client-go/rest.Interface).Post", // the URL of a connection to a Pod: exec, attach, port-forward
	}
	if !slices.Equal(found, want) {
		t.Errorf("writes leave from\n  %s\nand may leave from\n  %s\nonly: make a plan for change.Door instead", strings.Join(found, "\n  "), strings.Join(want, "\n  "))
	}
}

// changes says whether calling f may change a cluster.
func changes(f *types.Func) bool {
	if f.Pkg() == nil || !slices.Contains(mutating, f.Name()) {
		return false
	}
	path := f.Pkg().Path()
	switch {
	case strings.HasPrefix(path, "k8s.io/client-go/"), strings.HasPrefix(path, "go.etcd.io/etcd/"):
		for _, g := range asking {
			if strings.Contains(path, g) {
				return false
			}
		}
		// rest.Request has Do for reads too: what it does was decided by the verb that made it.
		return f.FullName() != "(*k8s.io/client-go/rest.Request).Do"
	case strings.HasPrefix(path, "k8s.io/kubectl/"), strings.HasPrefix(path, "k8s.io/cli-runtime/"):
		return true
	}
	return false
}
