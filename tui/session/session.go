// Package session is where the user works, shared by all screens: the namespace, the favourite ones, and the kinds that
// the cluster serves by every name they have.
//
// A Session belongs to the UI's goroutine. It loads discovery by calls of a Scope; until they are done it knows nothing,
// and WhenLoaded waits.
package session

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
)

// callTimeout bounds discovery, which asks for every API group.
const callTimeout = 15 * time.Second

// Kind is a kind of object that the cluster serves.
type Kind struct {
	Resource   schema.GroupVersionResource
	Kind       string
	Singular   string
	Short      []string
	Namespaced bool
	Verbs      []string
	// Scales says that the kind has the scale subresource.
	Scales bool
}

// Can says whether the server offers a verb on the kind: "watch", "delete".
func (k *Kind) Can(verb string) bool { return slices.Contains(k.Verbs, verb) }

// Session is where the user works.
type Session struct {
	// Namespace is the one in force; empty for all. Several at once have commas between them.
	Namespace string
	// Favourites are the namespaces behind the keys 0 to 9; the first is all of them.
	Favourites []string
	// Last is the resource of the table last looked at.
	Last schema.GroupVersionResource
	// StateDir is where the UI remembers what the user has chosen on the screen; empty for nowhere.
	StateDir string

	config     *config.Config
	kinds      []*Kind
	names      map[string]*Kind
	namespaces []string
	loading    bool
	waiting    []func(error)
}

type key struct{}

// Of is the session that all screens share.
func Of(s *screen.Scope) *Session {
	return screen.Service(s, key{}, func() *Session {
		ses := &Session{}
		ses.Configure(config.Default())
		return ses
	})
}

// Configure takes the user's configuration. The namespace in force stays.
func (s *Session) Configure(c *config.Config) {
	s.config = c
	s.Favourites = []string{""}
	for _, f := range c.Namespaces.Favourites {
		s.Favourites = append(s.Favourites, s.Resolve(f))
	}
}

// Config is the user's configuration. It is not to be changed.
func (s *Session) Config() *config.Config { return s.config }

// Resolve is the namespace, or several, that a word of the user's means: all, a set of the configuration, a name, or names
// with commas between them.
func (s *Session) Resolve(word string) string {
	if word == "all" {
		return ""
	}
	var names []string
	for _, part := range strings.Split(word, ",") {
		for _, n := range s.config.Namespaces.Expand(part) {
			if n != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return strings.Join(names, ",")
}

// Label is what a namespace, or several, are called on the screen: a set by its name.
func (s *Session) Label(namespace string) string {
	if namespace == "" {
		return "all"
	}
	if strings.Contains(namespace, ",") {
		for _, name := range s.Sets() {
			if s.Resolve(name) == namespace {
				return name
			}
		}
	}
	return namespace
}

// Sets are the names of the sets of namespaces, sorted.
func (s *Session) Sets() []string {
	return slices.Sorted(maps.Keys(s.config.Namespaces.Sets))
}

// Words are what can be said for a namespace: all, the sets, and the namespaces last seen.
func (s *Session) Words() []string {
	return slices.Concat([]string{"all"}, s.Sets(), s.namespaces)
}

// Use makes a namespace the one in force, and a favourite where there is room for it.
func (s *Session) Use(namespace string) {
	s.Namespace = namespace
	if slices.Contains(s.Favourites, namespace) {
		return
	}
	if len(s.Favourites) == 10 {
		s.Favourites = slices.Delete(s.Favourites, 2, 3)
	}
	s.Favourites = append(s.Favourites, namespace)
}

// Load asks the cluster what it serves. Kinds appear and go as the definitions of custom resources do: ask again where
// a name is missing.
func (s *Session) Load(scope *screen.Scope) {
	c := scope.Cluster()
	if s.loading || c.EtcdOnly() {
		return
	}
	s.loading = true
	screen.Call(scope, "discovery", callTimeout, func(ctx context.Context) ([]*Kind, error) {
		return discover(ctx, c)
	}, func(kinds []*Kind, err error) {
		s.loading = false
		if len(kinds) > 0 {
			s.kinds, s.names = kinds, index(kinds)
			err = nil
		}
		if err != nil {
			scope.Say(screen.Bad, "what the cluster serves is not known: "+screen.Reason(err))
		}
		waiting := s.waiting
		s.waiting = nil
		for _, f := range waiting {
			f(err)
		}
	})
	s.LoadNamespaces(scope)
}

// LoadNamespaces asks the cluster for its namespaces, for completion.
func (s *Session) LoadNamespaces(scope *screen.Scope) {
	c := scope.Cluster()
	screen.Poll(scope, callTimeout, func(ctx context.Context) ([]string, error) {
		l, err := c.Kubernetes().CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		names := make([]string, len(l.Items))
		for i := range l.Items {
			names[i] = l.Items[i].Name
		}
		return names, nil
	}, func(names []string, err error) {
		if err == nil { // one who may not list namespaces types them
			s.namespaces = names
		}
	})
}

// Complete offers namespaces, for a command that takes one.
func Complete(s *screen.Scope, _ string) []string {
	return append([]string{"all"}, Of(s).Namespaces()...)
}

// UseArgument is the namespace that a command's argument means, and from then on the one in force: a name, or all for all.
// Without an argument it is the one in force already. What cannot be a namespace is an error, and changes nothing.
func (s *Session) UseArgument(argument string) (string, error) {
	switch argument {
	case "":
	case "-", "0": // 0 is the key for all
		s.Use("")
	default:
		ns := s.Resolve(argument)
		for name := range strings.SplitSeq(ns, ",") {
			if ns != "" && len(validation.IsDNS1123Label(name)) > 0 {
				return "", fmt.Errorf("%q is no namespace; / filters what is shown", argument)
			}
		}
		s.Use(ns)
	}
	return s.Namespace, nil
}

// Loading says that the kinds are being asked for.
func (s *Session) Loading() bool { return s.loading }

// WhenLoaded runs f when the kinds are known, at once where they are. The error says that they cannot be known.
func (s *Session) WhenLoaded(f func(error)) {
	if !s.loading {
		f(nil)
		return
	}
	s.waiting = append(s.waiting, f)
}

// Kinds are all kinds that can be listed, by name.
func (s *Session) Kinds() []*Kind { return s.kinds }

// NamesOf are the short names that mean a kind, the shortest first.
func (s *Session) NamesOf(kind *Kind) []string {
	var names []string
	for name, k := range s.names {
		if k == kind && name != k.Resource.Resource && !strings.Contains(name, ".") {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	return names
}

// Namespaces are the names last seen, sorted.
func (s *Session) Namespaces() []string { return s.namespaces }

// Find is the kind that a name means: plural, singular, short or kind, alone or followed by a group (deployments.apps).
// group/version/resource (v1/pods, apps/v1/deployments) means the resource, in whatever version.
func (s *Session) Find(name string) (*Kind, bool) {
	name = strings.ToLower(name)
	switch parts := strings.Split(name, "/"); len(parts) {
	case 2:
		name = parts[1]
	case 3:
		name = parts[2] + "." + parts[0]
	}
	k, ok := s.names[name]
	return k, ok
}

// ByResource is the kind of a resource, whatever its version.
func (s *Session) ByResource(r schema.GroupVersionResource) (*Kind, bool) {
	for _, k := range s.kinds {
		if k.Resource.Resource == r.Resource && k.Resource.Group == r.Group {
			return k, true
		}
	}
	return nil, false
}

// ByKind is the kind of an owner reference.
func (s *Session) ByKind(apiVersion, kind string) (*Kind, bool) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, false
	}
	for _, k := range s.kinds {
		if k.Kind == kind && k.Resource.Group == gv.Group {
			return k, true
		}
	}
	return nil, false
}

func discover(ctx context.Context, c *cluster.Cluster) ([]*Kind, error) {
	c.Discovery().Invalidate()
	lists, err := c.Discovery().ServerPreferredResources() // some groups can fail while the rest is good
	if apierrors.IsForbidden(err) {                        // client-go drops what the server says; this asks for it plainly
		if said := c.Kubernetes().Discovery().RESTClient().Get().AbsPath("/api").Do(ctx).Error(); said != nil {
			err = said
		}
	}
	var kinds []*Kind
	for _, l := range lists {
		gv, parseErr := schema.ParseGroupVersion(l.GroupVersion)
		if parseErr != nil {
			continue
		}
		scales := scaling(c, l.GroupVersion)
		for _, r := range l.APIResources {
			if strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") {
				continue
			}
			singular := r.SingularName
			if singular == "" {
				singular = strings.ToLower(r.Kind)
			}
			kinds = append(kinds, &Kind{
				Resource: gv.WithResource(r.Name), Kind: r.Kind, Singular: singular, Short: r.ShortNames,
				Namespaced: r.Namespaced, Verbs: r.Verbs, Scales: scales[r.Name],
			})
		}
	}
	slices.SortStableFunc(kinds, func(a, b *Kind) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Resource.Resource, b.Resource.Resource)
	})
	return kinds, err
}

// scaling are the resources of a group's version that have the scale subresource. What was asked for a moment ago is not asked again.
func scaling(c *cluster.Cluster, version string) map[string]bool {
	scales := map[string]bool{}
	if l, err := c.Discovery().ServerResourcesForGroupVersion(version); err == nil { // the preferred ones come without subresources
		for _, r := range l.APIResources {
			if name, ok := strings.CutSuffix(r.Name, "/scale"); ok {
				scales[name] = true
			}
		}
	}
	return scales
}

// rank decides who has a name that several groups use: the core group, then Kubernetes' own, then the others.
func rank(k *Kind) int {
	switch g := k.Resource.Group; {
	case g == "":
		return 0
	case g == "apps":
		return 1
	case !strings.Contains(g, ".") || strings.HasSuffix(g, ".k8s.io"):
		return 2
	default:
		return 3
	}
}

func index(kinds []*Kind) map[string]*Kind {
	names := map[string]*Kind{}
	add := func(name string, k *Kind) {
		if _, ok := names[name]; !ok && name != "" {
			names[name] = k
		}
	}
	for _, k := range kinds {
		add(k.Resource.Resource, k)
	}
	for _, k := range kinds {
		add(k.Singular, k)
		add(strings.ToLower(k.Kind), k)
		for _, short := range k.Short {
			add(short, k)
		}
		add(k.Resource.GroupResource().String(), k)
	}
	for name, resource := range k9sNames {
		if k, ok := names[resource]; ok {
			add(name, k)
		}
	}
	return names
}

// k9sNames are short forms that k9s has and the API has not.
var k9sNames = map[string]string{
	"dp": "deployments", "sec": "secrets", "jo": "jobs", "cr": "clusterroles", "crb": "clusterrolebindings",
	"ro": "roles", "rb": "rolebindings", "np": "networkpolicies",
}
