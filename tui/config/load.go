package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/podarium/podarium/themes"
)

// Files are the files of the configuration directory, in the order in which they are read. Each may hold any section.
func Files() []string {
	return []string{"config.yaml", "aliases.yaml", "hotkeys.yaml", "plugins.yaml", "views.yaml", "jumps.yaml"}
}

// ThemesDir is the folder for themes in the configuration directory.
const ThemesDir = "themes"

// Source is a configuration as it was read, with where everything in it stands.
type Source struct {
	*Config
	// Dir is the directory it was read from, which need not exist.
	Dir string
	// Themes are the user's own themes by name.
	Themes map[string]*themes.Theme

	at       map[string]place
	problems Problems
}

// Dir is the configuration directory: $XDG_CONFIG_HOME/podarium, else podarium in the place that the system has for
// configurations (~/.config on Linux).
func Dir() (string, error) {
	if d := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "podarium"), nil
	}
	d, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("where the configuration is: %w: set XDG_CONFIG_HOME", err)
	}
	return filepath.Join(d, "podarium"), nil
}

// Load reads a configuration directory. What is wrong with it is in the Source: see Err and Warnings. A directory that
// does not exist is the default configuration.
func Load(dir string) *Source {
	s := &Source{Config: Default(), Dir: dir, Themes: map[string]*themes.Theme{}, at: map[string]place{}}
	for _, name := range Files() {
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			s.problems = append(s.problems, Problem{File: path, Text: err.Error()})
			continue
		}
		s.read(path, raw)
	}
	s.readThemes()
	s.check()
	return s
}

// Parse reads a configuration from one text, as Load does; name stands for the file in problems.
func Parse(name string, raw []byte) *Source {
	s := &Source{Config: Default(), Themes: map[string]*themes.Theme{}, at: map[string]place{}}
	s.read(name, raw)
	s.check()
	return s
}

func (s *Source) read(path string, raw []byte) {
	d := &decoder{file: path, at: s.at}
	d.decode(raw, s.Config)
	s.problems = append(s.problems, d.problems...)
}

func (s *Source) readThemes() {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(s.Dir), ThemesDir, "*.yaml"))
	if err != nil {
		return // the pattern is well formed
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			s.problems = append(s.problems, Problem{File: path, Text: err.Error()})
			continue
		}
		t, err := themes.Parse(raw)
		if err != nil {
			s.problems = append(s.problems, Problem{File: path, Text: err.Error()})
			continue
		}
		if name := strings.TrimSuffix(filepath.Base(path), ".yaml"); t.Name != name {
			s.problems = append(s.problems, Problem{File: path, Text: fmt.Sprintf("the theme calls itself %q: name it %q, as its file", t.Name, name)})
			continue
		}
		for _, e := range themes.Check(t) {
			s.problems = append(s.problems, Problem{File: path, Text: e.Error(), Warning: true})
		}
		s.Themes[t.Name] = t
	}
}

// escapeGlob lets a directory's name stand for itself in a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(dir)
}

// Report adds a problem with what stands at a path: "plugins", "fred", "shortCut".
func (s *Source) Report(text string, path ...string) { s.add(Problem{Text: text}, path) }

// Warn adds a warning.
func (s *Source) Warn(text string, path ...string) { s.add(Problem{Text: text, Warning: true}, path) }

func (s *Source) add(p Problem, path []string) {
	for n := len(path); n >= 0; n-- { // what is not given is told of where it would stand
		if at, ok := s.at[pathKey(path[:n])]; ok {
			p.File, p.Line, p.Column = at.file, at.line, at.column
			break
		}
	}
	s.problems = append(s.problems, p)
}

// Given says whether a path was set by the user.
func (s *Source) Given(path ...string) bool {
	_, ok := s.at[pathKey(path)]
	return ok
}

// Err is what makes the configuration unusable, a Problems, nil where it is good.
func (s *Source) Err() error {
	bad := slices.DeleteFunc(slices.Clone(s.problems), func(p Problem) bool { return p.Warning })
	if len(bad) == 0 {
		return nil
	}
	return bad
}

// Warnings are the problems that can be lived with.
func (s *Source) Warnings() Problems {
	return slices.DeleteFunc(slices.Clone(s.problems), func(p Problem) bool { return !p.Warning })
}

// ThemeNames are all themes that there are, the user's own and the built-in ones, sorted.
func (s *Source) ThemeNames() []string {
	names := themes.Names()
	for n := range s.Themes {
		names = append(names, n)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Theme is a theme by its name. The user's own come first.
func (s *Source) LoadTheme(name string) (*themes.Theme, error) {
	if t, ok := s.Themes[name]; ok {
		return t, nil
	}
	t, err := themes.Load(name)
	if errors.Is(err, themes.ErrUnknown) {
		return nil, fmt.Errorf("%s: %w", Unknown("theme", name, s.ThemeNames()), themes.ErrUnknown)
	}
	return t, err
}
