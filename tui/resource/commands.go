package resource

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

func commands() []screen.Command {
	return []screen.Command{{
		Names: []string{"ns", "namespace", "namespaces"},
		Help:  "list the namespaces, or work in one or several: ns NAME, ns a,b, ns all",
		Complete: func(s *screen.Scope, _ string) []string {
			return session.Of(s).Words()
		},
		Run: func(s *screen.Scope, name string) (screen.Request, error) {
			if name == "" {
				return screen.Resources{Resource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}}, nil
			}
			name = session.Of(s).Resolve(name)
			session.Of(s).Use(name)
			r := session.Of(s).Last
			if k, ok := session.Of(s).ByResource(r); !ok || !k.Namespaced {
				r = pods
			}
			return screen.Resources{Resource: r, Namespace: name}, nil
		},
	}}
}
