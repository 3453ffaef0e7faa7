package style

import (
	"testing"

	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"

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
