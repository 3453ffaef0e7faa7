// Package themes holds podarium's themes: what each role on the screen looks like, as YAML, and the loader for them.
//
// A theme gives a colour to every role, once as true colour and once as one of the terminal's own sixteen, so that a
// theme is exact where the terminal is able and legible where it is not. Loading is strict: an unknown key, an
// unknown palette name, a missing role or a malformed colour is an error that names the theme and the key.
// The built-in themes are tested for contrast and for roles that stay distinct in 256 and in 16 colours.
// The package knows no terminal library: package tui/style turns roles into cell styles.
package themes

import (
	"embed"
	"errors"
	"fmt"
	"image/color"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed *.yaml
var files embed.FS

// ErrUnknown is returned by Load for a name that no built-in theme has.
var ErrUnknown = errors.New("unknown theme")

// Variant says which background a theme is made for.
type Variant string

// The variants.
const (
	Dark  Variant = "dark"
	Light Variant = "light"
)

// Colour is one role's colour.
type Colour struct {
	// RGB is the exact colour.
	RGB color.RGBA
	// ANSI is the terminal's own colour, 0 to 15, that stands for it in a terminal of 16; -1 is the terminal's default.
	ANSI int
}

// Theme is a complete, validated theme.
type Theme struct {
	Name    string
	Variant Variant
	Roles   map[Role]Colour
}

// Colour is the colour of a role. A validated theme has all of them.
func (t *Theme) Colour(r Role) Colour { return t.Roles[r] }

// file is the form of a theme on disk. A role is "NAME ANSI": a palette name or #rrggbb, a blank, and 0 to 15 or "default".
type file struct {
	Name    string            `json:"name"`
	Variant Variant           `json:"variant"`
	Palette map[string]string `json:"palette"`
	Roles   map[Role]string   `json:"roles"`
}

// Names lists the built-in themes, sorted.
func Names() []string {
	entries, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil // the pattern is constant and well formed
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e, ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Terminal is the name of the theme that keeps to the terminal's own sixteen colours.
const Terminal = "terminal"

// Default is the name of the built-in theme for a dark or a light terminal.
func Default(dark bool) string {
	if dark {
		return "podarium-dark"
	}
	return "podarium-light"
}

// Load reads a built-in theme by name. The error is ErrUnknown, with the names there are, where there is none such.
func Load(name string) (*Theme, error) {
	raw, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("%w %q: choose one of %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	t, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("theme %s: %w", name, err)
	}
	return t, nil
}

// Parse reads a theme from YAML and validates it.
func Parse(raw []byte) (*Theme, error) {
	var f file
	if err := yaml.UnmarshalStrict(raw, &f); err != nil {
		return nil, err
	}
	if f.Name == "" {
		return nil, errors.New("name is not set")
	}
	if f.Variant != Dark && f.Variant != Light {
		return nil, fmt.Errorf("variant is %q: give dark or light", f.Variant)
	}
	t := &Theme{Name: f.Name, Variant: f.Variant, Roles: make(map[Role]Colour, len(f.Roles))}
	for _, r := range Roles() {
		v, ok := f.Roles[r]
		if !ok {
			return nil, fmt.Errorf("role %s is not set", r)
		}
		c, err := f.colour(v)
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", r, err)
		}
		t.Roles[r] = c
	}
	for r := range f.Roles {
		if _, ok := t.Roles[r]; !ok {
			return nil, fmt.Errorf("role %q is unknown", r)
		}
	}
	return t, nil
}

func (f *file) colour(v string) (Colour, error) {
	fields := strings.Fields(v)
	if len(fields) != 2 {
		return Colour{}, fmt.Errorf("%q: give a palette name or #rrggbb, a blank, and a terminal colour from 0 to 15 or default", v)
	}
	hex := fields[0]
	if !strings.HasPrefix(hex, "#") {
		named, ok := f.Palette[hex]
		if !ok {
			return Colour{}, fmt.Errorf("palette has no %q", hex)
		}
		hex = named
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		return Colour{}, fmt.Errorf("%q is not a colour: give #rrggbb", hex)
	}
	c := Colour{RGB: color.RGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 255}, ANSI: -1}
	if fields[1] == "default" {
		return c, nil
	}
	a, err := strconv.Atoi(fields[1])
	if err != nil || a < 0 || a > 15 {
		return Colour{}, fmt.Errorf("%q is not a terminal colour: give 0 to 15 or default", fields[1])
	}
	c.ANSI = a
	return c, nil
}
