package screen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/podarium/podarium/tui/key"
)

// Object is one object of the cluster, as a row or a title knows it. UID is empty where the object was only named.
type Object struct {
	Resource        schema.GroupVersionResource
	Kind            string
	Namespace, Name string
	UID             types.UID
}

// Request asks for a screen. Its type says which: a screen package handles the types that it declares Routes for.
type Request any

// These are the requests that any screen may make. Which package answers is the frame's concern.
type (
	// Home is the cluster at a glance.
	Home struct{}
	// Resources is the live table of a kind.
	Resources struct {
		Resource schema.GroupVersionResource
		// Namespace is empty for all; several at once have commas between them. It is ignored for kinds that have none.
		Namespace string
		// LabelSelector and FieldSelector narrow the list at the server.
		LabelSelector, FieldSelector string
		// Filter is what the filter line begins with.
		Filter string
		// Owner leaves only the objects that this one owns itself.
		Owner types.UID
		// Of says whose objects these are, for the title: "node/node-1", "deploy/web".
		Of string
		// Select puts the cursor on this object.
		Select types.UID
	}
	// Describe is what kubectl describe says.
	Describe struct{ Object }
	// YAML is the object as it is stored.
	YAML struct {
		Object
		// Reveal shows the values of a Secret, decoded.
		Reveal bool
	}
	// Rollout is the rollout screen of a Deployment, StatefulSet or DaemonSet.
	Rollout struct{ Object }
	// Logs are the logs of a Pod, of one container of it, or of all Pods of a workload.
	Logs struct {
		Object
		Container string
		Previous  bool
		// Also are further Pods whose logs are wanted at once. With any, all of them are Pods.
		Also []Object
	}
	// Containers are the containers of a Pod.
	Containers struct{ Object }
	// Events are the events that concern an object.
	Events struct{ Object }
	// Tree is an object with its owners above it and what it owns and uses below.
	Tree struct{ Object }
	// UsedBy is the table of what uses an object: a ConfigMap, a Secret, a volume claim.
	UsedBy struct{ Object }
	// Rules are what a role allows, or a binding's role, or what a service account can do.
	Rules struct{ Object }
	// EtcdKey opens an object's key in etcd.
	EtcdKey struct{ Object }
	// Etcd opens the tree of keys under a prefix; empty for the API server's own.
	Etcd struct{ Prefix string }
	// Done is the list of what was changed from here, with undo.
	Done struct{}
	// Help lists all keys of the screen it was asked from.
	Help struct {
		Of    string
		Table key.Table
	}
)

// Route leads from a type of request to the function that opens its screen.
type Route struct {
	request reflect.Type
	open    func(*Scope, Request) (Screen, error)
}

// To makes the route for requests of type R. The function makes the screen and starts its calls and live data; like
// every method of a screen it must not block. Its error is shown, and nothing is opened.
func To[R any](open func(*Scope, R) (Screen, error)) Route {
	return Route{request: reflect.TypeFor[R](), open: func(s *Scope, r Request) (Screen, error) { return open(s, r.(R)) }}
}

// Command is a word for the command line (:).
type Command struct {
	// Names are the word and its short forms; the first one is offered in completion.
	Names []string
	// Help is a phrase for the help screen.
	Help string
	// Complete offers arguments, given what has been typed of it. Nil where there are none. It must not block.
	Complete func(s *Scope, typed string) []string
	// Run makes a request of the argument. A nil request does nothing: Run has done it all.
	Run func(s *Scope, argument string) (Request, error)
}

// Module is what a package of screens registers with the frame.
type Module struct {
	// Name heads its keys in the documentation.
	Name string
	// Routes are the requests that it answers.
	Routes []Route
	// Commands are its words for the command line.
	Commands []Command
	// Keys are all tables of its screens by the screen's name, for docs/keys.md and the test that no key stands twice.
	Keys map[string]key.Table
}

// Section is one table of a module's keys by its name in the documentation.
type Section struct {
	Name string
	Keys key.Table
}

// Router finds the screen for a request.
type Router struct {
	routes   map[reflect.Type]Route
	sections map[reflect.Type][]Section
}

// NewRouter makes a router of modules. Two modules that answer the same request are an error.
func NewRouter(modules []Module) (*Router, error) {
	r := &Router{routes: map[reflect.Type]Route{}, sections: map[reflect.Type][]Section{}}
	for _, m := range modules {
		var sections []Section
		for _, name := range slices.Sorted(maps.Keys(m.Keys)) {
			sections = append(sections, Section{Name: name, Keys: m.Keys[name]})
		}
		for _, route := range m.Routes {
			if _, ok := r.routes[route.request]; ok {
				return nil, fmt.Errorf("module %s: another one answers %s already", m.Name, route.request)
			}
			r.routes[route.request] = route
			r.sections[route.request] = sections
		}
	}
	return r, nil
}

// Handles says whether some module answers requests like this one.
func (r *Router) Handles(q Request) bool {
	_, ok := r.routes[reflect.TypeOf(q)]
	return ok
}

// Sections are the tables of keys of the module that answers a request.
func (r *Router) Sections(q Request) []Section { return r.sections[reflect.TypeOf(q)] }

// Open makes the screen for a request.
func (r *Router) Open(s *Scope, q Request) (Screen, error) {
	route, ok := r.routes[reflect.TypeOf(q)]
	if !ok {
		return nil, fmt.Errorf("there is no screen for %T yet", q)
	}
	return route.open(s, q)
}
