package themes

import (
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// source is where a skin of k9s has a role's colour: the first of the paths that is set.
type source struct {
	role  Role
	paths []string
}

// sources lists them in the order in which colours are made legible. What a skin does not say comes from others of its
// colours, or from the built-in theme.
var sources = []source{
	{Text, []string{"body.fgColor", "views.table.fgColor"}},
	{Muted, []string{"frame.status.completedColor", "frame.status.killColor"}},
	{Heading, []string{"views.table.header.fgColor", "info.sectionColor"}},
	{Accent, []string{"frame.menu.keyColor", "frame.title.highlightColor"}},
	{Rule, []string{"frame.border.fgColor"}},
	{OK, []string{"frame.status.addColor"}},
	{Warn, []string{"frame.status.pendingColor", "frame.status.highlightColor"}},
	{Error, []string{"frame.status.errorColor"}},
	{Info, []string{"frame.status.newColor"}},
	{Changed, []string{"frame.status.modifyColor"}},
	{Added, []string{"frame.status.addColor"}},
	{Removed, []string{"frame.status.errorColor"}},
	{Match, []string{"frame.title.filterColor", "views.table.header.sorterColor"}},
	{Marked, []string{"views.table.markColor", "dialog.labelFgColor"}},
}

// apart are the roles that must not look the same.
var apart = [][]Role{{Text, Muted, OK, Warn, Error, Info}, {Text, Muted, Accent}, {Text, Added, Removed}}

// FromSkin makes a theme of a skin of k9s, which colours elements rather than meanings: each role takes the colour of the
// element that is most like it. Colours that could not be read on their ground are made lighter or darker until they can
// (see Check), and those that must not look the same and do, are the built-in theme's. The notes say what was not taken
// as it is. variant may be empty: then the skin's background decides. The error says that this is no skin.
func FromSkin(name string, variant Variant, raw []byte) (t *Theme, notes []string, err error) {
	var doc struct {
		K9s map[string]any `json:"k9s"`
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, nil, err
	}
	if len(doc.K9s) == 0 {
		return nil, nil, errors.New("no skin of k9s: it has no section k9s")
	}
	s := &skin{elements: doc.K9s}
	ground, given := s.first("body.bgColor", "views.table.bgColor")
	if variant == "" {
		variant = Dark
		if given && luminance(ground) > 0.18 {
			variant = Light
		}
	}
	base, err := Load(Default(variant == Dark))
	if err != nil {
		return nil, nil, err
	}
	t = &Theme{Name: name, Variant: variant, Roles: map[Role]Colour{}}
	set := func(r Role, c color.RGBA) { t.Roles[r] = Colour{RGB: c, ANSI: base.Roles[r].ANSI} }
	if !given {
		ground = base.Roles[Background].RGB
		s.note("background: the skin leaves it to the terminal; it is the built-in theme's")
	}
	set(Background, ground)
	s.surfaces(t, base, set)
	for _, src := range sources {
		c, ok := s.first(src.paths...)
		if !ok {
			c = base.Roles[src.role].RGB
			s.note(fmt.Sprintf("%s: the skin has no %s; it is the built-in theme's", src.role, src.paths[0]))
		}
		if src.role != Rule {
			c = s.legible(t, src.role, c)
		}
		set(src.role, c)
	}
	for _, group := range apart {
		for i, a := range group {
			for _, b := range group[:i] {
				if same(t.Roles[a].RGB, t.Roles[b].RGB) {
					s.note(fmt.Sprintf("%s: it looked like %s; it is the built-in theme's", a, b))
					set(a, s.legible(t, a, base.Roles[a].RGB))
				}
			}
		}
	}
	return t, s.notes, nil
}

// skin reads the colours of a skin.
type skin struct {
	elements map[string]any
	notes    []string
}

func (s *skin) note(text string) {
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// first is the first of some elements that has a colour.
func (s *skin) first(paths ...string) (color.RGBA, bool) {
	for _, path := range paths {
		var at any = s.elements
		for part := range strings.SplitSeq(path, ".") {
			m, _ := at.(map[string]any)
			at = m[part]
		}
		text, ok := at.(string)
		if !ok || text == "" || text == "default" || text == "-" {
			continue
		}
		c, err := parseHex(text)
		if err != nil {
			s.note(fmt.Sprintf("%s: %q is not a colour", path, text))
			continue
		}
		return c, true
	}
	return color.RGBA{}, false
}

// parseHex reads #rrggbb, #rgb or the name of a colour.
func parseHex(text string) (color.RGBA, error) {
	if hex, ok := named(text); ok {
		text = hex
	}
	hex := strings.TrimPrefix(text, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 || !strings.HasPrefix(text, "#") {
		return color.RGBA{}, fmt.Errorf("%q is not a colour: give #rrggbb or a name", text)
	}
	return color.RGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 255}, nil
}

// surfaces sets what lies behind dialogs and under the cursor. k9s paints a row under the cursor in two colours; here its
// text keeps its colours, so that its ground must be near the background's.
func (s *skin) surfaces(t, base *Theme, set func(Role, color.RGBA)) {
	ground, text := t.Roles[Background].RGB, base.Roles[Text].RGB
	raised, ok := s.first("dialog.bgColor")
	if !ok || same(raised, ground) || Contrast(raised, ground) > 1.6 {
		raised = mix(ground, text, 0.05)
	}
	set(Raised, raised)
	cursor, ok := s.first("views.table.cursorBgColor", "views.xray.cursorColor", "frame.crumbs.bgColor")
	if !ok || same(cursor, ground) {
		cursor = base.Roles[Selection].RGB
	}
	part := 1.0
	for part > 0.1 && Contrast(mix(ground, cursor, part), ground) > 1.7 {
		part -= 0.05
	}
	selection := mix(ground, cursor, part)
	if same(selection, raised) || same(selection, ground) {
		selection = mix(ground, text, 0.16)
	}
	if part < 1 {
		s.note("selection: the skin's cursor is too strong for the text on it; it is a weaker one of the same hue")
	}
	set(Selection, selection)
}

// legible is a colour that can be read on every surface of a theme: the nearest one, lighter on dark, darker on light.
func (s *skin) legible(t *Theme, r Role, c color.RGBA) color.RGBA {
	to := color.RGBA{R: 255, G: 255, B: 255, A: 255}
	if t.Variant == Light {
		to = color.RGBA{A: 255}
	}
	worst := func(c color.RGBA) float64 {
		least := 21.0
		for _, g := range Surfaces() {
			least = min(least, Contrast(c, t.Roles[g].RGB))
		}
		return least
	}
	best := c
	for part := 0.05; worst(best) < LeastContrast && part < 1.01; part += 0.05 {
		best = mix(c, to, min(part, 1))
	}
	if best != c {
		s.note(fmt.Sprintf("%s: %s cannot be read on the skin's ground (contrast %.1f); it is %s", r, hexOf(c), worst(c), hexOf(best)))
	}
	return best
}

// mix is a part of b in a, from 0 for none to 1 for b alone.
func mix(a, b color.RGBA, part float64) color.RGBA {
	one := func(x, y uint8) uint8 { return uint8(float64(x)*(1-part) + float64(y)*part + 0.5) }
	return color.RGBA{R: one(a.R, b.R), G: one(a.G, b.G), B: one(a.B, b.B), A: 255}
}

// same says that two colours can hardly be told apart.
func same(a, b color.RGBA) bool {
	d := func(x, y uint8) int { return max(int(x), int(y)) - min(int(x), int(y)) }
	return d(a.R, b.R)+d(a.G, b.G)+d(a.B, b.B) < 12
}

func hexOf(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// YAML is a theme in the form that Parse reads.
func (t *Theme) YAML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\nvariant: %s\nroles:\n", t.Name, t.Variant)
	for _, r := range Roles() {
		c, ansi := t.Roles[r], "default"
		if c.ANSI >= 0 {
			ansi = strconv.Itoa(c.ANSI)
		}
		fmt.Fprintf(&b, "  %s: \"%s %s\"\n", r, hexOf(c.RGB), ansi)
	}
	return []byte(b.String())
}
