package canvas

import (
	"strings"
	"testing"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
)

func TestNothingLeavesItsRectangle(t *testing.T) {
	c := New(20, 5, Style{})
	in := c.Cut(5, 1, 6, 2)
	in.Text(-3, 0, Style{}, "abcdefghijklmnop")
	in.Text(0, 1, Style{}, "世界世界世界")
	in.Text(0, 7, Style{}, "below")
	in.Right(3, 1, Style{}, "a text that begins far to the left")
	in.Rule(9, Style{})
	in.Frame(Style{})
	for y, line := range strings.Split(c.String(), "\n") {
		for x, r := range []rune(line) {
			if r != ' ' && (y < 1 || y > 2 || x < 5) {
				t.Fatalf("%q at %d,%d", r, x, y)
			}
		}
	}
	if cut := c.Cut(18, 4, 100, 100); cut.Width() != 2 || cut.Height() != 1 {
		t.Errorf("a cut that is too large is %dx%d", cut.Width(), cut.Height())
	}
	if cut := c.Cut(50, 50, 3, 3); cut.Width() != 0 || cut.Height() != 0 {
		t.Error("a cut outside is not empty")
	}
	New(0, 0, Style{}).Text(0, 0, Style{}, "x")
	New(-1, -1, Style{}).Frame(Style{})
}

func TestWidthTruncateWrap(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "世界": 4, "é": 1, "a\tb": 3, "\x1b[2J": 4} {
		if got := Width(text); got != want {
			t.Errorf("width of %q is %d, want %d", text, got, want)
		}
	}
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"abcdef", 6, "abcdef"}, {"abcdef", 5, "abcd…"}, {"abcdef", 1, "…"}, {"abc", 0, ""}, {"世界世界", 5, "世界…"}, {"世界世界", 4, "世…"}} {
		if got := Truncate(c.text, c.n); got != c.want || Width(got) > c.n {
			t.Errorf("%q to %d is %q, want %q", c.text, c.n, got, c.want)
		}
	}
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"/a/b/c/d/e", 10, "/a/b/c/d/e"}, {"/a/b/c/d/e", 8, "/a…c/d/e"}, {"世界世界世界", 8, "世…世界"}, {"abcdef", 2, "a…"}, {"abc", 0, ""}} {
		if got := Middle(c.text, c.n); got != c.want || Width(got) > c.n {
			t.Errorf("%q to %d is %q, want %q", c.text, c.n, got, c.want)
		}
	}
	if got := strings.Join(Wrap("one two  three\nfourfourfour", 7), "|"); got != "one two|three|fourfou|rfour" {
		t.Errorf("wrapped: %s", got)
	}
}

func TestReverseIsOneBar(t *testing.T) {
	c := New(10, 1, Style{})
	c.Text(0, 0, Style{Fg: uvRed{}, Attrs: uv.AttrFaint}, "red")
	c.Paint(0, 0, 10, Style{Attrs: uv.AttrReverse})
	for x := range 10 {
		if s, _ := c.StyleAt(x, 0); s.Fg != nil || s.Attrs != uv.AttrReverse {
			t.Errorf("cell %d: %+v", x, s)
		}
	}
}

type uvRed struct{}

func (uvRed) RGBA() (r, g, b, a uint32) { return 0xffff, 0, 0, 0xffff }

func FuzzText(f *testing.F) {
	for _, s := range []string{"plain", "\x1b]0;title\a", "世界\u200d👩", "\xff\xfe", "e\u0301", "\u009b31m", strings.Repeat("x", 300)} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, x int) {
		c := New(20, 2, Style{})
		c.Text(x%40, 0, Style{}, s)
		out := c.Render()
		if !utf8.ValidString(out) {
			t.Fatalf("invalid UTF-8 reaches the terminal: %q", out)
		}
		for _, r := range out {
			if (r < 0x20 && r != '\n') || (r >= 0x7f && r < 0xa0) {
				t.Fatalf("control character %U reaches the terminal", r)
			}
		}
		if w := Width(Truncate(s, 10)); w > 10 {
			t.Fatalf("truncated to 10 it takes %d", w)
		}
		if w := Width(Middle(s, 10)); w > 10 {
			t.Fatalf("without its middle it takes %d", w)
		}
		Wrap(s, 7)
	})
}
