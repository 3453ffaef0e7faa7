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

// KeysDoc is docs/keys.md: every key of every screen and every command, from the tables that the UI works by, with the keys of
// a configuration.
func KeysDoc(src *config.Source) string {
	var b strings.Builder
	b.WriteString("# Keys and commands\n\nThis file is made from the key tables of the UI (`make golden-update`). `?` shows the same for the screen you are on, and\n`podarium config keys` the same with your own keys. The name of a screen and of an action are what `keys` in\n[the configuration](config.md) takes.\n")
	section := func(title string, t key.Table) {
		fmt.Fprintf(&b, "\n## %s\n\n| Key | Action | What it does | Changes the cluster |\n|---|---|---|---|\n", title)
		for _, k := range t {
			names := make([]string, len(k.Keys))
			for i, n := range k.Keys {
				names[i] = "`" + strings.ReplaceAll(key.Name(n), "|", "\\|") + "`"
			}
			changes := ""
			switch {
			case k.Changes && k.NoPreview:
				changes = "it may, without a preview"
			case k.Changes:
				changes = "yes, after a preview"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.Join(names, " "), k.Action, strings.ReplaceAll(k.Help, "|", "\\|"), changes)
		}
	}
	for _, sec := range KeySections(src) {
		section(sec.Name, sec.Keys)
	}
	b.WriteString("\n## Commands\n\nAny resource by its plural, singular, short name or kind: `:deploy`, `:po kube-system`, `:svc /web`, `:pods app=web`. And:\n\n| Command | What it does |\n|---|---|\n")
	for _, c := range Commands() {
		names := make([]string, len(c.Names))
		for i, n := range c.Names {
			names[i] = "`:" + n + "`"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(names, " "), strings.ReplaceAll(c.Help, "|", "\\|"))
	}
	b.WriteString("\n## Filters (`/`)\n\nWords are joined by *and*. `web` text in any cell, in any case; `we?b.*` a regular expression; `!web` not; `-l app=web` labels; `-f wb` letters in order; `STATUS:run` or `STATUS:!run` by column.\n")
	return b.String()
}

// KeySections are the tables of keys of all screens, with a configuration's, in the order of the documentation.
func KeySections(src *config.Source) []screen.Section {
	keymap := newKeymap(src)
	var out []screen.Section
	add := func(name string, t key.Table) {
		out = append(out, screen.Section{Name: name, Keys: t.Remap(keymap[name]).Grouped()})
	}
	add(sectionFrame, frameKeys())
	add(sectionTabs, tabTable())
	add(sectionTour, tourTable())
	for _, m := range modules() {
		for _, n := range slices.Sorted(maps.Keys(m.Keys)) {
			add(n, m.Keys[n])
		}
	}
	if extras := extraTable(src); len(extras) > 0 {
		add("Plugins and hot keys", extras)
	}
	return out
}

// Commands are the words of the command line, besides the kinds of the cluster.
func Commands() []screen.Command { return append(frameCommands(nil), moduleCommands()...) }
