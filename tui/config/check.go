package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/podarium/podarium/tui/key"
)

// check looks at what the types cannot say. Clashes of keys are found by package tui, which knows the screens.
func (s *Source) check() {
	s.checkTheme()
	s.checkNamespaces()
	s.checkViews()
	s.checkJumps()
	s.checkLogs()
	s.checkThresholds()
	for i, p := range s.ReadOnlyContexts {
		if p == "" {
			s.Report("an empty pattern matches nothing: remove it", "readOnlyContexts", strconv.Itoa(i))
		}
	}
	for _, screen := range sorted(s.Keys) {
		for _, action := range sorted(s.Keys[screen]) {
			for i, k := range s.Keys[screen][action] {
				name, err := key.Parse(k)
				if err != nil {
					s.Report(err.Error(), "keys", screen, action, strconv.Itoa(i))
				}
				s.Keys[screen][action][i] = name
			}
		}
	}
	for _, word := range sorted(s.Aliases) {
		if strings.ContainsAny(word, " \t/") || word == "" {
			s.Report(fmt.Sprintf("%q is not one word", word), "aliases", word)
		}
		if s.Aliases[word] == "" {
			s.Report(fmt.Sprintf("%q stands for nothing: give a resource or a command", word), "aliases", word)
		}
	}
	for _, name := range sorted(s.HotKeys) {
		h := s.HotKeys[name]
		h.ShortCut = s.key(h.ShortCut, "hotKeys", name, "shortCut")
		s.HotKeys[name] = h
	}
	for _, name := range sorted(s.Plugins) {
		s.checkPlugin(name)
	}
}

// key is a key by the name that the UI has for it.
func (s *Source) key(name string, path ...string) string {
	k, err := key.Parse(name)
	if err != nil {
		s.Report(err.Error(), path...)
	}
	return k
}

func (s *Source) checkTheme() {
	if !slices.Contains(Modes(), s.Theme.Mode) {
		s.Report(Unknown("mode", s.Theme.Mode, Modes()), "theme", "mode")
	}
	for field, name := range map[string]string{"dark": s.Theme.Dark, "light": s.Theme.Light} {
		if _, err := s.LoadTheme(name); err != nil && !s.brokenTheme(name) {
			s.Report(Unknown("theme", name, s.ThemeNames()), "theme", field)
		}
	}
}

// brokenTheme says that the user has a theme of that name, which was reported already.
func (s *Source) brokenTheme(name string) bool {
	return slices.ContainsFunc(s.problems, func(p Problem) bool { return strings.HasSuffix(p.File, "/"+ThemesDir+"/"+name+".yaml") })
}

func (s *Source) checkNamespaces() {
	n := s.Namespaces
	if len(n.Favourites) > 9 {
		s.Report(fmt.Sprintf("%d favourites: there are nine digits for them", len(n.Favourites)), "namespaces", "favourites")
	}
	for i, f := range n.Favourites {
		s.checkNamespace(f, "namespaces", "favourites", strconv.Itoa(i))
	}
	if n.Default != "" {
		s.checkNamespace(n.Default, "namespaces", "default")
	}
	for _, name := range sorted(n.Sets) {
		if len(n.Sets[name]) == 0 {
			s.Report(fmt.Sprintf("the set %q has no namespace", name), "namespaces", "sets", name)
		}
		if name == "all" || strings.ContainsAny(name, ", \t") {
			s.Report(fmt.Sprintf("a set cannot be called %q", name), "namespaces", "sets", name)
		}
		for i, ns := range n.Sets[name] {
			if msgs := validation.IsDNS1123Label(ns); len(msgs) > 0 {
				s.Report(fmt.Sprintf("%q is not the name of a namespace: %s", ns, msgs[0]), "namespaces", "sets", name, strconv.Itoa(i))
			}
		}
	}
}

func (s *Source) checkThresholds() {
	for name, l := range map[string]Levels{"cpu": s.Thresholds.CPU, "memory": s.Thresholds.Memory} {
		if l.Warn < 0 || l.Critical < l.Warn {
			s.Report(fmt.Sprintf("warn %d and critical %d: give percents, of which critical is not the lower one", l.Warn, l.Critical), "thresholds", name)
		}
	}
}

func (s *Source) checkLogs() {
	l := s.Logs
	if l.Tail < 0 {
		s.Report(fmt.Sprintf("%d lines: give 0 for all, or more", l.Tail), "logs", "tail")
	}
	if l.Buffer < 1 || l.Buffer > 4096 {
		s.Report(fmt.Sprintf("%d megabytes: give 1 to 4096", l.Buffer), "logs", "buffer")
	}
	if d, err := time.ParseDuration(l.Since); l.Since != "" && (err != nil || d <= 0) {
		s.Report(fmt.Sprintf("%q is not a length of time: give one such as 90s, 15m or 2h", l.Since), "logs", "since")
	}
}

func (s *Source) checkNamespace(name string, path ...string) {
	if _, set := s.Namespaces.Sets[name]; set || name == "all" {
		return
	}
	if msgs := validation.IsDNS1123Label(name); len(msgs) > 0 {
		s.Report(fmt.Sprintf("%q is neither a set nor the name of a namespace: %s", name, msgs[0]), path...)
	}
}

// inputName is what a variable can be called.
var inputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (s *Source) checkPlugin(name string) {
	p := s.Plugins[name]
	if p.ShortCut != "" {
		p.ShortCut = s.key(p.ShortCut, "plugins", name, "shortCut")
		s.Plugins[name] = p
	}
	if s.Given("plugins", name, "scopes") && len(p.Scopes) == 0 {
		s.Report("the plugin is for nothing: give resources, or all", "plugins", name, "scopes")
	}
	for i := range p.Inputs {
		in := &p.Inputs[i]
		path := []string{"plugins", name, "inputs", strconv.Itoa(i)}
		if in.Type == "" {
			in.Type = "string"
		}
		switch {
		case in.Name != "" && !inputName.MatchString(in.Name):
			s.Report(fmt.Sprintf("%q is not the name of a variable: take letters, digits and _", in.Name), append(path, "name")...)
		case !slices.Contains(InputTypes(), in.Type):
			s.Report(Unknown("type", in.Type, InputTypes()), append(path, "type")...)
		case in.Type == "dropdown" && len(in.Options) == 0:
			s.Report("a dropdown needs options", path...)
		case in.Type == "dropdown" && in.Default != "" && !slices.Contains(in.Options, in.Default):
			s.Report(Unknown("option", in.Default, in.Options), append(path, "default")...)
		}
	}
}

// sorted are the names in a map, in order.
func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
