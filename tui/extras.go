package tui

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/plugin"
	"github.com/podarium/podarium/tui/screen"
)

// The actions of plugins and hot keys: these, and a name.
const (
	actPlugin key.Action = "plugin."
	actHotKey key.Action = "hotkey."
)

// extraTable are the keys of all plugins and hot keys of a configuration, by name.
func extraTable(src *config.Source) key.Table {
	var t key.Table
	for _, name := range slices.Sorted(maps.Keys(src.Plugins)) {
		t = append(t, pluginBinding(name, src.Plugins[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(src.HotKeys)) {
		h := src.HotKeys[name]
		t = append(t, key.Binding{Action: actHotKey + key.Action(name), Keys: []string{h.ShortCut}, Help: orElse(h.Description, ":"+h.Command), Group: "Hot keys"})
	}
	return t
}

func pluginBinding(name string, p config.Plugin) key.Binding {
	b := key.Binding{Action: actPlugin + key.Action(name), Help: orElse(p.Description, name), Group: "Plugins", Changes: p.Dangerous}
	if p.ShortCut == "" {
		b.Disabled = true
		return b
	}
	b.Keys = []string{p.ShortCut}
	return b
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// extraLayers are the plugins and hot keys that there is a use for on a screen: those that take a key away from it, and
// those that take what it leaves.
func (m *Model) extraLayers(r *room) (before, after layer) {
	before.do, after.do = m.doExtra, m.doExtra
	for _, b := range extraTable(m.config) {
		override := false
		if name, ok := strings.CutPrefix(string(b.Action), string(actPlugin)); ok {
			p := m.config.Plugins[name]
			if !plugin.Applies(p, m.subject(r)) {
				continue
			}
			override = p.Override
		} else {
			override = m.config.HotKeys[strings.TrimPrefix(string(b.Action), string(actHotKey))].Override
		}
		if override {
			before.table = append(before.table, b)
		} else {
			after.table = append(after.table, b)
		}
	}
	return before, after
}

// subject is what plugins know of a screen.
func (m *Model) subject(r *room) plugin.Subject {
	s := plugin.Subject{Session: m.session}
	if o, ok := r.screen.(screen.Subject); ok {
		s.Object, s.Has = o.Object()
	}
	if c, ok := r.screen.(screen.Columned); ok {
		s.Column = c.Column
	}
	if f, ok := r.screen.(screen.Filterer); ok {
		s.Filter = f.FilterText()
	}
	_, s.Containers = r.request.(screen.Containers)
	return s
}

func (m *Model) doExtra(a key.Action) {
	if name, ok := strings.CutPrefix(string(a), string(actPlugin)); ok {
		m.runPlugin(name)
		return
	}
	h := m.config.HotKeys[strings.TrimPrefix(string(a), string(actHotKey))]
	line := h.Command
	if r := m.top(); r != nil {
		line = plugin.Expand(line, m.subject(r).Variables(m.Cluster()))
	}
	m.run(line, h.KeepHistory)
}

// runPlugin runs a plugin on the object under the cursor of the screen on top.
func (m *Model) runPlugin(name string) {
	r := m.top()
	p, ok := m.config.Plugins[name]
	if !ok || r == nil {
		m.root.Fail(errors.New(config.Unknown("plugin", name, slices.Sorted(maps.Keys(m.config.Plugins)))))
		return
	}
	s := m.subject(r)
	if !plugin.Applies(p, s) {
		m.root.Fail(fmt.Errorf("the plugin %s is for %s, of which none is under the cursor", name, strings.Join(p.Scopes, ", ")))
		return
	}
	plugin.Run(r.scope, name, p, s.Variables(m.Cluster()))
}

// checkExtras warns of the keys of plugins and hot keys that never come to them, and of those that several have.
func (k keymap) checkExtras(src *config.Source, all map[string]key.Table) {
	taken := map[string]string{}
	for _, b := range extraTable(src) {
		if b.Disabled {
			continue
		}
		kind, name, _ := strings.Cut(string(b.Action), ".")
		path, override := []string{"plugins", name, "shortCut"}, src.Plugins[name].Override
		if kind == "hotkey" {
			path, override = []string{"hotKeys", name, "shortCut"}, src.HotKeys[name].Override
		}
		for _, section := range []string{sectionFrame, "Tables"} {
			if other, ok := all[section].Remap(k[section]).Find(b.Keys[0]); ok && !override {
				src.Warn(fmt.Sprintf("%s is for %q (%s) in %s: %s has it only where that is not offered; with override: true it has it always, and :plugin %[5]s runs it too",
					key.Name(b.Keys[0]), other.Action, other.Help, section, name), path...)
			}
		}
		if other, ok := taken[b.Keys[0]]; ok {
			src.Warn(fmt.Sprintf("%s is for %s too: where both are offered that has it", key.Name(b.Keys[0]), other), path...)
		} else {
			taken[b.Keys[0]] = name
		}
	}
}
