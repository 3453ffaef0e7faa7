package tui

import (
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/podarium/podarium/tui/paint"
)

// leastHandOver is how long the terminal is away at least. bubbletea's old renderer stops the clock of the frames after it has
// been told to end (tea.go:1461 in v2.1.1), and a program that is over by then has the new renderer's clock stopped: nothing is
// drawn any more. No editor or shell that somebody sits at is as quick; a script can be.
const leastHandOver = 100 * time.Millisecond

// unhurried is a program that has the terminal for leastHandOver at least.
type unhurried struct{ tea.ExecCommand }

// SetStdout gives it the terminal itself: what it writes is not bubbletea's, and it may ask whether it is a terminal.
func (u unhurried) SetStdout(w io.Writer) {
	if p, ok := w.(*paint.Painter); ok {
		w = p.File
	}
	u.ExecCommand.SetStdout(w)
}

func (u unhurried) Run() error {
	least := time.NewTimer(leastHandOver)
	err := u.ExecCommand.Run()
	<-least.C
	return err
}
