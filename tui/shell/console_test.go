package shell

import (
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/canvas"
	"github.com/podarium/podarium/tui/screen"
	"github.com/podarium/podarium/tui/screentest"
)

func newTestConsole(t *testing.T, width, height int) *console {
	t.Helper()
	c := newConsole(width, height)
	t.Cleanup(c.close)
	return c
}

func write(t *testing.T, c *console, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// sent reads as many bytes as wanted has: what went to the container.
func sent(t *testing.T, c *console, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(c.input, buf); err != nil {
		t.Fatal(err)
	}
	if string(buf) != want {
		t.Errorf("sent %q, want %q", buf, want)
	}
}

func TestKeysAsTerminalsSendThem(t *testing.T) {
	c := newTestConsole(t, 80, 24)
	for _, k := range []struct {
		key  tea.KeyPressMsg
		want string
	}{
		{tea.KeyPressMsg{Code: 'a', Text: "a"}, "a"},
		{tea.KeyPressMsg{Code: 'ä', Text: "Ä", Mod: tea.ModShift}, "Ä"},
		{tea.KeyPressMsg{Code: 'x', Text: "x", Mod: tea.ModAlt}, "\x1bx"},
		{tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}, "\x03"},
		{tea.KeyPressMsg{Code: ']', Mod: tea.ModCtrl}, "\x1d"},
		{tea.KeyPressMsg{Code: tea.KeyEnter}, "\r"},
		{tea.KeyPressMsg{Code: tea.KeyEnter, Mod: tea.ModShift}, "\r"},
		{tea.KeyPressMsg{Code: tea.KeyBackspace}, "\x7f"},
		{tea.KeyPressMsg{Code: tea.KeyTab}, "\t"},
		{tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}, "\x1b[Z"},
		{tea.KeyPressMsg{Code: tea.KeyEscape}, "\x1b"},
		{tea.KeyPressMsg{Code: tea.KeyUp}, "\x1b[A"},
		{tea.KeyPressMsg{Code: tea.KeyRight, Mod: tea.ModCtrl}, "\x1b[1;5C"},
		{tea.KeyPressMsg{Code: tea.KeyDelete, Mod: tea.ModShift}, "\x1b[3;2~"},
		{tea.KeyPressMsg{Code: tea.KeyF5}, "\x1b[15~"},
	} {
		c.key(k.key)
		sent(t, c, k.want)
	}
	write(t, c, "\x1b[?1h") // application cursor keys, as full-screen programs ask for
	c.key(tea.KeyPressMsg{Code: tea.KeyUp})
	sent(t, c, "\x1bOA")
	c.paste("a\nb")
	sent(t, c, "a\rb")
	write(t, c, "\x1b[?2004h")
	c.paste("a\nb")
	sent(t, c, "\x1b[200~a\rb\x1b[201~")
	write(t, c, "\x1b[6n") // where is the cursor?
	sent(t, c, "\x1b[1;1R")
}

func TestNothingAContainerWritesBreaksTheUI(t *testing.T) {
	c := newTestConsole(t, 40, 10)
	go func() { _, _ = io.Copy(io.Discard, c.input) }() // ends with the console
	_, s := screentest.New(t, nil)
	random := rand.New(rand.NewSource(1))
	pieces := []string{"\x1b[", "\x1b]", "\x1bP", ";", "1", "99999", "-1", "H", "J", "K", "r", "S", "T", "L", "M", "@", "P", "X", "m", "h", "l", "?", "1049", "\n", "\t", "\b", "世", "\u0301", "\xff", "\x9b", "\x1b7", "\x1b8", "\x1bM", "\x1bc", "text"}
	for range 20000 {
		if random.Intn(50) == 0 {
			c.resize(1+random.Intn(60), 1+random.Intn(20))
		}
		_, _ = io.WriteString(c, pieces[random.Intn(len(pieces))])
		if random.Intn(200) == 0 {
			c.draw(canvas.New(40, 10, s.Styles().Base), random.Intn(30), true)
		}
	}
	if c.broken != nil {
		t.Logf("the emulator gave up: %v", c.broken) // the session would end, and say so
	}
}

func TestALowerTerminalKeepsItsEnd(t *testing.T) {
	c := newTestConsole(t, 40, 10)
	for i := range 10 {
		write(t, c, fmt.Sprintf("line %d\r\n", i))
	}
	write(t, c, "$ ")
	c.resize(40, 4)
	_, s := screentest.New(t, nil)
	cells := canvas.New(40, 4, s.Styles().Base)
	c.draw(cells, 0, true)
	if got := strings.Fields(cells.String()); strings.Join(got, " ") != "line 7 line 8 line 9 $" {
		t.Errorf("the screen is %q", cells.String())
	}
	if c.scrollback() != 7 || !strings.HasPrefix(c.text(), "line 0\nline 1\n") {
		t.Errorf("%d lines have scrolled away; the text is %q", c.scrollback(), c.text())
	}
	c.draw(cells, 7, true)
	if !strings.HasPrefix(cells.String(), "line 0") {
		t.Errorf("scrolled back it shows %q", cells.String())
	}
}

// fixture is a view whose session says what the test wants.
func fixture(t *testing.T) (*screentest.Host, *view) {
	t.Helper()
	h, s := screentest.New(t, nil)
	r := Session{Object: screen.Object{Namespace: "default", Name: "web-1"}, Container: "nginx"}
	v := &view{scope: s, request: r, con: newTestConsole(t, 80, 23)}
	v.con.opened(target{at: remote.Container{Namespace: "default", Pod: "web-1", Name: "nginx"}, stdin: true, tty: true})
	write(t, v.con, "web-1:/# ls --color\r\n\x1b[1;34mbin\x1b[0m  \x1b[31metc\x1b[0m  世界\r\nweb-1:/# ")
	return h, v
}

func TestGolden(t *testing.T) {
	h, v := fixture(t)
	screentest.AllSizes(t, h, "shell", v)
	v.con.end(nil)
	screentest.AllSizes(t, h, "ended", v)
}

func TestTheLeaderIsForTheUI(t *testing.T) {
	h, v := fixture(t)
	press := func(k tea.KeyPressMsg) { v.Type(k) }
	press(tea.KeyPressMsg{Code: 'q', Text: "q"})
	sent(t, v.con, "q")
	press(tea.KeyPressMsg{Code: ']', Mod: tea.ModCtrl})
	press(tea.KeyPressMsg{Code: ']', Mod: tea.ModCtrl})
	sent(t, v.con, "\x1d")
	if h.Backs != 0 {
		t.Fatal("left by a key for the container")
	}
	press(tea.KeyPressMsg{Code: ']', Mod: tea.ModCtrl})
	press(tea.KeyPressMsg{Code: 'q', Text: "q"})
	if h.Backs != 1 {
		t.Error("ctrl-] q does not leave")
	}
	for _, table := range Module().Keys {
		if err := table.Check(); err != nil {
			t.Error(err)
		}
	}
}
