package resource

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

func commands() []screen.Command {
	return []screen.Command{{
		Names: []string{"ns", "namespace", "namespaces"},
		Help:  "list the namespaces, or work in one: ns NAME, ns all",
		Complete: func(s *screen.Scope, _ string) []string {
			return append([]string{"all"}, session.Of(s).Namespaces()...)
		},
		Run: func(s *screen.Scope, name string) (screen.Request, error) {
			if name == "" {
				return screen.Resources{Resource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}}, nil
			}
			if name == "all" {
				name = ""
			}
			session.Of(s).Use(name)
			r := session.Of(s).Last
			if k, ok := session.Of(s).ByResource(r); !ok || !k.Namespaced {
				r = pods
			}
			return screen.Resources{Resource: r, Namespace: name}, nil
		},
	}}
}
