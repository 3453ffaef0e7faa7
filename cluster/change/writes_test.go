package change

import (
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// readsKubernetes are the operations of client-go's clients that read.
var readsKubernetes = []string{"Get", "List", "Watch", "GetScale", "GetLogs", "Search"}

// asking are the API groups whose objects are questions: creating one changes nothing.
var asking = []string{"/typed/authentication/", "/typed/authorization/"}

// readsEtcd are the operations of etcd's clients, by the library and by gRPC, that read.
var readsEtcd = []string{
	"Get", "Watch", "Status", "MemberList", "AlarmList", "Leases", "TimeToLive", "HashKV", "Snapshot", "SnapshotWithVersion", "UserGet", "UserList", "RoleGet",
	"RoleList", "Sync", "AuthStatus", "RequestProgress", "GetStream", "Range", "RangeStream", "Hash", "LeaseTimeToLive", "LeaseLeases", "Recv", "Ctx", "Close",
	"Dial", "Authenticate", "Err",
}

// readsKubectl are the packages of kubectl and its libraries that change nothing, or nothing of a cluster's.
var readsKubectl = []string{
	"k8s.io/kubectl/pkg/describe", "k8s.io/kubectl/pkg/util", "k8s.io/kubectl/pkg/util/deployment", "k8s.io/kubectl/pkg/util/term", "k8s.io/cli-runtime/pkg/genericiooptions",
}

// clients are client-go's packages whose methods are operations on a cluster.
var clients = regexp.MustCompile(`^k8s\.io/(client-go|metrics/pkg/client|apiextensions-apiserver/pkg/client|kube-aggregator/pkg/client)(/[a-z]+)*/(kubernetes|dynamic|metadata|scale|clientset|clientset_generated)(/|$)`)

// writes says whether f may change a cluster, or may be a way to do so: it is not known to read.
func writes(f *types.Func) bool {
	if f.Pkg() == nil {
		return false
	}
	path, name := f.Pkg().Path(), f.Name()
	method := f.Signature().Recv() != nil
	switch {
	case path == "k8s.io/client-go/rest":
		return writesREST(f, method)
	case clients.MatchString(path):
		for _, g := range asking {
			if strings.Contains(path, g) {
				return false
			}
		}
		if !method {
			return strings.HasPrefix(name, "New") && path != "k8s.io/client-go/metadata" // another client; that of metadata is looked at here, too
		}
		return operates(f) && !slices.Contains(readsKubernetes, name)
	case strings.HasPrefix(path, "k8s.io/client-go/"):
		for _, p := range []string{"tools/remotecommand", "tools/portforward", "transport", "tools/record", "tools/events", "tools/leaderelection", "util/retry"} {
			if strings.HasPrefix(path, "k8s.io/client-go/"+p) {
				return f.Exported() && (method && operates(f) || !method && strings.HasPrefix(name, "New") || strings.Contains(name, "RoundTripper") || name == "ForwardPorts")
			}
		}
		return false
	case strings.HasPrefix(path, "k8s.io/kubectl/"), strings.HasPrefix(path, "k8s.io/cli-runtime/"):
		return !slices.Contains(readsKubectl, path)
	case strings.HasPrefix(path, "go.etcd.io/etcd/client/v3"), strings.HasPrefix(path, "go.etcd.io/etcd/api/"):
		return method && operates(f) && !slices.Contains(readsEtcd, name)
	case strings.HasPrefix(path, "go.etcd.io/etcd/etcdctl"), strings.HasPrefix(path, "go.etcd.io/etcd/etcdutl"):
		return true
	case path == "google.golang.org/grpc":
		return name == "Invoke" || name == "NewStream"
	case path == "net/http":
		return strings.HasPrefix(name, "NewRequest") || slices.Contains([]string{"Do", "Post", "PostForm", "RoundTrip"}, name)
	case path == "os/exec":
		return !method && strings.HasPrefix(name, "Command")
	case path == "os":
		return name == "StartProcess"
	case path == "syscall":
		return slices.Contains([]string{"Exec", "ForkExec", "StartProcess"}, name)
	case path == "reflect":
		return slices.Contains([]string{"Method", "MethodByName", "Call", "CallSlice"}, name)
	}
	return false
}

// throughEtcdsDoor says by what o goes through the door of etcd: by what carries out a plan. Planning writes nothing.
func throughEtcdsDoor(o types.Object) string {
	if o.Pkg() == nil || o.Pkg().Path() != module+"etcdview/operate" {
		return ""
	}
	switch o.Name() {
	case "Apply":
		return "operate.Apply"
	case "Do":
		return "operate.Operation.Do"
	}
	return ""
}

// writesREST looks at REST clients. What a request does was decided by the verb that made it; one that is made by hand has any.
func writesREST(f *types.Func, method bool) bool {
	if method {
		return slices.Contains([]string{"Verb", "Post", "Put", "Patch", "Delete"}, f.Name())
	}
	return slices.Contains([]string{"NewRequest", "NewRequestWithClient", "HTTPClientFor", "TransportFor", "HTTPWrappersForConfig"}, f.Name())
}

// operates says whether a method asks something of a server: those that do take a context or can fail.
func operates(f *types.Func) bool {
	s := f.Signature()
	if s.Params().Len() > 0 && strings.HasSuffix(s.Params().At(0).Type().String(), "context.Context") {
		return true
	}
	n := s.Results().Len()
	return n > 0 && s.Results().At(n-1).Type().String() == "error"
}

// optionsOfWrites are types that only operations of clients take which change something.
var optionsOfWrites = regexp.MustCompile(`k8s\.io/apimachinery/pkg/apis/meta/v1\.(Create|Update|Patch|Delete|Apply)Options|k8s\.io/api/policy/v1[a-z0-9]*\.Eviction|go\.etcd\.io/etcd/client/v3\.(Op|OpOption|LeaseID|CompactOption)\b|go\.etcd\.io/etcd/api/v3/etcdserverpb\.[A-Za-z]*(Put|DeleteRange|Txn|Compaction)Request`)

// hides says whether a method of an interface of ours could be a client's own that changes something.
func hides(f *types.Func) bool {
	if slices.Contains(readsEtcd, f.Name()) {
		return false
	}
	return optionsOfWrites.MatchString(f.Signature().String())
}
