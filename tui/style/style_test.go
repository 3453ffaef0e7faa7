package style

import (
	"image/color"
	"testing"

	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"github.com/podarium/podarium/themes"
)

func TestSurfacesStayApart(t *testing.T) {
	for _, name := range themes.Names() {
		th, err := themes.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ANSI256} {
			s := New(th, p)
			if name == themes.Terminal {
				continue // its surfaces are the terminal's
			}
			if s.Base.Bg == s.Raised.Bg || s.Base.Bg == s.Selection.Bg || s.Raised.Bg == s.Selection.Bg {
				t.Errorf("%s in %s: surfaces look the same: %v %v %v", name, p, s.Base.Bg, s.Raised.Bg, s.Selection.Bg)
			}
		}
	}
}

func TestQuietTextStaysGreyAndLegibleIn256Colours(t *testing.T) {
	for _, name := range themes.Names() {
		th, err := themes.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == themes.Terminal {
			continue // its colours are the terminal's
		}
		s := New(th, colorprofile.ANSI256)
		rgb := func(c color.Color) color.RGBA {
			r, g, b, _ := ansi.Convert256(c).RGBA()
			return color.RGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 255}
		}
		for what, st := range map[string]uv.Style{"text": s.Text, "muted": s.Muted, "heading": s.Heading} {
			c := rgb(st.Fg)
			if max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 8 {
				t.Errorf("%s: %s has a hue: %v", name, what, c)
			}
			for _, ground := range []uv.Style{s.Base, s.Raised} {
				if r := themes.Contrast(c, rgb(ground.Bg)); r < 4 { // a step of the ramp less than in true colour
					t.Errorf("%s: %s has a contrast of %.1f in 256 colours", name, what, r)
				}
			}
		}
	}
}

func TestWithoutColourOnlyAttributes(t *testing.T) {
	th, err := themes.Load(themes.Default(true))
	if err != nil {
		t.Fatal(err)
	}
	s := New(th, colorprofile.ASCII)
	for _, st := range []uv.Style{s.Base, s.Raised, s.Text, s.Muted, s.Accent, s.OK, s.Warn, s.Error, s.Changed, s.Selection} {
		if st.Fg != nil || st.Bg != nil {
			t.Errorf("a colour without colour: %+v", st)
		}
	}
	if s.Selection.Attrs&uv.AttrReverse == 0 || s.Changed.Attrs == 0 || s.Error.Attrs == 0 {
		t.Error("selection, change and error cannot be told without colour")
	}
}
