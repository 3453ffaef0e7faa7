package grid

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"

	"github.com/podarium/podarium/themes"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/style"
)

func styles(t *testing.T) *style.Styles {
	t.Helper()
	theme, err := themes.Load(themes.Default(true))
	if err != nil {
		t.Fatal(err)
	}
	return style.New(theme, colorprofile.TrueColor)
}

func TestOnlyRowsInSightAreAskedFor(t *testing.T) {
	s := styles(t)
	g := Grid{Columns: []Column{{Head: "KEY", Wide: true}, {Head: "BYTES", Right: true}}}
	c := canvas.New(20, 6, s.Base)
	asked := 0
	row := func(i int) []Cell {
		asked++
		return Plain(fmt.Sprintf("/a/long/key/%d", i), "1 234")
	}
	g.Cursor.Move(Bottom, 1_000_000)
	g.Draw(c, s, 1_000_000, row, true)
	if asked != 5 {
		t.Errorf("%d rows were asked for, of five in sight", asked)
	}
	lines := strings.Split(c.String(), "\n")
	if want := "KEY            BYTES"; lines[0] != want {
		t.Errorf("head %q, want %q", lines[0], want)
	}
	if want := "/a/long/key…   1 234"; !strings.HasPrefix(lines[5], "/a/long/key/") || len([]rune(lines[5])) > 20 {
		t.Errorf("last line %q, want about %q", lines[5], want)
	}
	if i := g.Row(5, 1_000_000); i != 999_999 {
		t.Errorf("row %d is on the last line", i)
	}
}

func TestCursorStaysWithinTheList(t *testing.T) {
	var c Cursor
	c.Window(3, 10)
	for _, step := range []struct {
		do   func()
		want int
	}{
		{func() { c.Move(Up, 3) }, 0},
		{func() { c.Move(Down, 3) }, 1},
		{func() { c.Move(PageDown, 3) }, 2},
		{func() { c.Clamp(1) }, 0},
		{func() { c.Move(Bottom, 0) }, 0},
	} {
		if step.do(); c.At != step.want {
			t.Errorf("at %d, want %d", c.At, step.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 48211: "48 211", -1234567: "-1 234 567"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
