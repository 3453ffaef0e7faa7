package screentest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"

	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/style"
)

// Look is one of the ways in which every golden screen is drawn.
type Look struct {
	Name    string
	Dark    bool
	Profile colorprofile.Profile
	Styles  *style.Styles
}

// Looks are the dark theme, the light one, and no colour (NO_COLOR).
func Looks(t testing.TB) []Look {
	t.Helper()
	looks := []Look{
		{Name: "dark", Dark: true, Profile: colorprofile.TrueColor},
		{Name: "light", Profile: colorprofile.TrueColor},
		{Name: "plain", Dark: true, Profile: colorprofile.ASCII},
	}
	for i, l := range looks {
		theme, err := themes.Load(themes.Default(l.Dark))
		if err != nil {
			t.Fatal(err)
		}
		looks[i].Styles = style.New(theme, l.Profile)
	}
	return looks
}

// AllSizes draws a screen at each of Sizes and compares it with NAME-WIDTHxHEIGHT.golden.
func AllSizes(t *testing.T, h *Host, name string, s screen.Screen) {
	t.Helper()
	for _, size := range Sizes {
		full := fmt.Sprintf("%s-%dx%d", name, size[0], size[1])
		t.Run(full, func(t *testing.T) { Sized(t, h, name, s, size[0], size[1]) })
	}
}

// Sized draws a screen at one size and compares it with NAME-WIDTHxHEIGHT.golden.
func Sized(t testing.TB, h *Host, name string, s screen.Screen, width, height int) {
	t.Helper()
	Golden(t, fmt.Sprintf("%s-%dx%d", name, width, height), func(l Look) *canvas.Canvas {
		before := h.styles
		defer func() { h.styles = before }()
		h.styles = l.Styles
		return Draw(h, s, width, height)
	})
}

// Dialog draws a dialog as the frame does, in the middle of an empty screen of 80x24, and compares it with NAME.golden.
func Dialog(t testing.TB, h *Host, name string, d screen.Dialog) {
	t.Helper()
	Golden(t, name, func(l Look) *canvas.Canvas {
		before := h.styles
		defer func() { h.styles = before }()
		h.styles = l.Styles
		c := canvas.New(Sizes[0][0], Sizes[0][1], l.Styles.Base)
		screen.DrawDialog(c, l.Styles, d)
		return c
	})
}

// Golden compares what draw draws with testdata/NAME.golden: the text once, and the styles of all Looks. With
// PODARIUM_GOLDEN=update in the environment it writes the file. The text must be the same in every look: what only a
// colour tells is lost on many.
func Golden(t testing.TB, name string, draw func(Look) *canvas.Canvas) {
	t.Helper()
	looks := Looks(t)
	drawn := make([]*canvas.Canvas, len(looks))
	for i, l := range looks {
		drawn[i] = draw(l)
		if a, b := drawn[0].String(), drawn[i].String(); a != b {
			t.Errorf("%s: the text differs between the looks\n--- %s ---\n%s\n--- %s ---\n%s", name, looks[0].Name, a, l.Name, b)
		}
	}
	got := drawn[0].String() + "\n" + newSheet(looks, drawn).String()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("PODARIUM_GOLDEN") == "update" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make golden-update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (make golden-update rewrites it)\n%s\n--- got ---\n%s", path, firstDifference(got, string(want)), got)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is\n%s\nand should be\n%s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("it has %d lines and should have %d", len(g), len(w))
}
