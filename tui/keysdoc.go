package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/key"
)

// KeysDoc is docs/keys.md: every key of every screen and every command, from the tables that the UI works by, with the keys of
// a configuration.
func KeysDoc(src *config.Source) string {
	var b strings.Builder
	b.WriteString("# Keys and commands\n\nThis file is made from the key tables of the UI (`make golden-update`). `?` shows the same for the screen you are on, and\n`podarium config keys` the same with your own keys. The name of a screen and of an action are what `keys` in\n[the configuration](config.md) takes.\n")
	keymap := newKeymap(src)
	section := func(title string, t key.Table) {
		fmt.Fprintf(&b, "\n## %s\n\n| Key | Action | What it does | Changes the cluster |\n|---|---|---|---|\n", title)
		for _, k := range t.Remap(keymap[title]) {
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
	section("Everywhere", frameKeys())
	section("Several clusters", tabTable())
	for _, m := range modules() {
		names := make([]string, 0, len(m.Keys))
		for n := range m.Keys {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			section(n, m.Keys[n])
		}
	}
	if extras := extraTable(src); len(extras) > 0 {
		section("Plugins and hot keys", extras)
	}
	b.WriteString("\n## Commands\n\nAny resource by its plural, singular, short name or kind: `:deploy`, `:po kube-system`, `:svc /web`, `:pods app=web`. And:\n\n| Command | What it does |\n|---|---|\n")
	for _, c := range append(frameCommands(nil), moduleCommands()...) {
		names := make([]string, len(c.Names))
		for i, n := range c.Names {
			names[i] = "`:" + n + "`"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(names, " "), strings.ReplaceAll(c.Help, "|", "\\|"))
	}
	b.WriteString("\n## Filters (`/`)\n\nWords are joined by *and*. `web` text in any cell, in any case; `we?b.*` a regular expression; `!web` not; `-l app=web` labels; `-f wb` letters in order; `STATUS:run` or `STATUS:!run` by column.\n")
	return b.String()
}
