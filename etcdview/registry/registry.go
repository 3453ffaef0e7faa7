// Package registry knows how a Kubernetes API server names its objects in etcd: it turns keys into resources and
// resources into keys.
//
// The rules are those of Kubernetes 1.37 (k8s.io/apiserver/pkg/server/storage, k8s.io/kubernetes/pkg/kubeapiserver):
// built-in resources are kept at PREFIX/RESOURCE[/NAMESPACE]/NAME with no API group in the path, custom resources,
// CustomResourceDefinitions and APIServices at PREFIX/GROUP/RESOURCE[/NAMESPACE]/NAME; a few built-in ones have
// older names (minions, services/specs). The package does no I/O, and any bytes may be given as a key.
package registry

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// DefaultPrefix is where a Kubernetes API server keeps its objects unless --etcd-prefix says otherwise.
const DefaultPrefix = "/registry"

// CompactKey is the key outside every prefix by which API servers agree on who compacts. Its value is the last
// compacted revision, its version a logical clock.
const CompactKey = "compact_rev_key"

// Special says that a key is not an ordinary object.
type Special string

// The keys that are not ordinary objects.
const (
	// Ordinary is any object that the API serves under its own name.
	Ordinary Special = ""
	// MasterLease is the address of one API server: an Endpoints object kept alive by an etcd lease of some seconds.
	// masterleases are for the Service kubernetes, peerserverleases for the API servers among themselves.
	MasterLease Special = "masterlease"
	// Allocator is a RangeAllocation: the bitmap of node ports (and, before 1.35, of Service IPs) in use.
	Allocator Special = "allocator"
	// Compaction is CompactKey.
	Compaction Special = "compaction"
)

// Object is what a key names.
type Object struct {
	schema.GroupResource
	// Namespace is empty for objects that have none.
	Namespace string
	// Name is the object's name.
	Name string
	// Kind is known for built-in resources only.
	Kind string
	// Builtin says that the resource is compiled into Kubernetes rather than defined by a CustomResourceDefinition.
	Builtin bool
	// Special is set where the key is not an ordinary object; the API then does not serve it at this name.
	Special Special
}

// IsSecret says whether the key holds a core Secret, which is masked until asked for.
func (o Object) IsSecret() bool { return o.Group == "" && o.Resource == "secrets" }

// Served says whether the API serves this object, so that there is a way from the key to it.
func (o Object) Served() bool { return o.Special == Ordinary && o.Name != "" }

// String is RESOURCE[.GROUP] [NAMESPACE/]NAME, as kubectl's users write it.
func (o Object) String() string {
	s := o.GroupResource.String()
	if o.Name == "" {
		return s
	}
	if o.Namespace != "" {
		return s + " " + o.Namespace + "/" + o.Name
	}
	return s + " " + o.Name
}

// prefixes are tried in turn by Parse where the caller names none: upstream's and OpenShift's.
var prefixes = []string{DefaultPrefix, "/kubernetes.io", "/openshift.io"}

// IsRoot says whether a directory, with the slash at its end, is the one that an API server keeps its objects in. The
// prefix is as for Parse.
func IsRoot(prefix, dir string) bool {
	dir = strings.TrimRight(dir, "/")
	if prefix != "" {
		return dir == strings.TrimRight(prefix, "/")
	}
	return slices.Contains(prefixes, dir)
}

// Roots are the directories, with a slash at the end of each, that API servers keep their objects in: the one that is
// named, if any is, and those in common use.
func Roots(prefix string) []string {
	var roots []string
	if prefix != "" {
		roots = append(roots, strings.TrimRight(prefix, "/")+"/")
	}
	for _, p := range prefixes {
		roots = append(roots, p+"/")
	}
	return roots
}

// Within says whether a key belongs to an API server, whatever it names: it lies in one of the Roots, or is CompactKey.
func Within(prefix, key string) bool {
	return key == CompactKey || slices.ContainsFunc(Roots(prefix), func(root string) bool { return strings.HasPrefix(key, root) })
}

// Parse says which object a key names. The prefix is the API server's --etcd-prefix; empty means: any that is in
// common use. It is false where the key lies outside the prefix or is only part of a path.
func Parse(prefix, key string) (Object, bool) {
	if key == CompactKey {
		return Object{Name: CompactKey, Special: Compaction}, true
	}
	if prefix != "" {
		return parseUnder(strings.TrimRight(prefix, "/"), key)
	}
	for _, p := range prefixes {
		if o, ok := parseUnder(p, key); ok {
			return o, true
		}
	}
	return Object{}, false
}

func parseUnder(prefix, key string) (Object, bool) {
	rest, ok := strings.CutPrefix(key, prefix+"/")
	if !ok {
		return Object{}, false
	}
	parts := strings.Split(rest, "/")
	for _, p := range parts {
		if p == "" {
			return Object{}, false
		}
	}
	if len(parts) >= 2 {
		switch parts[0] {
		case "masterleases", "peerserverleases":
			return Object{GroupResource: schema.GroupResource{Resource: "endpoints"}, Kind: "Endpoints", Builtin: true,
				Name: strings.Join(parts[1:], "/"), Special: MasterLease}, true
		case "ranges":
			return Object{GroupResource: schema.GroupResource{Resource: "rangeallocations"}, Kind: "RangeAllocation", Builtin: true,
				Name: strings.Join(parts[1:], "/"), Special: Allocator}, true
		}
	}
	if b, n := byPath(parts); n > 0 {
		o := Object{GroupResource: schema.GroupResource{Group: b.group, Resource: b.resource}, Kind: b.kind, Builtin: true}
		return o.named(parts[n:])
	}
	if len(parts) >= 2 && strings.Contains(parts[0], ".") {
		o := Object{GroupResource: schema.GroupResource{Group: parts[0], Resource: parts[1]}}
		return o.named(parts[2:])
	}
	// A resource that this version of Kubernetes does not have: an older or newer one, or a vendor's.
	o := Object{GroupResource: schema.GroupResource{Resource: parts[0]}}
	return o.named(parts[1:])
}

// named takes the namespace and the name from what follows the resource in a key.
func (o Object) named(rest []string) (Object, bool) {
	switch len(rest) {
	case 1:
		o.Name = rest[0]
	case 2:
		o.Namespace, o.Name = rest[0], rest[1]
	default:
		return Object{}, false
	}
	return o, true
}

// Resource says which resource a directory of keys belongs to, such as /registry/pods/ or /registry/pods/default/,
// and the namespace where the directory is one. Parse does the same for whole keys.
func Resource(prefix, dir string) (gr schema.GroupResource, namespace string, ok bool) {
	o, ok := Parse(prefix, strings.TrimRight(dir, "/")+"/x")
	if !ok || o.Special != Ordinary {
		return schema.GroupResource{}, "", false
	}
	return o.GroupResource, o.Namespace, true
}

// Key is where the API server keeps an object. Namespace is empty for objects without one. An empty prefix means
// DefaultPrefix. Every resource that is not built in is taken for a custom one.
func Key(prefix string, gr schema.GroupResource, namespace, name string) string {
	return Dir(prefix, gr, namespace) + name
}

// Dir is the prefix, with a slash at the end, of all keys of a resource, or of those in one namespace.
func Dir(prefix string, gr schema.GroupResource, namespace string) string {
	if prefix == "" {
		prefix = DefaultPrefix
	}
	prefix = strings.TrimRight(prefix, "/") + "/"
	dir := gr.Group + "/" + gr.Resource
	if gr.Group == "" {
		dir = gr.Resource
	}
	if b, ok := byResource(gr); ok {
		dir = b.path()
	}
	if namespace != "" {
		dir += "/" + namespace
	}
	return prefix + dir + "/"
}

// Dirs are the directories, relative to the prefix and without slashes at the ends, of all built-in resources, in
// no order. They are good places to look for keys first.
func Dirs() []string {
	var dirs []string
	for i := range builtins {
		dirs = append(dirs, builtins[i].path())
	}
	return append(dirs, "masterleases", "peerserverleases", "ranges")
}

// Resolve finds the resource that a user means: RESOURCE.GROUP as it is, a built-in one also without its group, in the
// singular, as its kind, or by kubectl's short name.
func Resolve(name string) (schema.GroupResource, bool) {
	gr := schema.ParseGroupResource(name)
	if gr.Group != "" {
		return gr, true
	}
	want := strings.ToLower(name)
	if long, ok := shortNames[want]; ok {
		want = long
	}
	for i := range builtins {
		b := &builtins[i]
		if b.resource == want || strings.ToLower(b.kind) == want {
			return schema.GroupResource{Group: b.group, Resource: b.resource}, true
		}
	}
	return gr, false
}

// shortNames are those of kubectl.
var shortNames = map[string]string{
	"cm": "configmaps", "crd": "customresourcedefinitions", "crds": "customresourcedefinitions", "cj": "cronjobs", "csr": "certificatesigningrequests",
	"deploy": "deployments", "ds": "daemonsets", "ep": "endpoints", "ev": "events", "hpa": "horizontalpodautoscalers", "ing": "ingresses",
	"limits": "limitranges", "netpol": "networkpolicies", "no": "nodes", "ns": "namespaces", "pc": "priorityclasses", "pdb": "poddisruptionbudgets",
	"po": "pods", "pv": "persistentvolumes", "pvc": "persistentvolumeclaims", "quota": "resourcequotas", "rc": "replicationcontrollers",
	"rs": "replicasets", "sa": "serviceaccounts", "sc": "storageclasses", "sts": "statefulsets", "svc": "services",
}
