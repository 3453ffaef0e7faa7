// Package plugin runs the user's programs on the object under the cursor, as k9s does: with variables such as $NAME in
// their arguments, after a question where one is asked for, in the terminal or behind the screen.
//
// A program runs without a shell, as the user, with KUBECONFIG set to where the cluster on the screen is reached. What it does
// to the cluster does not go through podarium's door for changes: it is neither previewed, nor recorded, nor undone. A
// plugin that is marked dangerous is not run where the cluster is read-only.
package plugin

import (
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/session"
)

// Subject is what is under the cursor.
type Subject struct {
	Session *session.Session
	// Object is the object, where there is one.
	Object screen.Object
	Has    bool
	// Column is what stands in a column of its row; nil where there are none.
	Column func(name string) (string, bool)
	// Filter is the filter in force.
	Filter string
	// Containers says that the rows are the containers of a Pod, which is the object.
	Containers bool
}

// Applies says whether a plugin is for what is under the cursor.
func Applies(p config.Plugin, s Subject) bool {
	if slices.Contains(p.Scopes, "all") {
		return true
	}
	if !s.Has {
		return false
	}
	if s.Containers {
		return slices.Contains(p.Scopes, "containers")
	}
	for _, scope := range p.Scopes {
		if strings.EqualFold(scope, s.Object.Resource.Resource) {
			return true
		}
		if k, ok := s.Session.Find(scope); ok && k.Resource.GroupResource() == s.Object.Resource.GroupResource() {
			return true
		}
	}
	return false
}
