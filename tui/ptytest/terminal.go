//go:build unix

// Package ptytest runs the real program in a pseudo-terminal, with a terminal emulator at the other end, as a user has it:
// keys, pastes and the mouse go in as bytes, and what is on the screen comes out as cells.
//
// It waits for something to be on the screen, or for the screen to stand still, and never for time.
package ptytest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"github.com/podarium/podarium/cluster/clustertest"
)

// patience is how long a Terminal waits before it fails the test.
const patience = 3 * time.Minute

// Options say how the program is run.
type Options struct {
	Columns, Rows int // 0 for 120 by 40
	// Args are podarium's.
	Args []string
	// Env is added to the environment, in which HOME and the XDG directories are the test's own.
	Env []string
}

// Terminal is a terminal with podarium in it.
type Terminal struct {
	t       testing.TB
	tty     *os.File
	shell   int // its process
	exited  chan int
	changed chan struct{} // written after each output, capacity 1, never closed

	mu     sync.Mutex
	screen *vt.Emulator
	raw    strings.Builder
}

// What the shell around the program says when that has ended. A terminal hangs up when the first process of its session
// ends, so there is a shell, as at a prompt.
const leftWith = "left with "

// Open runs podarium in a terminal until the test ends.
func Open(t testing.TB, o Options) *Terminal {
	t.Helper()
	bin, err := clustertest.Binary()
	if err != nil {
		t.Fatal(err)
	}
	if o.Columns == 0 {
		o.Columns, o.Rows = 120, 40
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", `"$0" "$@"; echo "` + leftWith + `$?."; read -r _`, bin}, o.Args...)...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor", "HOME="+home, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME=", "XDG_CACHE_HOME=")
	cmd.Env = append(cmd.Env, o.Env...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(o.Columns), Rows: uint16(o.Rows)})
	if err != nil {
		t.Fatal(err)
	}
	p := &Terminal{t: t, tty: tty, shell: cmd.Process.Pid, exited: make(chan int, 1), changed: make(chan struct{}, 1), screen: vt.NewEmulator(o.Columns, o.Rows)}
	go func() { _, _ = io.Copy(tty, p.screen) }() // what a terminal answers when it is asked; ends when either is closed
	go p.read()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the shell and what it runs; they may have ended
		_ = cmd.Wait()
		_ = tty.Close()
		_ = p.screen.Close()
	})
	return p
}

// tail is how much of the output is searched for the shell's last words.
const tail = 512

func (p *Terminal) read() {
	buf := make([]byte, 64<<10)
	for said := false; ; {
		n, err := p.tty.Read(buf)
		p.mu.Lock()
		_, _ = p.screen.Write(buf[:n]) // an emulator takes anything
		p.raw.Write(buf[:n])
		raw := ""
		if !said {
			raw = p.raw.String()
			raw = raw[max(0, len(raw)-tail):]
		}
		p.mu.Unlock()
		if _, left, ok := strings.Cut(raw, leftWith); ok {
			if code, _, ok := strings.Cut(left, "."); ok {
				if c, err := strconv.Atoi(code); err == nil {
					said = true
					p.exited <- c
				}
			}
		}
		select {
		case p.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Type sends bytes as a keyboard does.
func (p *Terminal) Type(text string) {
	p.t.Helper()
	if _, err := p.tty.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// The bytes of keys that are not characters (xterm, ctlseqs). Esc is as terminals send it that tell keys apart (CSI u): a bare escape
// and the key after it are one key to any program that reads both at once, as it does on a busy machine.
var keys = map[string]string{
	"enter": "\r", "esc": "\x1b[27u", "tab": "\t", "space": " ", "backspace": "\x7f",
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F", "pgup": "\x1b[5~", "pgdown": "\x1b[6~",
	"shift+left": "\x1b[1;2D", "shift+right": "\x1b[1;2C",
}

// Keys presses keys by their names: "j", "K", "enter", "ctrl+d", "alt+1".
func (p *Terminal) Keys(names ...string) {
	p.t.Helper()
	for _, name := range names {
		if b, ok := keys[name]; ok {
			p.Type(b)
		} else if c, ok := strings.CutPrefix(name, "ctrl+"); ok {
			p.Type(string(rune(c[0] & 0x1f)))
		} else if c, ok := strings.CutPrefix(name, "alt+"); ok {
			p.Type("\x1b" + c)
		} else {
			p.Type(name)
		}
	}
}

// Command types a line of the command line.
func (p *Terminal) Command(line string) {
	p.t.Helper()
	p.Type(":" + line + "\r")
}

// Paste sends text as a terminal does that was asked for bracketed pastes.
func (p *Terminal) Paste(text string) {
	p.t.Helper()
	p.Type("\x1b[200~" + text + "\x1b[201~")
}

// Wheel turns the mouse wheel at a cell (from 0): down where lines is positive, else up.
func (p *Terminal) Wheel(x, y, lines int) {
	p.t.Helper()
	button := 65
	if lines < 0 {
		button, lines = 64, -lines
	}
	p.Type(strings.Repeat(fmt.Sprintf("\x1b[<%d;%d;%dM", button, x+1, y+1), lines))
}

// Resize gives the terminal another size.
func (p *Terminal) Resize(columns, rows int) {
	p.t.Helper()
	p.mu.Lock()
	p.screen.Resize(columns, rows)
	p.mu.Unlock()
	if err := pty.Setsize(p.tty, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		p.t.Fatal(err)
	}
}

// Screen is what is on the screen, a line for each row.
func (p *Terminal) Screen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// Raw is all that the program has written.
func (p *Terminal) Raw() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw.String()
}

// Wait waits until all of the texts are on the screen at once.
func (p *Terminal) Wait(texts ...string) {
	p.t.Helper()
	p.WaitFor(strings.Join(texts, " and "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// WaitGone waits until a text is not on the screen.
func (p *Terminal) WaitGone(text string) {
	p.t.Helper()
	p.WaitFor("no "+text, func(screen string) bool { return !strings.Contains(screen, text) })
}

// WaitFor waits until the screen is as wanted.
func (p *Terminal) WaitFor(what string, is func(screen string) bool) {
	p.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !is(p.Screen()) {
		select {
		case <-p.changed:
		case <-limit.C:
			p.t.Fatalf("waited %s for %s; the screen is\n%s", patience, what, p.Screen())
		}
	}
}

// stillness is how long nothing must be written for the screen to stand still: some frames of 16 ms, and what a terminal's
// reader waits for the rest of an escape sequence.
const stillness = 80 * time.Millisecond

// Still waits until the program has written nothing for some frames.
func (p *Terminal) Still() {
	p.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		quiet := time.NewTimer(stillness)
		select {
		case <-p.changed:
			quiet.Stop()
		case <-quiet.C:
			return
		case <-limit.C:
			quiet.Stop()
			p.t.Fatalf("the screen never stood still; it is\n%s", p.Screen())
		}
	}
}

// Exited waits until the program has ended and returns its exit code.
func (p *Terminal) Exited() int {
	p.t.Helper()
	select {
	case code := <-p.exited:
		return code
	case <-time.After(patience):
		p.t.Fatalf("still running after %s; the screen is\n%s", patience, p.Screen())
		return -1
	}
}

// PID is podarium's process.
func (p *Terminal) PID() int {
	p.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.shell, p.shell))
	if err != nil {
		p.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		p.t.Fatalf("the shell's children are %q", children)
	}
	return pid
}
