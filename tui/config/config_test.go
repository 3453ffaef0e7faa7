package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/podarium/podarium/themes"
)

const whole = `
theme: {mode: dark, dark: okabe-ito}
namespaces:
  default: shop
  favourites: [default, shop]
  sets:
    shop: [shop-web, shop-db]
readOnlyContexts: []
keys:
  Tables:
    delete: ctrl-x
    describe: [D, f2]
    copy: []
aliases:
  pp: v1/pods
hotKeys:
  jump:
    shortCut: Shift-0
    command: pods kube-system
plugins:
  log-it:
    shortCut: Ctrl-L
    scopes: po
    command: sh
    args: [-c, "echo $NAME"]
    inputs:
    - {name: lines, type: dropdown, options: ["10", "20"]}
`

func TestAWholeConfiguration(t *testing.T) {
	s := Parse("config.yaml", []byte(whole))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	if s.Theme != (Theme{Mode: "dark", Dark: "okabe-ito", Light: "podarium-light"}) {
		t.Errorf("theme %+v", s.Theme)
	}
	if s.ReadOnlyContexts == nil || len(s.ReadOnlyContexts) != 0 || !s.Given("readOnlyContexts") {
		t.Errorf("[] is not unset: %v", s.ReadOnlyContexts)
	}
	want := map[string][]string{"delete": {"ctrl+x"}, "describe": {"D", "f2"}, "copy": {}}
	if !reflect.DeepEqual(s.Keys["Tables"], want) {
		t.Errorf("keys %v", s.Keys)
	}
	p := s.Plugins["log-it"]
	if p.ShortCut != "ctrl+l" || !reflect.DeepEqual(p.Scopes, []string{"po"}) || p.Inputs[0].Name != "lines" {
		t.Errorf("plugin %+v", p)
	}
	if s.HotKeys["jump"].ShortCut != ")" {
		t.Errorf("hot key %+v", s.HotKeys["jump"])
	}
	if got := s.Namespaces.Expand("shop"); !reflect.DeepEqual(got, []string{"shop-web", "shop-db"}) {
		t.Errorf("set %v", got)
	}
}

func TestProblemsSayWhereAndWhatWasMeant(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"field":         {"thme:\n  dark: x\n", `c.yaml:1:1: unknown field "thme": do you mean "theme"?`},
		"nested":        {"plugins:\n  p:\n    shortcut: x\n    scopes: po\n    command: a\n", `c.yaml:3:5: unknown field "shortcut": do you mean "shortCut"?`},
		"missing":       {"plugins:\n  p:\n    shortCut: x\n    scopes: po\n", "c.yaml:3:5: command is missing"},
		"bool":          {"plugins:\n  p: {scopes: po, command: a, confirm: maybe}\n", `c.yaml:2:40: "maybe" is neither true nor false`},
		"kind":          {"aliases: [a, b]\n", "c.yaml:1:10: give names and values here, not a list"},
		"scalar":        {"theme: {mode: [a]}\n", "c.yaml:1:15: give one value here, not a list"},
		"twice":         {"theme: {}\naliases: {a: b}\ntheme: {}\n", `c.yaml:3:1: "theme" stands twice: it is in line 1 too`},
		"syntax":        {"theme:\n\t- x\n", "c.yaml:2:1: not YAML:"},
		"documents":     {"theme: {}\n---\naliases: {}\n", "a second document"},
		"mode":          {"theme:\n  mode: drak\n", `c.yaml:2:9: unknown mode "drak": do you mean "dark"?`},
		"theme":         {"theme:\n  dark: okabe-itto\n", `c.yaml:2:9: unknown theme "okabe-itto": do you mean "okabe-ito"?`},
		"key":           {"hotKeys:\n  x: {shortCut: cntrl-x, command: pods}\n", `c.yaml:2:17: "cntrl-x" is not a key`},
		"remapped key":  {"keys:\n  Tables:\n    delete: [x, hyper-x]\n", `c.yaml:3:17: "hyper-x" is not a key`},
		"namespace":     {"namespaces:\n  favourites: [default, Shop]\n", `c.yaml:2:25: "Shop" is neither a set nor the name of a namespace`},
		"set":           {"namespaces: {sets: {x: []}}\n", "c.yaml:1:21: the set \"x\" has no namespace"},
		"pattern":       {"readOnlyContexts: ['']\n", "c.yaml:1:20: an empty pattern"},
		"no dropdown":   {"plugins:\n  p: {scopes: po, command: a, inputs: [{name: x, type: dropdown}]}\n", "a dropdown needs options"},
		"input's type":  {"plugins:\n  p: {scopes: po, command: a, inputs: [{name: x, type: nmber}]}\n", `unknown type "nmber": do you mean "number"?`},
		"jump to all":   {"jumps: {pods: {targetGVR: v1/nodes}}\n", "c.yaml:1:9: the jump leads to everything"},
		"jump's text":   {"jumps:\n  pods: {targetGVR: v1/nodes, fieldSelector: 'metadata.name={{.spec'}\n", "c.yaml:2:46: not a template"},
		"jump nowhere":  {"jumps: {pods: {labelSelector: a=b}}\n", "targetGVR is missing"},
		"alias of many": {"aliases: {'a b': pods}\n", "is not one word"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Parse("c.yaml", []byte(c.text)).Err()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestFilesAreOneConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "config.yaml", "aliases: {a: pods}\n")
	write(t, dir, "aliases.yaml", "aliases: {b: nodes}\n")
	s := Load(dir)
	if s.Err() != nil || s.Aliases["a"] != "pods" || s.Aliases["b"] != "nodes" {
		t.Errorf("%v %v", s.Aliases, s.Err())
	}
	write(t, dir, "aliases.yaml", "aliases:\n  a: nodes\n")
	if err := Load(dir).Err(); err == nil || !strings.Contains(err.Error(), "aliases.yaml:2:3: \"a\" stands twice: it is in "+filepath.Join(dir, "config.yaml")+", line 1, too") {
		t.Errorf("got %v", err)
	}
	if s := Load(filepath.Join(dir, "none")); s.Err() != nil || s.Theme.Mode != "auto" {
		t.Errorf("without a directory: %+v %v", s.Theme, s.Err())
	}
}

func TestUsersThemes(t *testing.T) {
	dir := t.TempDir()
	theme := themeYAML(t, "mine")
	write(t, dir, "themes/mine.yaml", theme)
	write(t, dir, "config.yaml", "theme: {dark: mine}\n")
	s := Load(dir)
	if got, err := s.LoadTheme("mine"); s.Err() != nil || err != nil || got.Name != "mine" {
		t.Fatalf("%v %v %v", got, err, s.Err())
	}
	write(t, dir, "themes/mine.yaml", strings.Replace(theme, "#dbe2ec", "#20242c", 1))
	if w := Load(dir).Warnings(); len(w) == 0 || !strings.Contains(w.Error(), "text on background has a contrast of") {
		t.Errorf("warnings: %v", w)
	}
	write(t, dir, "themes/mine.yaml", strings.Replace(theme, "text: snow", "text: snwo", 1))
	if err := Load(dir).Err(); err == nil || !strings.Contains(err.Error(), `mine.yaml: role text: palette has no "snwo"`) || strings.Contains(err.Error(), "unknown theme") {
		t.Errorf("got %v", err)
	}
	if _, err := s.LoadTheme("mien"); !errors.Is(err, themes.ErrUnknown) || !strings.Contains(err.Error(), `do you mean "mine"?`) {
		t.Errorf("got %v", err)
	}
}

func themeYAML(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../themes/podarium-dark.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(raw), "name: podarium-dark", "name: "+name, 1)
}

func TestAChangeIsReadAndABadOneKeepsTheLast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	until := func(what string, is func(*Source, error) bool) {
		t.Helper()
		for limit := time.After(time.Minute); ; {
			if is(s.Current()) {
				return
			}
			select {
			case <-s.Changed():
			case <-time.After(100 * time.Millisecond):
				s.Read() // the watch may have begun after the file was written
			case <-limit:
				src, err := s.Current()
				t.Fatalf("waited for %s; aliases %v, error %v", what, src.Aliases, err)
			}
		}
	}
	write(t, dir, "config.yaml", "aliases: {a: pods}\n")
	until("the first", func(src *Source, err error) bool { return err == nil && src.Aliases["a"] == "pods" })
	write(t, dir, "config.yaml", "aliases: {a: nodes\n")
	until("the bad one", func(src *Source, err error) bool { return err != nil && src.Aliases["a"] == "pods" })
	write(t, dir, "config.yaml", "aliases: {a: nodes}\n")
	until("the good one", func(src *Source, err error) bool { return err == nil && src.Aliases["a"] == "nodes" })
}

func TestFieldsNameEveryField(t *testing.T) {
	doc := Fields()
	for _, f := range []string{"`theme.mode`", "`plugins.NAME.inputs[].options`", "`plugins.NAME.scopes`", "`keys`"} {
		if !strings.Contains(doc, f) {
			t.Errorf("%s is missing in\n%s", f, doc)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
