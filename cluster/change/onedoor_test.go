package change

import (
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/podarium/podarium/"

// allowed are the places outside of cluster/embedded and controllers, which are the cluster, from which a write may leave, with the
// reason. A place is a file and what it uses, or a whole file, or a directory with a slash at its end.
var allowed = map[string]string{
	"cluster/change/send.go: (k8s.io/client-go/rest.Interface).Verb": "the door itself",
	"etcdview/operate/": "the door of etcd: nothing else may, and who goes through it is looked at below",

	// Connections to Pods write no objects. They leave from this file, which asks for read-only itself (TestReadOnlyRefuses there).
	"cluster/remote/remote.go": "exec and attach, which are refused where the cluster is read-only, and port-forwards",
	"tui/forward/store.go: k8s.io/client-go/tools/portforward.NewForStreaming":               "listens on this machine, and dials by cluster/remote",
	"tui/forward/store.go: (*k8s.io/client-go/tools/portforward.PortForwarder).ForwardPorts": "listens on this machine, and dials by cluster/remote",
	"tui/forward/store.go: (*k8s.io/client-go/tools/portforward.PortForwarder).GetPorts":     "says where it listens",

	"cluster/cluster.go: k8s.io/client-go/kubernetes.NewForConfig": "the clients of a Cluster, whose methods are looked at",
	"cluster/cluster.go: k8s.io/client-go/dynamic.NewForConfig":    "the clients of a Cluster, whose methods are looked at",

	"cluster/drain/drain.go: (*k8s.io/kubectl/pkg/drain.Helper).GetPodsForDeletion":         "reads which Pods would go; each goes by a plan",
	"cluster/drain/drain.go: (*k8s.io/kubectl/pkg/drain.PodDeleteList).Pods":                "what was read",
	"cluster/drain/drain.go: (*k8s.io/kubectl/pkg/drain.PodDeleteList).Warnings":            "what was read",
	"cluster/rollout/state.go: k8s.io/kubectl/pkg/polymorphichelpers.StatusViewerFor":       "says how far a rollout is, of an object in memory",
	"cluster/rollout/state.go: (k8s.io/kubectl/pkg/polymorphichelpers.StatusViewer).Status": "says how far a rollout is, of an object in memory",
	"etcdview/store.go: (go.etcd.io/etcd/client/v3.KV).Txn":                                 "a transaction of reads: Counts",
	"etcdview/store.go: (go.etcd.io/etcd/client/v3.Txn).Commit":                             "a transaction of reads: Counts",
	"cluster/edit/source.go: net/http.NewRequestWithContext":                                "gets a manifest from the URL that the user gives: a GET, without the cluster's credentials",
	"cluster/edit/source.go: (*net/http.Client).Do":                                         "gets a manifest from the URL that the user gives: a GET, without the cluster's credentials",

	// Programs that are started.
	"tui/changes/editor.go: os/exec.Command":        "the user's editor, on a file",
	"tui/plugin/run.go: os/exec.CommandContext":     "the user's plugins: they are their own, and those that are called dangerous are off where the cluster is read-only",
	"tui/ptytest/terminal.go: os/exec.Command":      "podarium itself, in tests",
	"cmd/podarium/monitor_unix.go: os/exec.Command": "podarium itself, which looks after a crash",
	"cmd/podarium/demo.go: os/exec.CommandContext":  "podarium kubectl apply, which the command podarium demo is",

	// Commands by which the user says what is written: they have no screen to preview on.
	"cmd/podarium/kubectl.go":                                "kubectl itself: podarium kubectl",
	"cmd/podarium/etcdctl/":                                  "etcdctl itself: podarium etcdctl",
	"cmd/podarium/etcdcmd/snapshot.go":                       "restores a snapshot into a new directory",
	"cmd/podarium/etcdcmd/write.go: operate.Apply":           "podarium etcd put, del and undo, after a plan and --yes",
	"cmd/podarium/etcdcmd/maintain.go: operate.Operation.Do": "podarium etcd compact and the like, after a plan and --yes",

	// Who goes through the door of etcd in the UI.
	"tui/etcd/gate/gate.go: operate.Apply":        "the gate: plan, preview, confirmation, journal; closed where the etcd is read-only",
	"tui/etcd/gate/gate.go: operate.Operation.Do": "the gate: plan, preview, confirmation, journal; closed where the etcd is read-only",
}

// reason is why a use is allowed, empty where it is not, and the place that allows it.
func reason(u use) (place, why string) {
	at, _, _ := strings.Cut(u.file, ":")
	for _, place := range []string{u.file + ": " + u.what, at, filepath.ToSlash(filepath.Dir(at)) + "/"} {
		if allowed[place] != "" {
			return place, allowed[place]
		}
	}
	return "", ""
}

// looking are the packages of front ends, and of what they are made of.
var looking = []string{"./cluster/...", "./tui/...", "./etcdview/...", "./cmd/..."}

// TestOneDoor proves that no front end changes a cluster but through send, by the types of everything that it uses. The unknown
// counts as a write: every operation of Kubernetes' and etcd's clients that is not known to read, every HTTP request, every program
// that is started, and every interface of ours behind which such an operation could hide.
func TestOneDoor(t *testing.T) {
	used := map[string]bool{}
	seen := map[string]bool{}
	for _, p := range load(t, looking...) {
		path := strings.TrimPrefix(p.PkgPath, module)
		seen[path] = true
		if isCluster(path) {
			continue
		}
		for _, u := range uses(p) {
			place, why := reason(u)
			if used[place] = true; why == "" {
				t.Errorf("a write could leave from\n\t%s: %s\nline %d. Make a plan for change.Door instead, or say in allowed why it is none", u.file, u.what, u.line)
			}
		}
	}
	for _, must := range []string{"tui", "tui/changes", "tui/etcd/gate", "cluster/change", "cluster/remote", "cluster/drain", "etcdview/operate", "cmd/podarium"} {
		if !seen[must] {
			t.Errorf("package %s was not looked at", must)
		}
	}
	for place, why := range allowed {
		if !used[place] {
			t.Errorf("%s (%s) is not used any more: take it off the list", place, why)
		}
	}
}

// isCluster says that a package runs a cluster, or stands for one in tests: it is no front end.
func isCluster(path string) bool {
	return strings.HasPrefix(path, "cluster/embedded") || slices.Contains([]string{"cluster/clustertest", "tui/etcd/fixture", "etcdview/etcdtest"}, path)
}

// TestTheProofSees gives the proof a package that changes clusters in every way that it is meant to find: each line with // want.
func TestTheProofSees(t *testing.T) {
	want := regexp.MustCompile(`// want (.+)$`)
	for _, p := range load(t, "./cluster/change/testdata/sneaky") {
		missing := map[int]string{}
		for _, f := range p.Syntax {
			for _, group := range f.Comments {
				for _, c := range group.List {
					if m := want.FindStringSubmatch(c.Text); m != nil {
						missing[p.Fset.Position(c.Pos()).Line] = m[1]
					}
				}
			}
		}
		if len(missing) < 15 {
			t.Fatalf("only %d lines are wanted", len(missing))
		}
		for _, u := range uses(p) {
			switch w, ok := missing[u.line]; {
			case !ok:
				t.Errorf("line %d only reads, and is taken for %s", u.line, u.what)
			case !strings.HasSuffix(u.what, w):
				t.Errorf("line %d is %s, and is taken for %s", u.line, w, u.what)
			default:
				missing[u.line] = ""
			}
		}
		for line, w := range missing {
			if w != "" {
				t.Errorf("line %d is not seen: %s", line, w)
			}
		}
	}
}

func load(t *testing.T, patterns ...string) []*packages.Package {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := packages.Load(&packages.Config{
		Context: t.Context(), Dir: root,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
	}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		for _, e := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, e)
		}
	}
	return loaded
}

// use is a place from which a write could leave.
type use struct {
	file string // from the module's root
	line int
	what string
}

// uses are those of a package: calls, but also functions that are passed on, and interfaces that hide them.
func uses(p *packages.Package) []use {
	var out []use
	add := func(pos int, file, what string) { out = append(out, use{file: file, line: pos, what: what}) }
	dir := strings.TrimPrefix(p.PkgPath, module)
	for id, o := range p.TypesInfo.Uses {
		what := throughEtcdsDoor(o)
		if f, ok := o.(*types.Func); ok && writes(f) {
			what = f.FullName()
		}
		if what != "" {
			at := p.Fset.Position(id.Pos())
			add(at.Line, dir+"/"+filepath.Base(at.Filename), what)
		}
	}
	for id, o := range p.TypesInfo.Defs { // the methods of interfaces of ours, also of those without a name
		f, ok := o.(*types.Func)
		if !ok {
			continue
		}
		if recv := f.Signature().Recv(); recv == nil || !types.IsInterface(recv.Type()) || !hides(f) {
			continue
		}
		at := p.Fset.Position(id.Pos())
		add(at.Line, dir+"/"+filepath.Base(at.Filename), f.FullName())
	}
	slices.SortFunc(out, func(a, b use) int { return strings.Compare(a.what, b.what) })
	return out
}
