package themes

import (
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestBuiltinThemes(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			th, err := Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if th.Name != name {
				t.Errorf("the file %s.yaml calls itself %s", name, th.Name)
			}
			for _, err := range Check(th) {
				t.Error(err)
			}
			for _, apart := range [][]Role{{OK, Warn, Error, Info, Text, Muted}, {Accent, Text, Muted}, {Added, Removed, Text}} {
				for i, a := range apart {
					for _, b := range apart[i+1:] {
						if x, y := ansi.Convert256(th.Colour(a).RGB), ansi.Convert256(th.Colour(b).RGB); x == y {
							t.Errorf("%s and %s are the same in 256 colours: %d", a, b, x)
						}
						if x, y := th.Colour(a).ANSI, th.Colour(b).ANSI; x == y {
							t.Errorf("%s and %s are the same in 16 colours: %d", a, b, x)
						}
					}
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	good, err := files.ReadFile("podarium-dark.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":   {"variant: dark", "variant: dark\nfont: big", "font"},
		"unknown role":  {"  ok: leaf 10", "  ok: leaf 10\n  glow: leaf 10", "glow"},
		"missing role":  {"  ok: leaf 10\n", "", "role ok is not set"},
		"palette":       {"ok: leaf 10", "ok: lief 10", `palette has no "lief"`},
		"colour":        {"ok: leaf 10", `ok: "#12 10"`, "not a colour"},
		"terminal":      {"ok: leaf 10", "ok: leaf 16", "not a terminal colour"},
		"no terminal":   {"ok: leaf 10", "ok: leaf", "terminal colour"},
		"wrong variant": {"variant: dark", "variant: grey", "give dark or light"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(strings.Replace(string(good), c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := Load("none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
}
