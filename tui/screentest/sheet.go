package screentest

import (
	"fmt"
	"image/color"
	"reflect"
	"slices"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

// sheet is the styles of a screen in all looks at once. Cells that look alike in all of them have one code, and a row is
// its codes with how many cells each goes on for: "m12 t3". A key below says what a code is in each look. So a screen
// takes little more room in three looks than in one, and both a cell that changes its role and a role that changes its
// colour are a line in a review.
type sheet struct {
	looks []Look
	codes map[string]string // by what it looks like in all looks
	used  []string          // what it looks like, in the order of the codes' first use
	fresh int               // how many codes were made up
	rows  []string
}

// ground is the code of a cell that nothing was drawn on.
const ground = "_"

// letters are the codes of the styles, by their name in style.Styles.
var letters = [][2]string{
	{"Base", ground}, {"Text", "t"}, {"Muted", "m"}, {"Heading", "h"}, {"Accent", "a"}, {"Rule", "r"}, {"Title", "T"}, {"Key", "k"},
	{"OK", "o"}, {"Warn", "w"}, {"Error", "e"}, {"Info", "i"}, {"Changed", "c"}, {"Fading", "f"}, {"Added", "p"}, {"Removed", "d"},
	{"Match", "x"}, {"Marked", "b"},
}

func newSheet(looks []Look, drawn []*canvas.Canvas) *sheet {
	s := &sheet{looks: looks, codes: map[string]string{}}
	s.name()
	for y := range drawn[0].Height() {
		s.rows = append(s.rows, s.row(drawn, y))
	}
	for len(s.rows) > 0 && s.rows[len(s.rows)-1] == "" {
		s.rows = s.rows[:len(s.rows)-1]
	}
	return s
}

// name gives the styles their codes: as they are, raised (in dialogs), and under the cursor on either.
func (s *sheet) name() {
	for _, l := range letters {
		for _, on := range []string{"", "'", "^", "'^"} {
			var all []uv.Style
			for _, look := range s.looks {
				st, base := field(look.Styles, l[0]), look.Styles.Base
				if strings.HasPrefix(on, "'") {
					base = look.Styles.Raised
				}
				if l[0] == "Base" {
					st = base
				}
				c := canvas.New(1, 1, base)
				c.Text(0, 0, st, "x")
				if strings.HasSuffix(on, "^") {
					c.Paint(0, 0, 1, look.Styles.Selection)
				}
				st, _ = c.StyleAt(0, 0)
				all = append(all, st)
			}
			if key := s.key(all); s.codes[key] == "" {
				s.codes[key] = l[1] + on
			}
		}
	}
}

func field(s *style.Styles, name string) uv.Style {
	return reflect.ValueOf(*s).FieldByName(name).Interface().(canvas.Style)
}

// row is the runs of one row. A blank cell goes on with what is before it where it has the same ground.
func (s *sheet) row(drawn []*canvas.Canvas, y int) string {
	var runs []string
	last, n := "", 0
	var lastAll []uv.Style
	end := func() {
		if n > 0 {
			runs = append(runs, fmt.Sprintf("%s%d", last, n))
		}
	}
	width := s.drawnWidth(drawn, y)
	for x := range width {
		all := make([]uv.Style, len(drawn))
		content := ""
		for i, c := range drawn {
			content, all[i] = c.CellAt(x, y)
		}
		if content == "" || content == " " && lastAll != nil && goesOn(lastAll, all) { // the second half of a wide character, or a blank
			n++
			continue
		}
		if content == " " {
			for i := range all {
				if plainBlank(all[i]) {
					all[i].Fg, all[i].Attrs = s.looks[i].Styles.Base.Fg, 0
				}
			}
		}
		if code := s.code(all); code != last {
			end()
			last, n = code, 0
		}
		lastAll, n = all, n+1
	}
	end()
	return strings.Join(runs, " ")
}

// drawnWidth is the column after the last one that is not bare ground.
func (s *sheet) drawnWidth(drawn []*canvas.Canvas, y int) int {
	for x := drawn[0].Width(); x > 0; x-- {
		for i, c := range drawn {
			content, st := c.CellAt(x-1, y)
			if content != " " || !plainBlank(st) || st.Bg != s.looks[i].Styles.Base.Bg {
				return x
			}
		}
	}
	return 0
}

// plainBlank says that of a blank cell nothing is seen but its ground.
func plainBlank(s uv.Style) bool {
	return s.Attrs&(uv.AttrReverse|uv.AttrStrikethrough) == 0 && s.Underline == 0
}

func goesOn(before, blank []uv.Style) bool {
	for i, b := range blank {
		if b.Bg != before[i].Bg || b.Attrs&uv.AttrReverse != before[i].Attrs&uv.AttrReverse || b.Underline != 0 || before[i].Underline != 0 {
			return false
		}
	}
	return true
}

func (s *sheet) code(all []uv.Style) string {
	key := s.key(all)
	code, ok := s.codes[key]
	if !ok {
		s.fresh++
		code = "(" + string(rune('A'+s.fresh-1)) + ")"
		s.codes[key] = code
	}
	if !slices.Contains(s.used, key) {
		s.used = append(s.used, key)
	}
	return code
}

// key is what cells look like, in words.
func (s *sheet) key(all []uv.Style) string {
	var parts []string
	for i, st := range all {
		parts = append(parts, fmt.Sprintf("%s %s", s.looks[i].Name, describe(st)))
	}
	return strings.Join(parts, " | ")
}

func describe(s uv.Style) string {
	text := hex(s.Fg)
	if s.Bg != nil {
		text += " on " + hex(s.Bg)
	}
	for _, a := range []struct {
		bit  uint8
		word string
	}{{uv.AttrBold, "bold"}, {uv.AttrFaint, "faint"}, {uv.AttrItalic, "italic"}, {uv.AttrBlink, "blink"}, {uv.AttrReverse, "reverse"}, {uv.AttrConceal, "conceal"}, {uv.AttrStrikethrough, "strikethrough"}} {
		if s.Attrs&a.bit != 0 {
			text += " " + a.word
		}
	}
	if s.Underline != 0 {
		text += " underline"
	}
	return text
}

func hex(c color.Color) string {
	if c == nil {
		return "default"
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

// String is the part of a golden file below the text.
func (s *sheet) String() string {
	var b strings.Builder
	b.WriteString("=== styles, row by row\n")
	for _, r := range s.rows {
		b.WriteString(r + "\n")
	}
	b.WriteString("=== the styles\n")
	var keys []string
	for _, u := range s.used {
		keys = append(keys, fmt.Sprintf("%-4s %s\n", s.codes[u], u))
	}
	slices.Sort(keys)
	b.WriteString(strings.Join(keys, ""))
	return b.String()
}
