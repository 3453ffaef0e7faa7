package paint

import (
	"fmt"
	"image/color"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"github.com/podarium/podarium/tui/canvas"
)

const width, height = 30, 8

// terminal is a terminal emulator at the other end of a painter.
type terminal struct {
	*Painter
	changed chan struct{} // written after each output, capacity 1

	mu     sync.Mutex
	screen *vt.Emulator
	raw    strings.Builder
	cursor bool
}

func open(t *testing.T) *terminal {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{Painter: New(w, []string{"TERM=xterm-256color"}), changed: make(chan struct{}, 1), screen: vt.NewEmulator(width, height)}
	x.screen.SetCallbacks(vt.Callbacks{CursorVisibility: func(on bool) { x.cursor = on }})
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { x.Run(done) })
	all.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			if err != nil {
				return
			}
			x.mu.Lock()
			_, _ = x.screen.Write(buf[:n])
			x.raw.Write(buf[:n])
			x.mu.Unlock()
			select {
			case x.changed <- struct{}{}:
			default:
			}
		}
	})
	t.Cleanup(func() {
		close(done)
		_ = w.Close()
		all.Wait()
		_ = r.Close()
		_ = x.screen.Close()
	})
	return x
}

// until waits until the terminal is as wanted.
func (x *terminal) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		x.mu.Lock()
		ok := is()
		x.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-x.changed:
		case <-limit.C:
			x.mu.Lock()
			defer x.mu.Unlock()
			t.Fatalf("waited for %s; the screen is\n%s", what, x.screen.String())
		}
	}
}

// shows waits until the terminal shows what a canvas does, cell by cell.
func (x *terminal) shows(t *testing.T, what string, c *canvas.Canvas) {
	t.Helper()
	differs := ""
	defer func() {
		if t.Failed() {
			t.Log(differs)
		}
	}()
	x.until(t, what, func() bool {
		differs = ""
		for at := range width * height {
			content, style := c.CellAt(at%width, at/width)
			cell := x.screen.CellAt(at%width, at/width)
			if content == " " { // a bold blank looks like any other
				style.Attrs, style.Fg = cell.Style.Attrs, cell.Style.Fg
			}
			if cell.Content != content || !cell.Style.Equal(&style) {
				differs = fmt.Sprintf("%d: %q %v, not %q %v", at, cell.Content, cell.Style, content, style)
				return false
			}
		}
		return true
	})
}

func (x *terminal) bubbletea(t *testing.T, text string) {
	t.Helper()
	if _, err := x.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// The terminal shows the last frame, whatever was shown before it and whatever bubbletea did in between.
func TestTheTerminalShowsTheLastFrame(t *testing.T) {
	x := open(t)
	x.bubbletea(t, ansi.SetModeAltScreenSaveCursor+ansi.ResetModeTextCursorEnable+ansi.CursorHomePosition+ansi.EraseEntireScreen)
	styles := []canvas.Style{{}, {Fg: color.RGBA{R: 200, A: 255}}, {Bg: color.RGBA{B: 90, A: 255}, Attrs: uv.AttrBold}}
	c := canvas.New(width, height, styles[2])
	for frame := range 300 {
		y, text := rand.IntN(height), []string{"word", "世界", "é", " gone "}[rand.IntN(4)]
		c.Cut(0, y, width, 1).Clear() // half a wide character is another matter
		c.Text(rand.IntN(width), y, styles[rand.IntN(len(styles))], text)
		if rand.IntN(9) == 0 {
			c.Clear()
		}
		var cursor *Point
		if rand.IntN(3) == 0 {
			cursor = &Point{rand.IntN(width), rand.IntN(height)}
		}
		x.Show(c.Lines(), cursor)
		switch rand.IntN(12) {
		case 0:
			x.bubbletea(t, ansi.CursorHomePosition+ansi.EraseEntireScreen)
		case 1:
			x.bubbletea(t, ansi.SetWindowTitle("another"))
		case 2:
			x.SetSynced()
		}
		if frame%3 == 0 {
			x.shows(t, fmt.Sprintf("frame %d:\n%s", frame, c), c)
			x.until(t, "the cursor", func() bool {
				if cursor == nil || !x.cursor {
					return x.cursor == (cursor != nil)
				}
				at := x.screen.CursorPosition()
				return at.X == cursor.X && at.Y == cursor.Y
			})
		}
	}
}

// While an editor has the terminal nothing is painted, and afterwards all of it is.
func TestNothingIsPaintedOnAnothersScreen(t *testing.T) {
	x := open(t)
	c := canvas.New(width, height, canvas.Style{})
	c.Text(0, 0, canvas.Style{}, "before")
	x.Show(c.Lines(), nil)
	x.bubbletea(t, "a shell's prompt")
	x.until(t, "the prompt", func() bool { return strings.HasPrefix(x.screen.String(), "a shell's prompt") })
	x.bubbletea(t, ansi.SetModeAltScreenSaveCursor)
	x.shows(t, "the frame", c)
	x.bubbletea(t, ansi.ResetModeAltScreenSaveCursor+"\r\nan editor")
	c.Text(0, 0, canvas.Style{}, "meanwhile")
	x.Show(c.Lines(), nil)
	x.paint() // if anything is, it is by now
	x.bubbletea(t, "\r\nsaved")
	x.until(t, "the editor's end", func() bool { return strings.Contains(x.screen.String(), "saved") })
	if s := x.screen.String(); !strings.Contains(s, "an editor") || strings.Contains(s, "meanwhile") {
		t.Fatalf("the editor's screen is\n%s", s)
	}
	x.bubbletea(t, ansi.SetModeAltScreenSaveCursor)
	x.shows(t, "what changed meanwhile", c)
}

// A terminal that does not read, as over a bad line, holds up nobody, and shows the last frame when it reads again.
func TestASlowTerminalHoldsUpNobody(t *testing.T) {
	x := open(t)
	x.bubbletea(t, ansi.SetModeAltScreenSaveCursor)
	x.mu.Lock() // the terminal reads no more, once what is on the way is read
	c := canvas.New(width, height, canvas.Style{})
	for i := range 3000 { // far more than a pipe holds
		c.Clear()
		for y := range height {
			c.Text(0, y, canvas.Style{}, fmt.Sprintf("line %d of frame %d", y, i))
		}
		x.Show(c.Lines(), nil)
	}
	x.mu.Unlock()
	x.shows(t, "the last frame", c)
}

// What has not changed is not written again.
func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	x := open(t)
	x.bubbletea(t, ansi.SetModeAltScreenSaveCursor)
	c := canvas.New(width, height, canvas.Style{})
	for y := range height {
		c.Text(0, y, canvas.Style{}, "a line that stays as it is")
	}
	x.Show(c.Lines(), nil)
	x.shows(t, "the first frame", c)
	x.mu.Lock()
	before := x.raw.Len()
	x.mu.Unlock()
	c.Text(2, 3, canvas.Style{}, "X")
	x.Show(c.Lines(), nil)
	x.shows(t, "the second", c)
	x.mu.Lock()
	defer x.mu.Unlock()
	if wrote := x.raw.String()[before:]; len(wrote) > 20 {
		t.Errorf("for one cell %d bytes were written: %q", len(wrote), wrote)
	}
}

func BenchmarkShow(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	p := New(null, []string{"TERM=xterm-256color"})
	if _, err := p.Write([]byte(ansi.SetModeAltScreenSaveCursor)); err != nil {
		b.Fatal(err)
	}
	c := canvas.New(200, 60, canvas.Style{Fg: color.RGBA{R: 1, G: 2, B: 3, A: 255}, Bg: color.RGBA{A: 255}})
	for y := range 60 {
		for x := 0; x < 200; x += 10 {
			c.Text(x, y, canvas.Style{Fg: color.RGBA{R: uint8(x), A: 255}}, "some cell")
		}
	}
	for i := 0; b.Loop(); i++ {
		c.Text(0, 0, canvas.Style{}, string(rune('a'+i%26)))
		p.Show(c.Lines(), nil)
		p.paint()
	}
}
