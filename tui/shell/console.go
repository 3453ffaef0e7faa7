package shell

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"github.com/podarium/podarium/cluster/remote"
	"github.com/podarium/podarium/tui/canvas"
)

// maxScrollback is how many lines that have scrolled away are kept.
const maxScrollback = 5000

// console is a terminal emulator between a container and the screen. It is safe for use by several goroutines; what the container
// writes waits for the screen to be copied, and the screen never waits for the container.
type console struct {
	input   *remote.Input
	sizes   *remote.LastSize
	changed chan struct{} // capacity 1, never closed
	life    func() context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex
	emu    *vt.Emulator
	st     status
	mouse  map[ansi.Mode]bool // the ways in which the program asked for the mouse
	broken error
}

// status is a console at one moment.
type status struct {
	target target
	title  string
	// waits says what the container waits for before it runs.
	waits string
	// live says that something came from the container.
	live    bool
	ended   bool
	err     error
	dropped int // bytes that the container did not take
}

func newConsole(width, height int) *console {
	ctx, cancel := context.WithCancel(context.Background()) // ends with close
	c := &console{
		input: remote.NewInput(), sizes: remote.NewLastSize(), changed: make(chan struct{}, 1),
		life: func() context.Context { return ctx }, cancel: cancel,
		emu: vt.NewEmulator(width, height), mouse: map[ansi.Mode]bool{},
	}
	c.emu.SetScrollbackSize(maxScrollback)
	c.emu.SetCallbacks(vt.Callbacks{
		Title:       func(t string) { c.st.title = t },
		EnableMode:  func(m ansi.Mode) { c.mouse[m] = isMouse(m) },
		DisableMode: func(m ansi.Mode) { delete(c.mouse, m) },
	})
	go c.pump(c.emu)
	return c
}

func isMouse(m ansi.Mode) bool {
	switch m {
	case ansi.ModeMouseX10, ansi.ModeMouseNormal, ansi.ModeMouseHighlight, ansi.ModeMouseButtonEvent, ansi.ModeMouseAnyEvent:
		return true
	}
	return false
}

// pump takes what the emulator has for the container, keys and answers, and never stops: the emulator waits for it.
func (c *console) pump(from io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := c.input.Write(buf[:n]); err != nil && c.life().Err() == nil {
				c.drop(n)
			}
		}
		if err != nil {
			return
		}
	}
}

// drop counts without the lock of the emulator, which whoever waits for pump holds.
func (c *console) drop(n int) {
	go func() {
		c.mu.Lock()
		c.st.dropped += n
		c.mu.Unlock()
		c.touch()
	}()
}

// context ends with close.
func (c *console) context() context.Context { return c.life() }

func (c *console) touch() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *console) opened(t target) {
	c.mu.Lock()
	c.st.target = t
	c.mu.Unlock()
	c.touch()
}

func (c *console) waits(why string) {
	c.mu.Lock()
	c.st.waits = why
	c.mu.Unlock()
	c.touch()
}

// Write shows what the container wrote. A sequence that the emulator cannot stand ends the session, not the program.
func (c *console) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.touch()
	if c.broken != nil {
		return 0, c.broken
	}
	defer func() {
		if r := recover(); r != nil {
			c.broken = fmt.Errorf("the terminal could not show what the container wrote: %v", r)
			n, err = 0, c.broken
		}
	}()
	c.st.live = true
	return c.emu.Write(p)
}

// lines is a Write for output that is not meant for a terminal: its lines end without a carriage return.
func (c *console) lines() io.Writer { return newlines{c} }

type newlines struct{ c *console }

func (n newlines) Write(p []byte) (int, error) {
	if _, err := n.c.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *console) end(err error) {
	c.mu.Lock()
	c.st.ended, c.st.err = true, err
	if c.broken != nil {
		c.st.err = c.broken
	}
	c.mu.Unlock()
	c.input.Close()
	c.sizes.Close()
	c.touch()
}

// close ends the session. What is on the screen stays.
func (c *console) close() {
	c.cancel()
	c.input.Close()
	c.sizes.Close()
	if p, ok := c.emu.InputPipe().(io.Closer); ok {
		_ = p.Close() // ends pump
	}
}

func (c *console) state() status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.st
}

// special are the keys that have a sequence with modifiers in xterm's way: a letter, or a number before a tilde.
var special = map[rune]string{
	tea.KeyUp: "A", tea.KeyDown: "B", tea.KeyRight: "C", tea.KeyLeft: "D", tea.KeyHome: "H", tea.KeyEnd: "F",
	tea.KeyF1: "P", tea.KeyF2: "Q", tea.KeyF3: "R", tea.KeyF4: "S",
	tea.KeyInsert: "2~", tea.KeyDelete: "3~", tea.KeyPgUp: "5~", tea.KeyPgDown: "6~",
	tea.KeyF5: "15~", tea.KeyF6: "17~", tea.KeyF7: "18~", tea.KeyF8: "19~", tea.KeyF9: "20~", tea.KeyF10: "21~", tea.KeyF11: "23~", tea.KeyF12: "24~",
}

// key sends a key.
func (c *console) key(k tea.KeyPressMsg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const modifiers = tea.ModShift | tea.ModAlt | tea.ModCtrl
	mod := k.Mod & modifiers
	if seq, ok := special[k.Code]; ok && mod != 0 {
		number := 1 // the sum of shift 1, alt 2 and ctrl 4, and one
		for i, m := range []tea.KeyMod{tea.ModShift, tea.ModAlt, tea.ModCtrl} {
			if mod&m != 0 {
				number += 1 << i
			}
		}
		if n, tilde := strings.CutSuffix(seq, "~"); tilde {
			c.emu.SendText(fmt.Sprintf("\x1b[%s;%d~", n, number))
		} else {
			c.emu.SendText(fmt.Sprintf("\x1b[1;%d%s", number, seq))
		}
		return
	}
	if k.Text != "" && mod&tea.ModCtrl == 0 {
		if mod&tea.ModAlt != 0 {
			c.emu.SendText("\x1b")
		}
		c.emu.SendText(k.Text)
		return
	}
	if k.Code != tea.KeyTab && mod&tea.ModCtrl == 0 {
		mod &^= tea.ModShift // shift-enter is enter
	}
	if mod&tea.ModCtrl != 0 && k.Code == '/' {
		k.Code = '_' // as terminals send it
	}
	c.emu.SendKey(uv.KeyPressEvent{Code: k.Code, Mod: mod})
}

func (c *console) paste(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emu.Paste(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\r"), "\n", "\r"))
}

func (c *console) click(x, y int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := uv.Mouse{X: x, Y: y, Button: uv.MouseLeft}
	c.emu.SendMouse(uv.MouseClickEvent(m))
	c.emu.SendMouse(uv.MouseReleaseEvent(m))
}

// wheel turns the wheel for a program that takes the mouse or the whole terminal, and says whether there is one.
func (c *console) wheel(lines int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	button, arrow := uv.MouseWheelDown, tea.KeyDown
	if lines < 0 {
		button, arrow = uv.MouseWheelUp, tea.KeyUp
	}
	for _, on := range c.mouse {
		if on {
			c.emu.SendMouse(uv.MouseWheelEvent(uv.Mouse{Button: button}))
			return true
		}
	}
	if !c.emu.IsAltScreen() {
		return false
	}
	for range max(lines, -lines) {
		c.emu.SendKey(uv.KeyPressEvent{Code: arrow})
	}
	return true
}

// resize gives the terminal a size, and tells the container of it.
func (c *console) resize(width, height int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	width, height = max(width, 1), max(height, 1)
	if c.broken == nil && !c.st.ended && (c.emu.Width() != width || c.emu.Height() != height || !c.st.live) {
		if c.emu.Width() != width || c.emu.Height() != height {
			c.keepCursor(height)
			c.emu.Resize(width, height)
		}
		c.sizes.Set(width, height)
	}
}

// keepCursor scrolls up what a lower terminal has no room for: the emulator itself would cut off the end.
func (c *console) keepCursor(height int) {
	at := c.emu.CursorPosition()
	if lines := at.Y - height + 1; lines > 0 && !c.emu.IsAltScreen() {
		_, _ = fmt.Fprintf(c.emu, "\x1b[%d;1H%s\x1b[%d;%dH", c.emu.Height(), strings.Repeat("\n", lines), at.Y-lines+1, at.X+1)
	}
}

func (c *console) scrollback() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.emu.IsAltScreen() {
		return 0
	}
	return c.emu.ScrollbackLen()
}

// draw copies the terminal, from so many lines back, with its cursor where that is wanted. Where the canvas is the lower one, it
// shows the lines up to the cursor.
func (c *console) draw(to *canvas.Canvas, back int, cursor bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := c.emu.ScrollbackLen()
	if c.emu.IsAltScreen() {
		gone = 0
	}
	at := c.emu.CursorPosition()
	first := max(0, at.Y+1-to.Height()) - min(back, gone) // of the lines of the screen; below 0 they have scrolled away
	for y := range to.Height() {
		for x := 0; x < to.Width(); {
			cell := c.emu.CellAt(x, first+y)
			if first+y < 0 {
				cell = c.emu.ScrollbackCellAt(x, gone+first+y)
			}
			if cell == nil || cell.Content == "" {
				x++
				continue
			}
			to.Text(x, y, cell.Style, cell.Content)
			x += max(1, cell.Width)
		}
	}
	if cursor && back == 0 && !c.emu.CursorHidden() {
		to.Paint(min(at.X, to.Width()-1), at.Y-first, 1, canvas.Style{Attrs: uv.AttrReverse})
	}
}

// text is the terminal as text, what has scrolled away first.
func (c *console) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	if sb := c.emu.Scrollback(); sb != nil && !c.emu.IsAltScreen() {
		for _, line := range sb.Lines() {
			b.WriteString(strings.TrimRight(line.String(), " "))
			b.WriteByte('\n')
		}
	}
	b.WriteString(strings.TrimRight(c.emu.String(), "\n "))
	b.WriteByte('\n')
	return b.String()
}
