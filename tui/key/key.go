// Package key holds keys as data: what a key is called, what it does and how it is explained, in one table per screen.
//
// A screen never looks at a key: it lists its bindings, and is told which action was asked for. The same tables make
// the hints at the foot of the screen, the help screen and docs/keys.md, so none of them can be wrong.
package key

import (
	"fmt"
	"slices"
	"strings"
)

// Action names what is asked for: "delete", "rollout.undo". It is unique within a screen's table.
type Action string

// Binding is one row of a key table.
type Binding struct {
	// Action is what the keys ask for.
	Action Action
	// Keys are names as bubbletea gives them ("enter", "ctrl+d", "shift+left", "K"). The first one is shown.
	Keys []string
	// Hint is one or two words for the foot of the screen; empty keeps it out of there.
	Hint string
	// Help is a phrase for the help screen and the documentation.
	Help string
	// Group is the heading it stands under in the help.
	Group string
	// Changes says that the action changes the cluster: it is left out where the cluster is read-only.
	Changes bool
	// NoPreview says that what it changes cannot be shown first: that is up to what is typed into a shell, or copied.
	NoPreview bool
	// Disabled takes the binding out of keys, hints and help at this moment.
	Disabled bool
}

// Table is a list of bindings, in the order in which they are shown.
type Table []Binding

// Find is the action that a key asks for.
func (t Table) Find(name string) (Binding, bool) {
	for _, b := range t {
		if !b.Disabled && slices.Contains(b.Keys, name) {
			return b, true
		}
	}
	return Binding{}, false
}

// With is a copy in which the named actions are enabled or not.
func (t Table) With(enabled bool, actions ...Action) Table {
	out := slices.Clone(t)
	for i := range out {
		if slices.Contains(actions, out[i].Action) {
			out[i].Disabled = !enabled
		}
	}
	return out
}

// Hinted is a copy in which the named actions have another hint at the foot of the screen; an empty one keeps them out of there.
func (t Table) Hinted(hint string, actions ...Action) Table {
	out := slices.Clone(t)
	for i := range out {
		if slices.Contains(actions, out[i].Action) {
			out[i].Hint = hint
		}
	}
	return out
}

// Grouped is a copy in which the bindings of a group follow each other, the groups in the order of their first ones.
func (t Table) Grouped() Table {
	first := map[string]int{}
	for i, b := range t {
		if _, ok := first[b.Group]; !ok {
			first[b.Group] = i
		}
	}
	out := slices.Clone(t)
	slices.SortStableFunc(out, func(a, b Binding) int { return first[a.Group] - first[b.Group] })
	return out
}

// Check reports keys that stand twice and rows that lack what the help needs.
func (t Table) Check() error {
	seen := map[string]Action{}
	for _, b := range t {
		if b.Action == "" || len(b.Keys) == 0 || b.Help == "" || b.Group == "" {
			return fmt.Errorf("binding %q: action, keys, help and group must be set", b.Action)
		}
		for _, k := range b.Keys {
			if other, ok := seen[k]; ok {
				return fmt.Errorf("key %s: both %s and %s", k, other, b.Action)
			}
			seen[k] = b.Action
		}
	}
	return nil
}

// Name is a key as people write it: ctrl-d, shift-n, space.
func Name(k string) string {
	switch k {
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "pgup":
		return "page-up"
	case "pgdown":
		return "page-down"
	}
	if len(k) == 1 && k[0] >= 'A' && k[0] <= 'Z' {
		return k
	}
	return strings.ReplaceAll(k, "+", "-")
}

// Names are all keys of a binding, as people write them.
func (b Binding) Names() string {
	names := make([]string, len(b.Keys))
	for i, k := range b.Keys {
		names[i] = Name(k)
	}
	return strings.Join(names, " ")
}
