// Package paint puts frames on the terminal.
//
// The terminal is bubbletea's: it reads the keys, sets the modes, hands the terminal to an editor and takes it back. But its
// renderer takes a frame as text, parses that into cells, and writes what differs at its next tick: on a busy machine a key
// is seen 10 to 20 ms later than it could be. So bubbletea shows an empty frame, and the cells go to ultraviolet, the
// renderer below bubbletea's, as soon as they are there.
package paint

import (
	"bytes"
	"os"
	"regexp"
	"runtime"
	"slices"
	"sync"

	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// Painter is the terminal as bubbletea writes to it, and the frames between. It paints only while bubbletea has the
// alternate screen on, and paints all of it anew after bubbletea has moved or erased anything there.
// It is safe for use by several goroutines.
type Painter struct {
	File *os.File // the terminal
	env  []string

	wake chan struct{} // written after a change of what follows, capacity 1
	mu   sync.Mutex
	next *uv.RenderBuffer // the frame; nil before the first
	// cursor is where the terminal's cursor is shown, nil where it is not.
	cursor  *Point
	profile colorprofile.Profile
	synced  bool // the terminal takes frames as a whole (mode 2026)
	on      bool // the alternate screen is
	lost    bool // what is on the screen is not known

	// These are used while writing is held.
	out    bytes.Buffer
	screen *uv.TerminalRenderer
	shown  bool // the cursor is

	writing sync.Mutex // to the terminal; taken before mu
}

// Point is a cell, from 0.
type Point struct{ X, Y int }

// New makes a painter for a terminal; env is the environment, for what kind of terminal it is.
func New(terminal *os.File, env []string) *Painter {
	return &Painter{File: terminal, env: env, wake: make(chan struct{}, 1), profile: colorprofile.TrueColor}
}

// The sequences that say whether the alternate screen is on, and those that move the cursor or what is on the screen
// (ECMA-48, 8.3: cursor movements, ED, EL, IL, DL, ICH, DCH, ECH, SU, SD, VPA).
var (
	enters = []byte(ansi.SetModeAltScreenSaveCursor)
	leaves = []byte(ansi.ResetModeAltScreenSaveCursor)
	moves  = regexp.MustCompile(`\x1b\[[0-9;]*[@A-HJKLMPSTXd]`)
)

// Read, Fd and Close are the terminal's: bubbletea takes its size and sets its modes by them.
func (p *Painter) Read(b []byte) (int, error) { return p.File.Read(b) }

// Fd is the terminal's.
func (p *Painter) Fd() uintptr { return p.File.Fd() }

// Close closes the terminal.
func (p *Painter) Close() error { return p.File.Close() }

// Write is for bubbletea. Where that has erased the screen, the frame follows in the same breath, so that nobody sees it blank.
func (p *Painter) Write(b []byte) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	all := b
	if p.disturbs(b) {
		all = append(bytes.Clone(b), p.compose()...)
	}
	n, err := p.write(all)
	return min(n, len(b)), err
}

// disturbs notes what becomes of the screen by what bubbletea writes, and says whether it has to be painted anew.
func (p *Painter) disturbs(b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	in, out := bytes.LastIndex(b, enters), bytes.LastIndex(b, leaves)
	if in >= 0 || out >= 0 {
		p.on = in > out
	}
	if !p.on || in < 0 && !moves.Match(b) {
		return false
	}
	p.lost = true
	return true
}

// write is told of by bubbletea, which reads from the terminal too, where that is gone. What was written in part is written
// again with the next frame.
func (p *Painter) write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost = true
	}
	return n, err
}

// Show takes the next frame, and where its cursor is. It copies what differs and never waits for the terminal: of frames that
// come faster than that takes them, the last is painted.
func (p *Painter) Show(lines []uv.Line, cursor *Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	width := 0
	if len(lines) > 0 {
		width = len(lines[0])
	}
	if p.next == nil || p.next.Width() != width || p.next.Height() != len(lines) {
		p.next, p.lost = uv.NewRenderBuffer(width, len(lines)), true
	}
	changed := p.lost
	for y, line := range lines {
		if !slices.Equal(p.next.Lines[y], line) {
			copy(p.next.Lines[y], line)
			p.next.TouchLine(0, y, width)
			changed = true
		}
	}
	if (cursor == nil) != (p.cursor == nil) || cursor != nil && *cursor != *p.cursor {
		p.cursor, changed = cursor, true
	}
	if changed {
		p.rouse()
	}
}

// SetProfile says what colours the terminal has.
func (p *Painter) SetProfile(profile colorprofile.Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.profile, p.lost = profile, true
	p.rouse()
}

// SetSynced says that the terminal shows a frame as a whole when it is told where it begins and ends.
func (p *Painter) SetSynced() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.synced = true
}

func (p *Painter) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run paints until done is closed.
func (p *Painter) Run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-p.wake:
		}
		p.paint()
	}
}

func (p *Painter) paint() {
	p.writing.Lock()
	defer p.writing.Unlock()
	if b := p.compose(); len(b) > 0 {
		_, _ = p.write(b)
	}
}

// compose is what leads from what is on the screen to the frame.
func (p *Painter) compose() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Reset()
	if !p.on || p.next == nil {
		return nil
	}
	if p.lost {
		p.lost = false
		p.begin()
	}
	if p.synced {
		p.out.WriteString(ansi.SetModeSynchronizedOutput)
	}
	if p.shown {
		p.out.WriteString(ansi.ResetModeTextCursorEnable)
	}
	empty := p.out.Len()
	p.screen.Render(p.next)
	if p.cursor != nil {
		p.screen.MoveTo(p.cursor.X, p.cursor.Y)
	}
	_ = p.screen.Flush() // into a buffer
	if p.out.Len() == empty && p.shown == (p.cursor != nil) {
		return nil
	}
	if p.shown = p.cursor != nil; p.shown {
		p.out.WriteString(ansi.SetModeTextCursorEnable)
	}
	if p.synced {
		p.out.WriteString(ansi.ResetModeSynchronizedOutput)
	}
	return p.out.Bytes()
}

// begin forgets what is on the screen, so that all of it is painted, and whether the cursor is.
func (p *Painter) begin() {
	s := uv.NewTerminalRenderer(&p.out, p.env)
	s.SetColorProfile(p.profile)
	s.SetFullscreen(true)
	s.SetRelativeCursor(false)
	s.SetScrollOptim(runtime.GOOS != "windows") // Windows Terminal scrolls wrongly: github.com/microsoft/terminal/issues/19016
	s.Resize(p.next.Width(), p.next.Height())
	s.Erase()
	p.screen, p.shown = s, true
}
