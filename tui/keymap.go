package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/screen"
)

// The sections of keys that are the frame's own, as docs/keys.md and the configuration call them.
const (
	sectionFrame = "Everywhere"
	sectionTabs  = "Several clusters"
)

// sections are the tables of keys by the names under which they can be configured.
func sections() map[string]key.Table {
	all := map[string]key.Table{sectionFrame: frameKeys(), sectionTabs: tabTable(), sectionTour: tourTable()}
	for _, m := range modules() {
		maps.Copy(all, m.Keys)
	}
	return all
}

// keymap is what the user's configuration makes of the keys.
type keymap map[string]map[key.Action][]string

func newKeymap(src *config.Source) keymap {
	k := keymap{}
	for section, actions := range src.Keys {
		name, ok := findSection(section)
		if !ok {
			continue
		}
		k[name] = map[key.Action][]string{}
		for a, keys := range actions {
			k[name][key.Action(a)] = keys
		}
	}
	return k
}

// findSection is a section's name as it is written in the documentation, for the same in any case.
func findSection(name string) (string, bool) {
	for s := range sections() {
		if strings.EqualFold(s, name) {
			return s, true
		}
	}
	return "", false
}

// table is a screen's table with the user's keys. A module with several screens has a section for each: that one is meant
// that has most of the table's actions.
func (k keymap) table(of []screen.Section, t key.Table) key.Table {
	if len(k) == 0 {
		return t
	}
	best, most := "", 0
	for _, s := range of {
		n := 0
		for _, b := range t {
			if slices.ContainsFunc(s.Keys, func(other key.Binding) bool { return other.Action == b.Action }) {
				n++
			}
		}
		if n > most {
			best, most = s.Name, n
		}
	}
	return t.Remap(k[best])
}

// CheckConfig finds what is wrong with the keys of a configuration: screens and actions that there are not, and keys that
// would do two things. Those of plugins and hot keys that a screen has for itself are warnings.
func CheckConfig(src *config.Source) {
	all := sections()
	names := slices.Sorted(maps.Keys(all))
	for _, given := range slices.Sorted(maps.Keys(src.Keys)) {
		section, ok := findSection(given)
		if !ok {
			src.Report(config.Unknown("screen", given, names), "keys", given)
			continue
		}
		for _, a := range slices.Sorted(maps.Keys(src.Keys[given])) {
			actions := actionsOf(all[section])
			if !slices.Contains(actions, a) {
				src.Report(config.Unknown("action of "+section, a, actions), "keys", given, a)
			}
		}
	}
	k := newKeymap(src)
	for _, given := range slices.Sorted(maps.Keys(src.Keys)) {
		if section, ok := findSection(given); ok {
			k.checkClashes(src, all, given, section)
		}
	}
	k.checkExtras(src, all)
}

func actionsOf(t key.Table) []string {
	var names []string
	for _, b := range t {
		if !slices.Contains(names, string(b.Action)) {
			names = append(names, string(b.Action))
		}
	}
	return names
}

// checkClashes reports the keys that a section's configuration gives to an action, and that do something else too, in the
// same table or everywhere. What shares a key from the start does so because it is never offered at the same time.
func (k keymap) checkClashes(src *config.Source, all map[string]key.Table, given, section string) {
	for _, a := range slices.Sorted(maps.Keys(src.Keys[given])) {
		mine := all[section].Remap(k[section])
		for _, b := range mine {
			if string(b.Action) != a {
				continue
			}
			for _, other := range k.besides(all, section) {
				if other.Action == b.Action && other.section == section {
					continue
				}
				for i, name := range b.Keys {
					if slices.Contains(other.Keys, name) && !slices.Contains(other.before, name) {
						src.Report(clash(name, b, section, other), "keys", given, a, fmt.Sprint(i))
					} else if slices.Contains(other.Keys, name) && !sharedBefore(all[section], b.Action, name) {
						src.Report(clash(name, b, section, other), "keys", given, a, fmt.Sprint(i))
					}
				}
			}
		}
	}
}

func clash(name string, b key.Binding, section string, other neighbour) string {
	return fmt.Sprintf("%s would do two things: %q (%s) in %s, and %q (%s) in %s", key.Name(name), b.Action, b.Help, section, other.Action, other.Help, other.section)
}

// sharedBefore says whether an action had a key without any configuration.
func sharedBefore(t key.Table, a key.Action, name string) bool {
	return slices.ContainsFunc(t, func(b key.Binding) bool { return b.Action == a && slices.Contains(b.Keys, name) })
}

// neighbour is a binding that can be offered at the same time as those of a section.
type neighbour struct {
	key.Binding
	section string
	before  []string // its keys without any configuration
}

// besides are the bindings of a section and of the frame, and of all sections for the frame's own.
func (k keymap) besides(all map[string]key.Table, section string) []neighbour {
	var out []neighbour
	for _, name := range slices.Sorted(maps.Keys(all)) {
		frame := name == sectionFrame || name == sectionTabs
		if name != section && !frame && section != sectionFrame && section != sectionTabs {
			continue
		}
		for i, b := range all[name].Remap(k[name]) {
			out = append(out, neighbour{Binding: b, section: name, before: all[name][i].Keys})
		}
	}
	return out
}
