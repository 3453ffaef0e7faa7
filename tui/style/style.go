// Package style turns a theme's roles into the styles of cells, for what the terminal is able to show.
//
// With true colour or 256 colours a theme looks as written. With 16 it uses the terminal's own colours and leaves the
// terminal's background alone. Without colour (NO_COLOR, or a terminal that has none) emphasis is left: bold, faint,
// underline and reverse, so that the cursor, a heading and a change can still be seen.
package style

import (
	"image/color"
	"slices"

	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/canvas"
)

// Styles are the styles of a screen. They are built once for a theme and a terminal, and never changed.
type Styles struct {
	// Base is behind everything, Raised behind dialogs and the command line.
	Base, Raised canvas.Style
	// Selection is painted over the row under the cursor.
	Selection canvas.Style

	Text, Muted, Heading, Accent, Rule canvas.Style
	// Title is a screen's name, Key a key in a hint.
	Title, Key canvas.Style

	OK, Warn, Error, Info   canvas.Style
	Changed, Fading         canvas.Style // a cell in the first and in the second second after its change
	Added, Removed          canvas.Style
	Match, Marked, Inactive canvas.Style

	dark bool
}

// Dark says whether the theme is made for a dark background.
func (s *Styles) Dark() bool { return s.dark }

// New builds the styles of a theme for what a terminal can show.
func New(t *themes.Theme, p colorprofile.Profile) *Styles {
	if t.Name == themes.Terminal && p > colorprofile.ANSI {
		p = colorprofile.ANSI
	}
	b := builder{t: t, p: p}
	s := &Styles{
		dark:     t.Variant == themes.Dark,
		Base:     b.ground(themes.Background),
		Raised:   b.ground(themes.Raised),
		Text:     b.text(themes.Text, 0),
		Muted:    b.text(themes.Muted, uv.AttrFaint),
		Heading:  b.text(themes.Heading, uv.AttrBold),
		Accent:   b.text(themes.Accent, 0),
		Rule:     b.text(themes.Rule, uv.AttrFaint),
		Title:    b.bold(themes.Text),
		Key:      b.bold(themes.Accent),
		OK:       b.text(themes.OK, 0),
		Warn:     b.text(themes.Warn, uv.AttrBold),
		Error:    b.text(themes.Error, uv.AttrBold),
		Info:     b.text(themes.Info, 0),
		Changed:  b.bold(themes.Changed),
		Fading:   b.text(themes.Changed, 0),
		Added:    b.text(themes.Added, 0),
		Removed:  b.text(themes.Removed, 0),
		Match:    b.bold(themes.Match),
		Marked:   b.bold(themes.Marked),
		Inactive: b.text(themes.Muted, uv.AttrFaint),
	}
	s.Match.Underline = uv.UnderlineSingle
	if b.plain() {
		s.Changed.Underline = uv.UnderlineSingle
		s.Removed.Attrs |= uv.AttrFaint
		s.Added.Attrs |= uv.AttrBold
	}
	s.Selection = canvas.Style{Attrs: uv.AttrReverse}
	if p >= colorprofile.ANSI256 {
		s.Selection = canvas.Style{Bg: b.colour(themes.Selection)}
	}
	return s
}

type builder struct {
	t *themes.Theme
	p colorprofile.Profile
}

func (b builder) plain() bool { return b.p < colorprofile.ANSI }

func (b builder) ground(r themes.Role) canvas.Style {
	if b.p < colorprofile.ANSI256 {
		return canvas.Style{}
	}
	return canvas.Style{Fg: b.colour(themes.Text), Bg: b.colour(r)}
}

func (b builder) text(r themes.Role, plain uint8) canvas.Style {
	if b.plain() {
		return canvas.Style{Attrs: plain}
	}
	if b.p == colorprofile.ANSI && r == themes.Muted { // some terminals have bright black, which is grey in most, for the background
		return canvas.Style{Attrs: uv.AttrFaint}
	}
	return canvas.Style{Fg: b.colour(r)}
}

func (b builder) bold(r themes.Role) canvas.Style {
	s := b.text(r, 0)
	s.Attrs |= uv.AttrBold
	return s
}

// colour is nil where the terminal's own default stands for the role.
func (b builder) colour(r themes.Role) color.Color {
	c := b.t.Colour(r)
	if b.p == colorprofile.ANSI256 && b.t.Variant == themes.Dark && (r == themes.Rule || slices.Contains(themes.Surfaces(), r)) {
		return grey(c.RGB)
	}
	if b.p == colorprofile.ANSI256 && neutral(c.RGB) && slices.Contains(quiet, r) {
		return grey(c.RGB)
	}
	if b.p >= colorprofile.ANSI256 {
		return c.RGB
	}
	if c.ANSI < 0 {
		return nil
	}
	return ansi.BasicColor(c.ANSI)
}

// quiet are the roles that have no hue of their own, but for a touch: the nearest of the 256 colours to a dark slate is a navy blue.
var quiet = []themes.Role{themes.Text, themes.Muted, themes.Heading, themes.Rule}

// neutral says that a colour is a grey with a touch of a hue.
func neutral(c color.RGBA) bool {
	return max(c.R, c.G, c.B)-min(c.R, c.G, c.B) <= 32 && max(c.R, c.G, c.B) < 250 && max(c.R, c.G, c.B) > 8
}

// grey is the nearest of the 24 greys among the 256 colours. The colour cube has nothing dark but strong hues: the
// nearest of all to a dark blue ground would be a loud teal.
func grey(c color.RGBA) color.Color {
	luma := (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000
	return ansi.IndexedColor(232 + max(0, min((luma-8+5)/10, 23)))
}
